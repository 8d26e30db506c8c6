// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "helper/killed.h"

#include <signal.h>
#include <sys/wait.h>

void rp_killed__add(struct rp_killed *killed, pid_t pid)
{
	size_t kept = 0;

	kill(pid, SIGKILL);
	for (size_t i = 0; i < killed->n; i++)
		if (!waitpid(killed->pids[i], NULL, WNOHANG))
			killed->pids[kept++] = killed->pids[i];
	if (kept < RP_KILLED_MAX && !waitpid(pid, NULL, WNOHANG))
		killed->pids[kept++] = pid;
	killed->n = kept;
}
