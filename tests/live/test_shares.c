/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A process that wants all that there is of names, labels, paths or spans leaves enough for
 * another, whose counts are exact; it is named, and what it wanted too much of is counted. So does
 * a user with many such processes.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

#define BOUND  40 /* of which the greedy one gets a half */
#define WANTED 100
#define MODEST 6
#define TIMES  3

struct kind {
	const char *name, *option;
	const char *select; /* and by what it is labelled */
	const char *region; /* NULL: each is one of its own */
};

static const struct kind kinds[] = {
	{"names", "--max-names", "", NULL},
	{"names", "--max-nodes", "--by process", NULL},
	{"values", "--max-labels", "-f by_value --label arg0", "by_value"},
	{"texts", "--max-labels", "-f by_text --label arg0:str", "by_text"},
};

static struct live_proc *run_taker(const char *kind, unsigned first, unsigned n)
{
	return live_target("takes %s %u %u %d", kind, first, n, TIMES);
}

static void take(struct live_proc *taker)
{
	live_release(taker);
	live_expect_line(taker, "done", 1);
}

static uint64_t count_of(const struct kind *k, json_t *json, unsigned number)
{
	char text[32];

	if (!k->region) {
		snprintf(text, sizeof(text), "name_%u", number);
		return live_find(json, text) ? live_sum(json, text, "count") : 0;
	}
	snprintf(text, sizeof(text), "%s%u", !strcmp(k->name, "texts") ? "text_" : "", number);
	return live_sum_of(json, k->region, text, "count");
}

static void assert_named(const struct live_proc *rptrace, const struct live_proc *greedy,
			 const struct live_proc *modest, const char *program, const char *what)
{
	char said[128];

	snprintf(said, sizeof(said), "process %d (%s) has had its share of %s: ", (int)greedy->pid,
		 program, what);
	assert_non_null(strstr(rptrace->err, said));
	snprintf(said, sizeof(said), "process %d ", (int)modest->pid);
	assert_null(strstr(rptrace->err, said));
}

/* None of the greedy one's is counted in part, and what is not among them is counted elsewhere. */
static void assert_rest(const struct kind *k, json_t *json, uint64_t had)
{
	uint64_t rest = (WANTED - had) * TIMES;
	json_t *lost = json_object_get(json, "lost");

	if (k->region) {
		live_assert_nothing_lost(json);
		assert_int_equal(live_sum_of(json, k->region, "other", "count"), rest);
	} else if (!strcmp(k->option, "--max-names")) {
		live_assert_nothing_lost_but(json, "names");
		assert_int_equal(live_u64(lost, "names"), 2 * rest);
	} else {
		live_assert_nothing_lost_but(json, "nodes");
		assert_int_equal(live_u64(lost, "nodes"), rest);
	}
}

static void a_greedy_one_leaves_enough(void **state)
{
	const struct kind *k = *state;
	const char *path = live_path("shares.json");
	struct live_proc *greedy = run_taker(k->name, 1000, WANTED);
	struct live_proc *modest = run_taker(k->name, 2000, MODEST), *rptrace;
	uint64_t had = 0;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d,%d %s %s %d --format json -o %s", (int)greedy->pid,
				     (int)modest->pid, k->select, k->option, BOUND, path);
	take(greedy);
	take(modest);
	live_finish(modest);
	live_finish(greedy);
	json = live_figures(rptrace, path);
	for (unsigned i = 0; i < MODEST; i++)
		assert_int_equal(count_of(k, json, 2000 + i), TIMES);
	for (unsigned i = 0; i < WANTED; i++) {
		uint64_t count = count_of(k, json, 1000 + i);

		assert_true(count == TIMES || !count);
		had += count > 0;
	}
	assert_in_range(had, BOUND / 2 - 3, BOUND / 2);
	assert_rest(k, json, had);
	assert_named(rptrace, greedy, modest, "takes", k->option);
}

