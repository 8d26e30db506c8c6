// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Each run is a process of its own, forked from this one, which traces a command as
 * `rptrace record` does: so the hundredth is made like the first, and whatever happens to one of
 * them, what was recorded before is there.
 */
#include "commands/diff_runs.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "opts/command_line.h"
#include "run/signals.h"

/* What the process of a run has to say, in memory that is shared with it. */
struct outcome {
	int rc;
	int status; /* of the command */
	struct rp_err err;
};

struct runs {
	const struct rp_opts *opts;
	rp_say_fn say;
	struct rp_signals *signals;
	struct outcome *outcome;
	char folder[PATH_MAX]; /* for records that nobody wants to keep; "": there is none */
	bool interrupted;
};

static void say_nothing(const char *cause, const char *cure)
{
	(void)cause;
	(void)cure;
}

/* ---- one run --------------------------------------------------------------------------------- */

static _Noreturn void run_in_child(struct runs *r, const struct rp_opts *opts, rp_say_fn say)
{
	rp_signals__free(r->signals);
	r->outcome->rc = rp_run__live(opts, NULL, say, &r->outcome->status, &r->outcome->err);
	fflush(stderr);
	_exit(RP_EXIT_OK);
}

/* -EINTR: it was to end, and did. */
static int wait_for(struct runs *r, pid_t pid)
{
	struct pollfd fd = {.fd = rp_signals__fd(r->signals), .events = POLLIN};
	struct signalfd_siginfo info;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		poll(&fd, 1, -1);
		while (rp_signals__take(r->signals, &info)) {
			if (!rp_signals__is_end((int)info.ssi_signo))
				continue;
			r->interrupted = true;
			if (rp_signals__is_for_command(&info))
				kill(pid, (int)info.ssi_signo);
		}
	}
	return r->interrupted ? -EINTR : 0;
}

static const char *command_text(struct rp_command_line *line, char *const *argv)
{
	*line = (struct rp_command_line){0};
	rp_command_line__add_all(line, (const char *const *)argv);
	return line->fits ? line->text : NULL;
}

/* What failed is not measured: its times are those of something else. */
static int check_outcome(const struct runs *r, const struct rp_opts *opts, const char *name,
			 struct rp_err *err)
{
	const struct outcome *outcome = r->outcome;
	struct rp_command_line line;

	if (outcome->rc) {
		*err = outcome->err;
		return outcome->rc;
	}
	if (!outcome->status)
		return 0;
	return rp_err__set(err, RP_EXIT_FAILED, -ECHILD, command_text(&line, opts->argv),
			   "%s: the command has failed, with %d", name, outcome->status);
}

static int run_once(struct runs *r, unsigned side, const char *file, const char *name,
		    rp_say_fn say, struct rp_err *err)
{
	struct rp_opts opts = *r->opts;
	pid_t pid;
	int rc;

	opts.argv = side ? r->opts->second_argv : r->opts->argv;
	opts.record = file;
	opts.output = NULL;
	*r->outcome = (struct outcome){.rc = -ECHILD};
	rp_err__set(&r->outcome->err, RP_EXIT_FAILED, -ECHILD, "rptrace doctor",
		    "%s has ended before it was over", name);
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_in_child(r, &opts, say);
	if (pid < 0)
		return rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "cannot fork: %s",
				   strerror(errno));
	rc = wait_for(r, pid);
	return rc ? rc : check_outcome(r, &opts, name, err);
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct turn {
	unsigned pair; /* from 1; 0: the warm-up */
	unsigned side;
};

/* Where its record goes, and how it is called. */
static void name_run(const struct runs *r, const struct turn *turn, char file[PATH_MAX],
		     char name[PATH_MAX])
{
	char letter = turn->side ? 'b' : 'a';
	bool keeps = r->opts->record && turn->pair;

	if (keeps)
		snprintf(file, PATH_MAX, "%s.%c%u.rpt", r->opts->record, letter, turn->pair);
	else
		snprintf(file, PATH_MAX, "%.4000s/%c.rpt", r->folder, letter);
	if (keeps)
		memcpy(name, file, PATH_MAX);
	else
		snprintf(name, PATH_MAX, "%c%u", turn->side ? 'B' : 'A', turn->pair);
}

/* Only the warm-up says what is traced, as each run would say the same. */
static int take_turn(struct runs *r, const struct turn *turn, rp_record_fn fn, void *ctx,
		     struct rp_err *err)
{
	char file[PATH_MAX], name[PATH_MAX];
	int rc;

	/* ^C between two runs has reached the process of neither: the next one is not begun. */
	if (rp_signals__is_end_pending())
		return -EINTR;
	name_run(r, turn, file, name);
	rc = run_once(r, turn->side, file, turn->pair ? name : "the warm-up",
		      turn->pair ? say_nothing : r->say, err);
	if (!rc && turn->pair)
		rc = fn(ctx, turn->side, file, name, err);
	if (!r->opts->record || !turn->pair)
		unlink(file);
	return rc;
}

/* Who comes first is not always the same: the second may find what the first has left. */
static bool toss(void)
{
	unsigned char bits = 0;

	return getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == (ssize_t)sizeof(bits) && bits & 1;
}

static int take_turns(struct runs *r, rp_record_fn fn, void *ctx, struct rp_err *err)
{
	char line[64];
	int rc = 0;

	for (unsigned pair = 0; !rc && pair <= r->opts->runs; pair++) {
		unsigned first = pair ? toss() : 0;

		if (pair) {
			snprintf(line, sizeof(line), "pair %u of %u", pair, r->opts->runs);
			r->say(line, NULL);
		}
		for (unsigned k = 0; !rc && k < 2; k++) {
			const struct turn turn = {.pair = pair, .side = first ^ k};

			rc = take_turn(r, &turn, fn, ctx, err);
		}
	}
	return rc == -EINTR ? 0 : rc;
}

static int make_folder(struct runs *r, struct rp_err *err)
{
	const char *where = getenv("TMPDIR");
	int rc;

	snprintf(r->folder, sizeof(r->folder), "%.4000s/rptrace-XXXXXX",
		 where && *where ? where : "/var/tmp");
	if (mkdtemp(r->folder))
		return 0;
	rc = rp_err__set(err, RP_EXIT_FAILED, -errno, "ls -ld /var/tmp",
			 "no folder for records, %s: %s", r->folder, strerror(errno));
	r->folder[0] = '\0';
	return rc;
}

int rp_diff_runs__make(const struct rp_opts *opts, rp_say_fn say, rp_record_fn fn, void *ctx,
		       struct rp_err *err)
{
	const struct rp_signals_opts signals = {0};
	struct runs r = {.opts = opts, .say = say};
	int rc;

	r.outcome = mmap(NULL, sizeof(*r.outcome), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r.outcome == MAP_FAILED)
		return rp_err__no_memory(err);
	rc = rp_signals__new(&signals, &r.signals, err);
	if (!rc)
		rc = make_folder(&r, err);
	if (!rc)
		rc = take_turns(&r, fn, ctx, err);
	if (r.folder[0])
		rmdir(r.folder);
	rp_signals__free(r.signals);
	munmap(r.outcome, sizeof(*r.outcome));
	return rc;
}
