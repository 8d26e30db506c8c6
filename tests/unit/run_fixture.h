/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Whole runs, from the command line to the last table, on a kernel that is made up: each time its
 * ring is looked at, a region has been run through ten times.
 */
#ifndef RP_TEST_RUN_FIXTURE_H
#define RP_TEST_RUN_FIXTURE_H

#include "libbpf_fixture.h"

#include "commands_fixture.h"
#include "perf_fixture.h"
#include "probed_functions.h"
#include "terminal_fixture.h"
#include "util/clock.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static pid_t target; /* a process of this program, that waits */

/* ---- what happens in the kernel ------------------------------------------------------------ */

#define NS 1000ull /* of each call */

/* Nodes: the root, probed_one below it, and whatever a test says is below that. */
#define ROOT 1
#define ONE  2

static struct {
	uint64_t calls;
	unsigned drains, end_after; /* then it is interrupted, as by ^C; 0: never */
	bool is_ending;		    /* by end_soon() */
	unsigned ends_target;	    /* then what is traced ends */
	uint64_t lost[RP_LOST_COUNT];
	uint64_t unsampled; /* calls that --every has not chosen */
	bool is_idle;
	uint64_t cgroup;   /* that the target is in, as it says itself */
	const char *keys;  /* that are typed one after the other; NULL: there is no screen */
	const char *shown; /* what the last of them, which quits, waits for */
	bool has_figures;  /* the screen */
	bool records;	   /* instances come, too: */
	unsigned instances, told;
	struct rp_thread_info thread;
	struct rp_instance instance;
	uint64_t ns;	    /* that each takes */
	void (*then)(void); /* what else happens each time */
	struct {
		const char *ring;
		const void *record;
		size_t bytes;
		unsigned times;	       /* that it comes yet */
		const unsigned *after; /* when this has come down to 0; NULL: at once */
	} coming[4];
} kernel;

static inline void put(int fd, const void *bytes, size_t n, size_t at)
{
	if (pwrite(fd, bytes, n, (off_t)at) != (ssize_t)n)
		abort();
}

static inline void put_node(uint32_t id, uint32_t parent, uint32_t region)
{
	struct rp_node node = {.parent = parent,
			       .region = region,
			       .flags = RP_NODE_VALID,
			       .tgid = kernel.cgroup ? (uint32_t)target : 77,
			       .label = region == RP_REGION_NONE ? kernel.cgroup : 0,
			       .comm = "made-up"};

	put(fake_map_named("nodes")->fd, &node, sizeof(node), id * sizeof(node));
}

/* Of the first shard of the first chunk: the third and the fourth file, behind two templates. */
static inline void put_figures(uint32_t id, uint64_t count)
{
	size_t shard = id * (size_t)4;
	struct rp_figures f = {.entries = count,
			       .count = count,
			       .unsampled = kernel.unsampled,
			       .total = count * NS,
			       .self = count * NS,
			       .cpu = count * NS,
			       .min_inv = ~NS,
			       .max = NS};

	put(fake.chunks[2], &f, sizeof(f), shard * sizeof(f));
}

/* What the screen shows is taken from it, or it would get no more. */
static inline void type_next(void)
{
	struct pollfd line = {.fd = pty.master, .events = POLLIN};
	ssize_t got;

	while (poll(&line, 1, 0) > 0 && (line.revents & POLLIN) && pty.n + 1 < sizeof(pty.text)) {
		got = read(pty.master, pty.text + pty.n, sizeof(pty.text) - 1 - pty.n);
		pty.n += got > 0 ? (size_t)got : 0;
	}
	pty.text[pty.n] = '\0';
	kernel.has_figures = kernel.has_figures || strstr(pty.text, "REGION");
	/* Before there are figures, keys do nothing. The end is not asked for before what it
	 * would hide was shown. Where neither ever is, the test says so at last. */
	if (!kernel.has_figures || (*kernel.keys == 'q' && !strstr(pty.text, kernel.shown)))
		if (kernel.drains < 3000)
			return;
	if (*kernel.keys)
		type(kernel.keys++, 1);
}

/* As a test finds that it has seen enough. */
static inline void end_soon(void)
{
	if (kernel.is_ending)
		return;
	kernel.is_ending = true;
	kernel.end_after = kernel.drains + 1;
}

