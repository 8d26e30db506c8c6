// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/on_stuck.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/array.h"
#include "util/escape.h"
#include "util/memory_file.h"

/* Bytes of a text in the environment, escaped; the kernel takes 128 KiB. */
#define TEXT_BYTES 4096
#define PATH_BYTES 65536

/* A frame that was stuck, and when it was last seen so. */
struct seen {
	struct {
		uint32_t pid, tid;
		uint64_t goroutine, span, start;
	} frame;
	uint64_t turn;
};

struct rp_on_stuck {
	struct rp_on_stuck_opts opts;
	pid_t *running; /* opts.max of them; 0: free */
	struct seen *seen;
	size_t n_seen;
	uint64_t turn;
	int output; /* a file in memory: a pipe would hold up or end a command; -1: not kept */
	off_t told; /* of it */
};

extern char **environ;

struct rp_on_stuck *rp_on_stuck__new(const struct rp_on_stuck_opts *opts)
{
	struct rp_on_stuck *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->opts = *opts;
	s->output = opts->keep ? rp_memory_file__new("on-stuck") : -1;
	if (s->output >= 0)
		fcntl(s->output, F_SETFL, O_APPEND); /* commands share it */
	s->running = calloc(s->opts.max, sizeof(*s->running));
	if (s->running && (!opts->keep || s->output >= 0))
		return s;
	rp_on_stuck__free(s);
	return NULL;
}

void rp_on_stuck__free(struct rp_on_stuck *s)
{
	if (!s)
		return;
	if (s->output >= 0)
		close(s->output);
	free(s->running);
	free(s->seen);
	free(s);
}

/* ---- what commands write ---------------------------------------------------------------- */

#define OUTPUT_MAX (1 << 20) /* bytes, from which on it begins anew */

bool rp_on_stuck__last_line(struct rp_on_stuck *s, char *line, size_t size)
{
	char text[4096];
	off_t end = s->output < 0 ? 0 : lseek(s->output, 0, SEEK_END), from;
	char *last, *newline;
	ssize_t n;

	if (end <= s->told)
		return false;
	from = end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
	n = pread(s->output, text, sizeof(text) - 1, from);
	s->told = end;
	if (end > OUTPUT_MAX && !ftruncate(s->output, 0))
		s->told = 0;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return false;
	text[n] = '\0';
	newline = strrchr(text, '\n');
	last = newline ? newline + 1 : text;
	snprintf(line, size, "%s", last);
	return true;
}

void rp_on_stuck__reap(struct rp_on_stuck *s)
{
	for (size_t i = 0; i < s->opts.max; i++)
		if (s->running[i] && waitpid(s->running[i], NULL, WNOHANG))
			s->running[i] = 0;
}

/* ---- one command ------------------------------------------------------------------------ */

/* Names are the target's: they go into the environment alone, where no shell obeys them. */
static int set_text(char **env, const char *key, const char *text, size_t bytes)
{
	char *safe = malloc(bytes);
	int rc = -ENOMEM;

	if (safe && asprintf(env, "%s=%s", key, rp_escape(text, safe, bytes)) >= 0)
		rc = 0;
	else
		*env = NULL;
	free(safe);
	return rc;
}

static int set_number(char **env, const char *key, uint64_t value)
{
	if (asprintf(env, "%s=%" PRIu64, key, value) >= 0)
		return 0;
	*env = NULL;
	return -ENOMEM;
}

#define FACTS_MAX 12

/* Fills env with what is to be known of a frame; *n is how many. */
static int set_facts(char **env, size_t *n, const struct rp_open_regions *open,
		     const struct rp_open_row *row)
{
	char *path = malloc(PATH_BYTES);
	int rc = path ? 0 : -ENOMEM;

	if (!rc)
		rc = set_text(&env[(*n)++], "RPTRACE_PATH",
			      rp_open_regions__path(open, row, path, PATH_BYTES), PATH_BYTES);
	free(path);
	if (!rc)
		rc = set_text(&env[(*n)++], "RPTRACE_REGION", row->name, TEXT_BYTES);
	if (!rc)
		rc = set_text(&env[(*n)++], "RPTRACE_KIND", rp_kind__name(row->kind), TEXT_BYTES);
	if (!rc)
		rc = set_text(&env[(*n)++], "RPTRACE_OBJECT", row->object, TEXT_BYTES);
	if (!rc)
		rc = set_text(&env[(*n)++], "RPTRACE_LABEL", row->label, TEXT_BYTES);
	if (!rc)
		rc = set_text(&env[(*n)++], "RPTRACE_COMMAND", row->comm, TEXT_BYTES);
	if (!rc)
		rc = set_number(&env[(*n)++], "RPTRACE_PID", row->pid);
	if (!rc && row->tid)
		rc = set_number(&env[(*n)++], "RPTRACE_TID", row->tid);
	if (!rc && row->kind == RP_KIND_SPAN)
		rc = set_number(&env[(*n)++], "RPTRACE_SPAN", row->span);
	if (!rc)
		rc = set_number(&env[(*n)++], "RPTRACE_AGE_NS", row->age);
	if (!rc)
		rc = set_number(&env[(*n)++], "RPTRACE_START_NS", row->start);
	return rc;
}

