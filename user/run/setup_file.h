/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Where the screen's set-up is kept between runs: a file of the user's own, below
 * $XDG_CONFIG_HOME or ~/.config; under sudo that of who ran it.
 *
 * rptrace is root, and what is in a home belongs to somebody else: links lead elsewhere, a FIFO or
 * a file system of the user's own never answers. So a child process goes there, with the identity
 * of the user and for a bounded time, follows no link below the home, and takes nothing but a small
 * plain file that is the user's and that nobody else can write.
 */
#ifndef RP_SETUP_FILE_H
#define RP_SETUP_FILE_H

#include "opts/opts.h"
#include "run/run.h"
#include "screen/setup.h"

struct rp_setup_file;

/* NULL: none is kept. */
struct rp_setup_file *rp_setup_file__open(const struct rp_opts *opts);
void rp_setup_file__free(struct rp_setup_file *file);

/* What the screen begins with: options have been left out that the command line tells. */
const struct rp_setup *rp_setup_file__setup(const struct rp_setup_file *file);
/* Why there is none, though there is a file; NULL: there is no file, or all is well. */
const char *rp_setup_file__problem(const struct rp_setup_file *file);

/* What is in the file, to be changed by what keys have changed, and to be written then. */
struct rp_setup *rp_setup_file__kept(struct rp_setup_file *file);
void rp_setup_file__write(const struct rp_setup_file *file, rp_say_fn say);

#endif
