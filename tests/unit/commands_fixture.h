/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A command of the command line as main() runs it, with what it prints and says. */
#ifndef RP_TEST_COMMANDS_FIXTURE_H
#define RP_TEST_COMMANDS_FIXTURE_H

#include "opts_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "opts/cure.h"

/* What the last command came to. */
static struct {
	char out[1 << 20]; /* on standard output */
	char said[8192];   /* lines */
	char cures[2048];  /* of these, likewise */
	struct line line;  /* its error, with the cure */
} ran;

static inline void ran_say(const char *cause, const char *cure)
{
	size_t n = strlen(ran.said), cures = strlen(ran.cures);

	snprintf(ran.said + n, sizeof(ran.said) - n, "%s\n", cause);
	snprintf(ran.cures + cures, sizeof(ran.cures) - cures, "%s\n", cure ? cure : "");
}

/* Nothing may fail while standard output is elsewhere. Returns the exit status. */
static inline int run_with(rp_command_fn command, struct rp_opts *opts, struct rp_err *err)
{
	int file = memfd_create("out", MFD_CLOEXEC), before = dup(STDOUT_FILENO), status;
	ssize_t got;

	ran.said[0] = ran.cures[0] = '\0';
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	status = command(opts, ran_say, err);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	got = pread(file, ran.out, sizeof(ran.out) - 1, 0);
	ran.out[got > 0 ? got : 0] = '\0';
	close(file);
	rp_cure__fill(opts, err);
	return status;
}

static inline int run(rp_command_fn command, const char *text)
{
	struct rp_err *err = &ran.line.err;
	int status;

	parse_good(&ran.line, text);
	if (rp_opts__find_processes(&ran.line.opts, "/proc", err) ||
	    rp_opts__name_files(&ran.line.opts, err))
		fail_msg("%s: %s", text, err->cause);
	status = run_with(command, &ran.line.opts, err);
	rp_opts__free(&ran.line.opts);
	return status;
}

#define assert_prints(text)                                                                        \
	do {                                                                                       \
		if (!strstr(ran.out, text))                                                        \
			fail_msg("no \"%s\" in:\n%s", text, ran.out);                              \
	} while (0)
#define assert_says(text)                                                                          \
	do {                                                                                       \
		if (!strstr(ran.said, text))                                                       \
			fail_msg("no \"%s\" in:\n%s", text, ran.said);                             \
	} while (0)
#define assert_cures(text)                                                                         \
	do {                                                                                       \
		if (!strstr(ran.cures, text))                                                      \
			fail_msg("no \"%s\" in:\n%s", text, ran.cures);                            \
	} while (0)
/* The cause of what went wrong, and its cure. */
#define assert_failed(text, cure_text)                                                             \
	do {                                                                                       \
		if (!strstr(ran.line.err.cause, text) || !strstr(ran.line.err.cure, cure_text))    \
			fail_msg("%s\n%s", ran.line.err.cause, ran.line.err.cure);                 \
	} while (0)

#endif
