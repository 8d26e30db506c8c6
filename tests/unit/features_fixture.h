/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a kernel can do, as a test says; and a process to look at. */
#ifndef RP_TEST_FEATURES_FIXTURE_H
#define RP_TEST_FEATURES_FIXTURE_H

#include "commands_fixture.h"
#include "probed_functions.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "attach/features.h"

static struct rp_features fake_features;

static const struct rp_features modern = {.btf = true,
					  .task_iterator = true,
					  .map_tracepoint = true,
					  .permitted = true,
					  .multi = true,
					  .session = true,
					  .perf = true,
					  .returns = RP_RETURN_SYSCALL_NONE};

void rp_features__probe(struct rp_features *features)
{
	*features = fake_features;
}

void rp_features__site_rules(const struct rp_features *f, enum rp_attach_mode wanted,
			     struct rp_site_rules *rules)
{
	assert_int_equal(wanted, RP_ATTACH_AUTO);
	rules->return_probes = f->returns == RP_RETURN_SYSCALL_NONE;
}

int rp_features__mode(const struct rp_features *f, enum rp_attach_mode wanted,
		      enum rp_attach_mode *mode, struct rp_err *err)
{
	assert_int_equal(wanted, RP_ATTACH_AUTO);
	*mode = f->session ? RP_ATTACH_SESSION : RP_ATTACH_MULTI;
	if (f->permitted)
		return 0;
	rp_err__set(err, RP_EXIT_DENIED, -EPERM, NULL, "this user may not load BPF programs");
	return rp_err__remedy(err, -EPERM, RP_REMEDY_RIGHTS);
}

/* ---- a process of this program, which waits -----------------------------------------------------
 */

static inline void *wait_for_the_end(void *unused)
{
	while (pause())
		;
	return unused;
}

/* Ended by let_go(). filtered: the first of its two threads has a seccomp filter, which allows no
 * more than to wait. */
static inline pid_t wait_for_me(bool filtered)
{
	int never[2], ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(never), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (filtered && (pthread_create(&(pthread_t){0}, NULL, wait_for_the_end, NULL) ||
				 prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)))
			_exit(1);
		if (write(ready[1], "r", 1) == 1 && !read(never[0], &byte, 1))
			probed_one(probed_two(0));
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(never[i]);
		close(ready[i]);
	}
	return pid;
}

static inline void *wait_filtered(void *ready)
{
	char byte;

	if (!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) && write(*(int *)ready, "r", 1) == 1)
		while (read(*(int *)ready, &byte, 1))
			;
	return NULL;
}

/* It is another thread that has the filter, and neither the first nor the last. */
static inline pid_t wait_beside_filtered(void)
{
	pthread_t thread;
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pthread_create(&thread, NULL, wait_filtered, &ready[1]) ||
		    pthread_create(&thread, NULL, wait_for_the_end, NULL))
			_exit(1);
		wait_for_the_end(NULL);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static inline void let_go(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
