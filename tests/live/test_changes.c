/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Regions come and go while the trace runs, by the keys of the live screen: nothing that was not
 * touched is lost, counted twice or unwound by that.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "methods.h"

#define THREADS	   3
#define VICTIMS	   4
#define UNTOUCHED  "-f throughout -f steady -f nest -u rptrace:*"
#define CODE_BYTES 16
#define AGAIN_NS   200000000
#define PATIENCE   100 /* times that */

#define CTRL_U	   "\x15"

struct trace {
	struct live_proc *target, *rptrace;
};

static struct trace start(const char *options, bool everywhere)
{
	struct trace t;
	char pid[32] = "";

	t.target = live_target("crowd %d", THREADS);
	if (!everywhere)
		snprintf(pid, sizeof(pid), "-p %d", t.target->pid);
	t.rptrace = live_screen("%s %s -i 0.1 --format json -o %s", pid, options,
				live_path("changes.json"));
	live_release(t.target);
	return t;
}

static json_t *end(const struct trace *t)
{
	live_finish(t->target);
	live_keys(t->rptrace, "q");
	return live_figures(t->rptrace, live_path("changes.json"));
}

static bool is_probed(const struct trace *t, const char *name)
{
	return live_probes(t->target, name, CODE_BYTES) > 0;
}

/* Type until a function is probed, or is not any more. */
static void type_until(const struct trace *t, const char *keys, const char *name, bool probed)
{
	struct timespec pause = {.tv_nsec = AGAIN_NS};

	for (int i = 0; i < PATIENCE; i++) {
		live_keys(t->rptrace, "%s", keys);
		for (int k = 0; k < 10; k++) {
			if (is_probed(t, name) == probed)
				return;
			pause.tv_nsec = AGAIN_NS / 10;
			nanosleep(&pause, NULL);
		}
	}
	fail_msg("%s is %sprobed", name, probed ? "not " : "");
}

static void add(const struct trace *t, const char *glob, const char *name)
{
	char keys[4400];

	snprintf(keys, sizeof(keys), "a%s\n", glob);
	type_until(t, keys, name, true);
}

/* Chosen by a filter: where there is no such row, the key does nothing. */
static void drop(const struct trace *t, const char *name)
{
	live_keys(t->rptrace, "\\" CTRL_U "%s\n", name);
	type_until(t, "d", name, false);
}

/* All that the target says it did was seen, and nothing else happened to it. */
static void assert_untouched(const struct trace *t, json_t *json)
{
	static const char *const names[] = {"throughout", "steady", "nest", "pair", "block"};

	for (size_t i = 0; i < LIVE_COUNT(names); i++) {
		json_t *row = live_region(json, names[i]);

		assert_int_equal(live_u64(row, "count"), live_expected(t->target->out, names[i]));
		assert_int_equal(live_u64(row, "unwound"), 0);
		assert_int_equal(live_u64(row, "open"), 0);
	}
	live_assert_nothing_lost(json);
	live_assert_sound(json);
}

static void come_and_go(const struct trace *trace, const char *prefix)
{
	struct trace t = *trace;
	char name[16], glob[4300];
	json_t *json;

	for (int i = 0; i < VICTIMS; i++) {
		snprintf(name, sizeof(name), "victim_%02o", i);
		drop(&t, name);
		if (i % 2) {
			snprintf(glob, sizeof(glob), "%svictim_*", prefix);
			add(&t, glob, name);
		}
	}
	json = end(&t);
	assert_untouched(&t, json);
	for (int i = 0; i < VICTIMS; i++) {
		snprintf(name, sizeof(name), "victim_%02o", i);
		assert_in_range(live_sum(json, name, "count"), 1,
				live_expected(t.target->out, "steady"));
	}
}

static void by_method(void **state)
{
	const struct live_method *method = *state;
	struct trace t;
	char options[256];

	live_need_method(method);
	/* Kernels that have sessions cannot do it safely. */
	if (strstr(method->options, "perf --exit return"))
		skip();
	snprintf(options, sizeof(options), UNTOUCHED " -f victim_* %s", method->options);
	t = start(options, false);
	come_and_go(&t, "");
}

/* Its file is mapped by one that is not traced, too: probed for the process alone. */
static void beside_another(void **state)
{
	struct live_proc *other = live_target("crowd 1");
	struct trace t;

	(void)state;
	live_release(other);
	t = start(UNTOUCHED " -f victim_*", false);
	come_and_go(&t, "");
	live_finish(other);
}

static void whole_system(void **state)
{
	char options[2 * 4200], prefix[4200];
	const char *path = live_target_path("crowd");
	struct trace t;

	(void)state;
	snprintf(prefix, sizeof(prefix), "%s:", path);
	snprintf(options, sizeof(options), "-x say -f %s:* -u %s:rptrace:*", path, path);
	t = start(options, true);
	come_and_go(&t, prefix);
}

/* Once others were left out, the kernel takes returns whatever stack the thread is on. */
static void on_signal_stacks(void **state)
{
	struct trace t;
	json_t *json;

	(void)state;
	t.target = live_target("handlers above return 3 400 calm");
	t.rptrace = live_screen("-p %d -f dive -f handle -f inner -f after -i 0.1 --format json "
				"-o %s",
				t.target->pid, live_path("changes.json"));
	live_release(t.target);
	live_expect_line(t.target, "half", 1);
	drop(&t, "after");
	json = end(&t);
	assert_int_equal(live_sum(json, "dive", "count"), 3 * 400);
	assert_int_equal(live_sum(json, "handle", "count"), 200);
	assert_int_equal(live_sum(json, "inner", "count"), 200);
	live_assert_nothing_lost(json);
}

int main(void)
{
	static struct CMUnitTest tests[LIVE_METHODS + 3];
	size_t n = 0;

	for (; n < LIVE_METHODS; n++)
		tests[n] = live_test(by_method, &live_methods[n], "%s", live_methods[n].options);
	tests[n++] = live_test(beside_another, NULL, "beside another process");
	tests[n++] = live_test(on_signal_stacks, NULL, "on signal stacks");
	tests[n++] = live_test(whole_system, NULL, "of the whole system");
	return live_main("changes", tests, n);
}
