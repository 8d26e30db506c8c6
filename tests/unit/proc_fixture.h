/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A /proc made of files. */
#ifndef RP_TEST_PROC_FIXTURE_H
#define RP_TEST_PROC_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder_fixture.h"

static char root[] = "/tmp/rptrace-proc-XXXXXX";

static inline int set_up(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	return remove_all_of(root);
}

static inline void __attribute__((format(printf, 2, 3)))
put(const char *text, const char *path, ...)
{
	va_list ap;

	va_start(ap, path);
	put_below(root, text, path, ap);
	va_end(ap);
}

static inline void put_stat(pid_t pid, pid_t tid, const char *comm, char state, pid_t parent)
{
	char text[256];

	snprintf(text, sizeof(text), "%d (%s) %c %d 1 1 0 -1 4194560\n", tid, comm, state, parent);
	if (pid == tid)
		put(text, "/%d/stat", pid);
	put(text, "/%d/task/%d/stat", pid, tid);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