/* Nobody else is traced: it may have all. */
static void one_alone_has_all(void **state)
{
	const struct kind *k = *state;
	const char *path = live_path("alone.json");
	struct live_proc *alone = run_taker(k->name, 1000, BOUND - 4), *rptrace;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d %s %s %d --format json -o %s", (int)alone->pid,
				     k->select, k->option, BOUND, path);
	take(alone);
	live_finish(alone);
	json = live_figures(rptrace, path);
	live_assert_nothing_lost(json);
	for (unsigned i = 0; i < BOUND - 4; i++)
		assert_int_equal(count_of(k, json, 1000 + i), TIMES);
}

/* ---- users ----------------------------------------------------------------------------------- */

#define GREEDY 3
#define ALL    80 /* of which a user gets three quarters ... */
#define FEW    6  /* ... and one process of another a half of the rest */

/*
 * Before the command line of a greedy one: as a user of its own, and all of them belong to whoever
 * has made their user namespace.
 */
static const char *in_namespace(unsigned number)
{
	static struct live_proc *owner;
	const char *maps[] = {"uid_map", "gid_map"};
	uint64_t until = live_deadline();
	char path[64], place[2][64] = {"", ""};
	static char line[128];

	if (!number) {
		owner = live_start("/usr/bin/unshare --user /bin/sleep 1000");
		do {
			snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)owner->pid);
			assert_true(live_tick(until));
			assert_true(readlink(path, place[0], sizeof(place[0]) - 1) > 0);
			assert_true(readlink("/proc/self/ns/user", place[1], sizeof(place[1]) - 1) >
				    0);
		} while (!strcmp(place[0], place[1]));
		for (unsigned i = 0; i < LIVE_COUNT(maps); i++) {
			FILE *map;

			snprintf(path, sizeof(path), "/proc/%d/%s", (int)owner->pid, maps[i]);
			map = fopen(path, "we");
			assert_non_null(map);
			fputs("0 100000 100", map);
			assert_int_equal(fclose(map), 0);
		}
	}
	snprintf(line, sizeof(line), "/usr/bin/nsenter --user --target %d --setuid %u --setgid 0 ",
		 (int)owner->pid, 1 + number);
	return line;
}

static const char *as_nobody(unsigned number)
{
	(void)number;
	return LIVE_AS_NOBODY;
}

struct user_case {
	const struct kind *kind;
	const char *(*greedy)(unsigned number), *modest;
	unsigned user; /* who the greedy one is */
};

static const struct user_case user_cases[] = {
	{&kinds[0], as_nobody, "", 65534},
	{&kinds[1], as_nobody, "", 65534},
	{&kinds[2], as_nobody, "", 65534},
	{&kinds[3], as_nobody, "", 65534},
	{&kinds[2], in_namespace, LIVE_AS_NOBODY, 0},
};

/* Three of its processes want all; one of them is over before the last has its turn. */
static void a_user_leaves_enough(void **state)
{
	const struct user_case *c = *state;
	const char *path = live_path("users.json"), *program = live_copy("takes", "takes");
	struct live_proc *greedy[GREEDY], *modest, *rptrace;
	char said[64];
	json_t *json;

	for (unsigned i = 0; i < GREEDY; i++)
		greedy[i] = live_target("%s%s %s %u %u %d", c->greedy(i), program, c->kind->name,
					1000 * (i + 1), WANTED, TIMES);
	modest = live_target("%s%s %s 9000 %u %d", c->modest, program, c->kind->name, FEW, TIMES);
	rptrace = live_rptrace_ready("-p %d,%d,%d,%d %s %s %d --format json -o %s",
				     (int)greedy[0]->pid, (int)greedy[1]->pid, (int)greedy[2]->pid,
				     (int)modest->pid, c->kind->select, c->kind->option, ALL, path);
	take(greedy[0]);
	take(greedy[1]);
	live_finish(greedy[1]);
	take(greedy[2]);
	take(modest);
	live_finish(modest);
	live_finish(greedy[0]);
	live_finish(greedy[2]);
	json = live_figures(rptrace, path);
	for (unsigned i = 0; i < FEW; i++)
		assert_int_equal(count_of(c->kind, json, 9000 + i), TIMES);
	snprintf(said, sizeof(said),
		 "user %u (process %d, takes) has had its share of %s: ", c->user,
		 (int)greedy[2]->pid, c->kind->option);
	assert_non_null(strstr(rptrace->err, said));
}

