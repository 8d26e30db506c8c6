/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Programs by their names, as execvp(3) finds them.
 */
#ifndef RP_PROGRAM_H
#define RP_PROGRAM_H

/*
 * 0: it can be run. -EACCES: it may not, it is no plain file, or a folder on its way may not be
 * searched. Else what stat(2) says.
 */
int rp_program__check(const char *path);
/*
 * The file that execvp would run: a name with a slash is its path, one without is looked for in
 * PATH, an empty one is none. *path is for free(3), and NULL where nothing was found in PATH.
 * Returns as rp_program__check: -EACCES also where PATH has only such as may not be run; -ENOENT,
 * -ENOMEM.
 */
int rp_program__find(const char *name, char **path);

#endif