/* posix_spawn cannot set limits: rptrace has those of the command for as long as it takes. */
static int spawn_limited(const struct rp_on_stuck *s, pid_t *pid,
			 const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attr,
			 char *const argv[], char **env)
{
	struct rp_limits before;
	int rc;

	if (s->opts.limits)
		rp_limits__restore(s->opts.limits);
	rc = posix_spawn(pid, "/bin/sh", files, attr, argv, env);
	if (s->opts.limits)
		rp_limits__raise(&before);
	return rc;
}

static int spawn(const struct rp_on_stuck *s, char **env, pid_t *pid)
{
	char *const argv[] = {"sh", "-c", (char *)s->opts.command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	sigemptyset(&none);
	rc = posix_spawnattr_init(&attr);
	if (rc)
		return -rc;
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn_file_actions_init(&files);
	if (!rc) {
		rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
		if (!rc && s->output >= 0)
			rc = posix_spawn_file_actions_adddup2(&files, s->output, STDERR_FILENO);
		if (!rc)
			rc = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
		if (!rc)
			rc = spawn_limited(s, pid, &files, &attr, argv, env);
		posix_spawn_file_actions_destroy(&files);
	}
	posix_spawnattr_destroy(&attr);
	return -rc;
}

static int start(const struct rp_on_stuck *s, const struct rp_open_regions *open,
		 const struct rp_open_row *row, pid_t *pid)
{
	size_t n = 0, others = 0, facts = 0;
	char **env;
	int rc;

	while (environ[others])
		others++;
	env = calloc(FACTS_MAX + others + 1, sizeof(*env));
	if (!env)
		return -ENOMEM;
	rc = set_facts(env, &facts, open, row);
	n = facts;
	for (size_t i = 0; i < others; i++)
		if (strncmp(environ[i], "RPTRACE_", strlen("RPTRACE_")))
			env[n++] = environ[i];
	if (!rc)
		rc = spawn(s, env, pid);
	for (size_t i = 0; i < facts; i++)
		free(env[i]);
	free(env);
	return rc;
}

/* ---- which frames ----------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return memcmp(&x->frame, &y->frame, sizeof(x->frame));
}

/*
 * Forget the frames that have gone. One that is missed once may have moved on its stack while that
 * was read.
 */
static void forget(struct rp_on_stuck *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_seen; i++)
		if (s->turn - s->seen[i].turn <= 1)
			s->seen[kept++] = s->seen[i];
	s->n_seen = kept;
	rp_array__sort(s->seen, kept, sizeof(*s->seen), compare);
}

static pid_t *free_place(struct rp_on_stuck *s)
{
	for (size_t i = 0; i < s->opts.max; i++)
		if (!s->running[i])
			return &s->running[i];
	return NULL;
}

/* Whether a frame is among the first `known`; if not it is put behind them all. */
static bool is_known(struct rp_on_stuck *s, size_t known, const struct rp_open_row *row)
{
	struct seen now, *before;

	memset(&now, 0, sizeof(now)); /* compared as bytes */
	now.frame.pid = row->pid;
	now.frame.tid = row->tid;
	now.frame.goroutine = row->goroutine;
	now.frame.span = row->span;
	now.frame.start = row->start;
	before = bsearch(&now, s->seen, known, sizeof(now), compare);
	if (!before)
		s->seen[s->n_seen] = now;
	(before ? before : &s->seen[s->n_seen++])->turn = s->turn;
	return before;
}

int rp_on_stuck__run(struct rp_on_stuck *s, const struct rp_open_regions *open, size_t *skipped)
{
	size_t known = s->n_seen;
	int rc = 0;

	*skipped = 0;
	s->turn++;
	if (rp_array__fit(&s->seen, known + open->n_stuck + 1, sizeof(*s->seen)))
		return -ENOMEM;
	for (size_t i = 0; i < open->n_stuck && !rc; i++) {
		pid_t *place;

		if (is_known(s, known, &open->row[i]))
			continue;
		place = free_place(s);
		if (place)
			rc = start(s, open, &open->row[i], place);
		else
			++*skipped;
	}
	forget(s);
	return rc;
}