/* ---- the system, spans, stacks --------------------------------------------------------------- */

/* Of the whole system, which is traced in a file that nobody else has. */
static void so_does_one_of_the_system(void **state)
{
	const char *path = live_path("system.json"), *program = live_copy("takes", "takes");
	const struct kind *k = &kinds[2];
	struct live_proc *greedy = live_target("%s values 1000 %d %d", program, WANTED, TIMES);
	struct live_proc *modest = live_target("%s values 2000 %d %d", program, MODEST, TIMES);
	struct live_proc *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-f %s:by_value --label arg0 --max-labels %d --format json "
				     "-o %s",
				     program, BOUND, path);
	take(greedy);
	take(modest);
	live_finish(modest);
	live_finish(greedy);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	for (unsigned i = 0; i < MODEST; i++)
		assert_int_equal(count_of(k, json, 2000 + i), TIMES);
	assert_named(rptrace, greedy, modest, "takes", k->option);
}

/* Spans are given back: when they end, and when their process does. */
static void spans(void **state)
{
	const char *path = live_path("spans.json");
	struct live_proc *greedy = run_taker("spans", 1000, WANTED);
	struct live_proc *modest = run_taker("spans", 2000, MODEST);
	struct live_proc *last = run_taker("spans", 3000, BOUND / 2 - MODEST / 2), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d,%d --by process --max-spans %d --format json -o %s",
				     (int)greedy->pid, (int)modest->pid, (int)last->pid, BOUND,
				     path);
	take(greedy);
	take(modest);
	live_finish(greedy);
	take(last);
	live_finish(last);
	live_finish(modest);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum_pid(json, "job", greedy->pid, "count"), BOUND / 2 * (TIMES - 1));
	assert_int_equal(live_sum_pid(json, "job", greedy->pid, "unwound"), BOUND / 2);
	assert_int_equal(live_sum_pid(json, "job", modest->pid, "count"), MODEST * (TIMES - 1));
	assert_int_equal(live_sum_pid(json, "job", modest->pid, "unwound"), MODEST);
	assert_int_equal(live_sum_pid(json, "job", last->pid, "count"),
			 (BOUND / 2 - MODEST / 2) * (TIMES - 1));
	live_assert_nothing_lost_but(json, "spans");
	assert_int_equal(live_u64(json_object_get(json, "lost"), "spans"),
			 (WANTED - BOUND / 2) * TIMES);
	assert_named(rptrace, greedy, modest, "takes", "--max-spans");
}

/* They are given back to the user who has taken them, whoever the process is of by then. */
static void spans_of_another_user(void **state)
{
	const char *path = live_path("spans.json");
	struct live_proc *taker = live_target("takes dropped 1000 %d 1", 4 * BOUND);
	struct live_proc *other = run_taker("spans", 2000, 1), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d --max-spans %d --format json -o %s", (int)taker->pid,
				     (int)other->pid, BOUND, path);
	take(taker);
	live_finish(taker);
	kill(other->pid, SIGKILL);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "job", "count"), 4 * BOUND);
	live_assert_nothing_lost(json);
}

/*
 * Threads that go deep, more than there is room for: what goes no deeper than others is counted in
 * any case, and all of the modest one's.
 */
