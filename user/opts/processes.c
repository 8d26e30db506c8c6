// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* -p NAME: the processes of a command name, looked up once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/proc.h"
#include "opts/opts.h"
#include "util/array.h"

static bool has_pid(const struct rp_opts *opts, pid_t pid)
{
	for (size_t i = 0; i < opts->n_pids; i++)
		if (opts->pids[i] == pid)
			return true;
	return false;
}

/* The kernel keeps the first bytes of a command name only. */
static bool is_called(const char *proc_root, pid_t pid, const char *name)
{
	char comm[RP_COMM_LEN];

	return !rp_proc__comm(proc_root, pid, comm, sizeof(comm)) &&
	       !strncmp(comm, name, sizeof(comm) - 1);
}

static int add_called(struct rp_opts *opts, const char *proc_root, const pid_t *all, size_t n,
		      const char *name, struct rp_err *err)
{
	pid_t *grown = realloc(opts->pids, (opts->n_pids + n) * sizeof(*grown));
	bool any = false;

	if (!grown)
		return rp_err__no_memory(err);
	opts->pids = grown;
	for (size_t i = 0; i < n; i++) {
		if (all[i] == getpid() || !is_called(proc_root, all[i], name))
			continue;
		any = true;
		if (has_pid(opts, all[i]))
			continue;
		opts->pids[opts->n_pids++] = all[i];
		opts->n_found++;
	}
	return any ? 0
		   : rp_err__set(err, RP_EXIT_FAILED, -ESRCH, RP_CURE_PROCESSES,
				 "no process has the command name '%s'", name);
}

int rp_opts__find_processes(struct rp_opts *opts, const char *proc_root, struct rp_err *err)
{
	pid_t *all = NULL;
	size_t n = 0;
	int rc = 0;

	if (!opts->n_names)
		return 0;
	rc = rp_proc__all(proc_root, &all, &n);
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", proc_root,
				   strerror(-rc));
	rp_array__sort(all, n, sizeof(*all), rp_proc__compare_pids);
	for (size_t i = 0; !rc && i < opts->n_names; i++)
		rc = add_called(opts, proc_root, all, n, opts->names[i], err);
	free(all);
	return rc;
}