static inline void run_on(void)
{
	if (kernel.keys)
		type_next();
	if (kernel.is_idle)
		return;
	put_node(ROOT, 0, RP_REGION_NONE);
	put_node(ONE, ROOT, 1);
	fake_bss->nodes_used = ONE;
	kernel.calls += 10;
	put_figures(ONE, kernel.calls);
	for (enum rp_lost i = 0; i < RP_LOST_COUNT; i++)
		if (kernel.lost[i])
			fake_bss->lost[i] = kernel.lost[i];
	if (kernel.records)
		__atomic_fetch_add(&kernel.instances, 10, __ATOMIC_RELEASE);
	if (kernel.then)
		kernel.then();
	if (++kernel.drains == kernel.end_after)
		kill(getpid(), SIGINT);
	if (kernel.drains == kernel.ends_target)
		kill(target, SIGKILL);
}

/* A thread is told before what it has run; each instance begins where the one before has ended. */
static inline const void *next_instance(size_t *bytes)
{
	unsigned n = kernel.told;

	if (n >= __atomic_load_n(&kernel.instances, __ATOMIC_ACQUIRE))
		return NULL;
	kernel.told++;
	if (!n) {
		kernel.thread = (struct rp_thread_info){.kind = RP_INSTANCE_THREAD,
							.comm = "made-up",
							.process_comm = "made-up",
							.tid = 77,
							.tgid = 77,
							.serial = 1};
		*bytes = sizeof(kernel.thread);
		return &kernel.thread;
	}
	kernel.instance = (struct rp_instance){.start = rp_clock__now() - kernel.ns,
					       .ns = kernel.ns,
					       .cpu = kernel.ns,
					       .thread = 1,
					       .node = ONE};
	*bytes = sizeof(kernel.instance);
	return &kernel.instance;
}

static inline const void *more(const struct bpf_map *ring, size_t *bytes)
{
	if (!strcmp(ring->name, "instances"))
		return next_instance(bytes);
	for (size_t i = 0; i < sizeof(kernel.coming) / sizeof(kernel.coming[0]); i++)
		if (kernel.coming[i].times && !strcmp(ring->name, kernel.coming[i].ring) &&
		    (!kernel.coming[i].after || !*kernel.coming[i].after)) {
			kernel.coming[i].times--;
			*bytes = kernel.coming[i].bytes;
			return kernel.coming[i].record;
		}
	return NULL;
}

/* ---- a process that is traced --------------------------------------------------------------- */

static inline int begin_target(void **state)
{
	(void)state;
	memset(&fake_linked, 0, sizeof(fake_linked));
	memset(&kernel, 0, sizeof(kernel));
	forget_events();
	kernel.ns = NS;
	kernel.shown = "";
	fake.inner_maps = 0;
	fake.cpus = 4;
	fake.on_drain = run_on;
	fake.more = more;
	fake.to_read = memfd_create("open", MFD_CLOEXEC); /* of stacks: there are none */
	target = fork();
	if (!target) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			probed_one(probed_two(pause()));
	}
	return target < 0;
}

static inline int end_target(void **state)
{
	(void)state;
	fake.on_drain = NULL;
	fake.more = NULL;
	close(fake.to_read);
	kill(target, SIGKILL);
	return waitpid(target, NULL, 0) != target;
}

static inline void begin_run(void)
{
	fake_close_chunks();
	fake.inner_maps = 0;
	kernel.calls = kernel.drains = kernel.instances = kernel.told = 0;
	kernel.has_figures = false;
	fake_linked.n = 0;
}

static inline void end_run(void)
{
	if (kernel.is_ending)
		kernel.end_after = 0;
	kernel.is_ending = false;
}

/* `words` come behind "rptrace ". */
static inline int run_words(rp_command_fn command, const char *words)
{
	char text[512];
	int status;

	begin_run();
	snprintf(text, sizeof(text), "rptrace %s", words);
	status = run(command, text);
	end_run();
	return status;
}

static inline int live(const char *words)
{
	return run_words(rp_live__run, words);
}

/* Of the process; `words` come behind it. */
static inline int trace(const char *words)
{
	char text[384];

	snprintf(text, sizeof(text), "-p %d %s", (int)target, words);
	return live(text);
}

/* On the screen, whose keys are those of the kernel. true: the summary has come in the end. */
static inline bool trace_on_screen(const char *words, int *status)
{
	bool is_summed;
	char line[384];

	begin_run();
	snprintf(line, sizeof(line), "rptrace -p %d -i 20ms --no-setup %s", (int)target, words);
	parse_good(&ran.line, line);
	ran.said[0] = ran.cures[0] = '\0';
	begin();
	*status = rp_live__run(&ran.line.opts, ran_say, &ran.line.err);
	is_summed = receive("final summary");
	end();
	end_run();
	rp_opts__free(&ran.line.opts);
	return is_summed;
}

#define assert_shown(what)                                                                         \
	do {                                                                                       \
		if (!strstr(pty.text, what))                                                       \
			fail_msg("no \"%s\" on the screen", what);                                 \
	} while (0)

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin_target, end_target)

#endif