static void deep_stacks(void **state)
{
	enum { THREADS = 300, NESTED = 1000 };
	const char *path = live_path("deep.json");
	struct live_proc *greedy = run_taker("deep", 0, THREADS), *rptrace;
	struct live_proc *modest = run_taker("deep", 0, MODEST);
	uint64_t lost;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d --by process --format json -o %s", (int)greedy->pid,
				     (int)modest->pid, path);
	take(greedy);
	take(modest);
	live_finish(modest);
	live_finish(greedy);
	json = live_figures(rptrace, path);
	lost = live_u64(json_object_get(json, "lost"), "depth");
	assert_int_equal(live_sum_pid(json, "nested", modest->pid, "count"), MODEST * NESTED);
	assert_int_equal(live_sum_pid(json, "nested", greedy->pid, "count") + lost,
			 THREADS * NESTED);
	assert_true(lost > 0);
	live_assert_nothing_lost_but(json, "depth");
	assert_named(rptrace, greedy, modest, "takes", "the room for deep stacks");
}

/* ---- the ring of events --------------------------------------------------------------------- */

#define CHILDREN 8000 /* whose starts and ends do not fit into it */
#define CALLS	 300

/* While rptrace does not read: it is stopped. */
static void meanwhile(struct live_proc *rptrace, struct live_proc *forker)
{
	kill(rptrace->pid, SIGSTOP);
	live_release(forker);
	live_expect_line(forker, "ready", 2); /* another program, in a child */
}

static void finish_program(struct live_proc *forker)
{
	live_await_probes(forker, "leaf", 16, 1);
	live_finish(forker);
}

/* What one starts leaves room for what another starts. */
static void events(void **state)
{
	const char *path = live_path("events.json");
	struct live_proc *greedy = live_target("forker flood %d %d", CHILDREN, CALLS);
	struct live_proc *modest = live_target("forker other %d", CALLS), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d -f fork_work -f leaf --exit return --format json "
				     "-o %s",
				     (int)greedy->pid, (int)modest->pid, path);
	meanwhile(rptrace, greedy);
	meanwhile(rptrace, modest);
	kill(rptrace->pid, SIGCONT);
	finish_program(modest);
	finish_program(greedy);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "fork_work", "count"), CALLS);
	assert_int_equal(live_sum(json, "leaf", "count"), 2 * CALLS);
	assert_true(live_u64(json_object_get(json, "lost"), "events") > 0);
	assert_named(rptrace, greedy, modest, "forker", "the ring of events");
}

/* It may have all of it; what does not fit is found by looking. */
static void events_that_are_lost(void **state)
{
	const char *path = live_path("lost.json");
	struct live_proc *alone = live_target("forker flood %d %d", CHILDREN, CALLS), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f leaf -f fork_work --exit return --format json -o %s",
				     (int)alone->pid, path);
	meanwhile(rptrace, alone);
	kill(rptrace->pid, SIGCONT);
	finish_program(alone);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), CALLS);
	assert_true(live_u64(json_object_get(json, "lost"), "events") > 0);
}

int main(void)
{
	struct CMUnitTest tests[2 * LIVE_COUNT(kinds) + LIVE_COUNT(user_cases) + 6];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(kinds); i++) {
		tests[n++] = live_test(a_greedy_one_leaves_enough, &kinds[i],
				       "a_greedy_one_leaves_enough %s %s", kinds[i].name,
				       kinds[i].option);
		tests[n++] = live_test(one_alone_has_all, &kinds[i], "one_alone_has_all %s %s",
				       kinds[i].name, kinds[i].option);
	}
	for (size_t i = 0; i < LIVE_COUNT(user_cases); i++)
		tests[n++] = live_test(a_user_leaves_enough, &user_cases[i],
				       "a_user_leaves_enough %s %s %u", user_cases[i].kind->name,
				       user_cases[i].kind->option, user_cases[i].user);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(so_does_one_of_the_system);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(spans);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(spans_of_another_user);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(deep_stacks);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(events);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(events_that_are_lost);
	return live_main("shares", tests, n);
}
