// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <locale.h>
#include <malloc.h>
#include <stdio.h>

#include "commands/commands.h"
#include "opts/cure.h"
#include "opts/opts.h"
#include "util/caller.h"
#include "util/error.h"
#include "util/escape.h"
#include "util/limits.h"
#include "util/written.h"

static void say(const char *cause, const char *cure)
{
	rp_escape__print_line(stderr, "rptrace: ", cause);
	if (cure && *cure)
		rp_escape__print_line(stderr, "rptrace: hint: ", cure);
}

static int run(struct rp_opts *opts, struct rp_err *err)
{
	if (rp_opts__find_processes(opts, "/proc", err) || rp_opts__name_files(opts, err))
		return err->exit;
	return rp_commands[opts->command](opts, say, err);
}

/* The tables of big files go back to the kernel. By itself glibc soon keeps what is that large. */
#define RETURNED_BYTES (128 * 1024)

int main(int argc, char **argv)
{
	struct rp_err err = {.exit = RP_EXIT_OK};
	struct rp_opts opts;
	int status = RP_EXIT_OK;

	if (!rp_caller__open_standard_files())
		return RP_EXIT_FAILED;
	if (rp_caller__check(&err) || rp_limits__check(&err)) {
		say(err.cause, err.cure);
		return (int)err.exit;
	}
	mallopt(M_MMAP_THRESHOLD, RETURNED_BYTES);
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* numbers are for programs too */
	if (rp_opts__parse(&opts, argc, argv, &err))
		status = err.exit;
	else if (opts.help)
		rp_opts__help(opts.command, stdout);
	else if (opts.version)
		puts("rptrace " RP_VERSION);
	else
		status = run(&opts, &err);
	if (opts.help || opts.version)
		status = rp_written__check(stdout, opts.help ? "the help" : "the version", &err)
				 ? RP_EXIT_FAILED
				 : status;
	rp_cure__fill(&opts, &err);
	if (err.cause[0])
		say(err.cause, err.cure);
	rp_opts__free(&opts);
	return status;
}
