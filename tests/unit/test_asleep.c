// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Where threads slept: kept beside samples, added up by region, shown; functions of the kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sample/kernel_symbols.h"
#include "samples_fixture.h"

#define NODE 2 /* of the server's handle_request */

static struct fixture f;
static struct rp_sample_store *store;

static void sleep_in(uint32_t node, const char *function, uint64_t ns)
{
	uint32_t places[] = {sampled_place(store, "main", "src/main.c", 12),
			     sampled_place(store, "handle_request", "src/main.c", 30),
			     sampled_place(store, function, "", 0)};
	struct rp_taken_sample at = {.node = node, .end = RP_UNWIND_END_COMPLETE};

	at.call = rp_sample_store__call(store, node, places, 3);
	rp_sample_store__add_sleep(store, &at, ns);
}

static int begin(void **state)
{
	(void)state;
	fixture_server(&f);
	store = rp_sample_store__new(1000, UINT64_MAX, false);
	assert_non_null(store);
	return 0;
}

static int end(void **state)
{
	(void)state;
	samples_free(&f);
	rp_sample_store__put(store);
	return 0;
}

static struct rp_snapshot *snapshot(unsigned hz)
{
	f.counts.samples = rp_sample_counts__of(store);
	assert_non_null(f.counts.samples);
	f.counts.samples->off_cpu = true;
	f.counts.samples->hz = hz;
	return fixture_snapshot(&f, RP_BY_NONE);
}

static const struct rp_row *row_of(const struct rp_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (!strcmp(s->rows[i].name, name))
			return &s->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void sleeps_add_up_by_region(void **state)
{
	const struct rp_row *row;
	struct rp_snapshot *s;

	(void)state;
	sleep_in(NODE, "futex_wait", 3000);
	sleep_in(NODE, "futex_wait", 2000);
	sleep_in(NODE, "pipe_read", 500);
	s = snapshot(0);
	row = row_of(s, "handle_request");
	assert_null(s->sampled);
	assert_int_equal(s->asleep->all.samples, 5500);
	assert_int_equal(s->asleep->totals.taken, 3);
	assert_int_equal(row->sleeps.samples, 5500);
	assert_int_equal(row->sleeps.cpu, 5500);
	assert_string_equal(row->sleeps.functions.item[0].place->function, "futex_wait");
	assert_int_equal(row->sleeps.functions.item[0].self, 5000);
	assert_int_equal(row->profile.samples, 0);
	rp_snapshot__free(s);
}

/* They are counted apart, in one tree of calls. */
static void samples_are_no_sleeps(void **state)
{
	uint32_t main_ = sampled_place(store, "main", "src/main.c", 12);
	struct rp_snapshot *s;

	(void)state;
	sleep_in(NODE, "futex_wait", 3000);
	add_sampled(store, NODE, 7, main_, main_, main_);
	s = snapshot(997);
	assert_int_equal(s->sampled->all.samples, 7);
	assert_int_equal(s->sampled->totals.taken, 7);
	assert_int_equal(s->asleep->all.samples, 3000);
	assert_int_equal(s->asleep->totals.taken, 1);
	assert_int_equal(row_of(s, "handle_request")->profile.samples, 7);
	rp_snapshot__free(s);
}

static void what_has_no_room_is_counted(void **state)
{
	const struct rp_taken_sample nowhere = {.node = NODE, .end = RP_UNWIND_END_COMPLETE};
	struct rp_snapshot *s;

	(void)state;
	sleep_in(NODE, "futex_wait", 3000);
	rp_sample_store__add_sleep(store, &nowhere, 40);
	s = snapshot(0);
	assert_int_equal(s->asleep->all.samples, 3000);
	assert_int_equal(s->asleep->totals.dropped, 1);
	assert_int_equal(s->asleep->totals.dropped_ns, 40);
	rp_snapshot__free(s);
}

static void forms(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s;
	char *text;

	(void)state;
	sleep_in(NODE, "futex_wait\x1b", 1200000000);
	sleep_in(NODE, "pipe_read", 40000000);
	sleep_in(NODE, "poll", 40000000);
	f.counts.nodes[NODE - 1].figures.asleep = 1300000000;
	f.counts.nodes[NODE - 1].figures.asleep_untold = 20000000;
	f.counts.lost[RP_LOST_SLEEPS] = 12;
	s = snapshot(0);
	text = fixture_print("table", s, &opts);
	assert_golden("asleep.txt", text);
	free(text);
	text = fixture_print("folded", s, &opts);
	assert_golden("asleep.folded", text);
	free(text);
	text = fixture_print("json", s, &opts);
	assert_golden("asleep.json", text);
	free(text);
	text = fixture_print("flamegraph", s, &opts);
	assert_non_null(strstr(text, "1.20 s"));
	free(text);
	rp_snapshot__free(s);
}

/* Of a deep stack the outer part is left out, which is told. */
static void deep_stacks_are_cut(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_taken_sample at = {.node = NODE, .end = RP_UNWIND_END_COMPLETE};
	struct rp_snapshot *s;
	uint32_t places[40];
	char *text;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "deep_%u", 39 - i);
		places[i] = sampled_place(store, name, "", 0);
	}
	at.call = rp_sample_store__call(store, NODE, places, 40);
	rp_sample_store__add_sleep(store, &at, 1000);
	s = snapshot(0);
	text = fixture_print("table", s, &opts);
	assert_non_null(strstr(text, "  deep_0 < deep_1 < "));
	assert_non_null(strstr(text, " < ...\n"));
	assert_null(strstr(text, "deep_39 <"));
	free(text);
	rp_snapshot__free(s);
}

/* ---- the kernel ------------------------------------------------------------------------------ */

static struct rp_kernel_symbols *symbols_of(const char *text)
{
	char path[] = "/tmp/rptrace-unit-XXXXXX";
	int fd = mkstemp(path);
	struct rp_kernel_symbols *s;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	s = rp_kernel_symbols__new(path);
	unlink(path);
	return s;
}

static const char kallsyms[] = "ffffffff81002000 t pipe_read\n"
			       "ffffffff81001000 T watch [bpf]\n"
			       "ffffffff81009000 D data\n"
			       "ffffffff81005000 T __sched_text_start\n"
			       "ffffffff81005000 T schedule\n"
			       "ffffffff81006000 T __sched_text_end\n"
			       "ffffffff81007000 T __entry_text_start\n"
			       "ffffffff81007000 T entry\n"
			       "ffffffff81008000 T __entry_text_end\n"
			       "what is this\n";

static void kernel_functions_are_found(void **state)
{
	struct rp_kernel_symbols *s = symbols_of(kallsyms);

	(void)state;
	assert_non_null(s);
	assert_string_equal(rp_kernel_symbols__find(s, 0xffffffff81002010), "pipe_read");
	assert_string_equal(rp_kernel_symbols__find(s, 0xffffffff81001fff), "watch");
	assert_string_equal(rp_kernel_symbols__find(s, 0xffffffff8100a000), "entry");
	assert_string_equal(rp_kernel_symbols__find(s, 0xffffffff81000fff), "[unknown]");
	rp_kernel_symbols__free(s);
}

/* As /proc/PID/wchan has it: not who watches, nor the scheduler, nor the way in. */
static void what_all_threads_have_is_cut(void **state)
{
	static const uint64_t stack[] = {0xffffffff81001010, 0xffffffff81005010,
					 0xffffffff81005020, 0xffffffff81002010,
					 0xffffffff81002020, 0xffffffff81007010};
	/* Return addresses: behind a call, which may be the last instruction, and never the first.
	 */
	static const uint64_t edges[] = {0xffffffff81006000, 0xffffffff81002010,
					 0xffffffff81007000};
	struct rp_kernel_symbols *s = symbols_of(kallsyms);
	size_t n = 6;

	(void)state;
	assert_int_equal(rp_kernel_symbols__cut(s, stack, &n), 3);
	assert_int_equal(n, 2);
	n = 3;
	assert_int_equal(rp_kernel_symbols__cut(s, edges, &n), 1);
	assert_int_equal(n, 2);
	n = 3; /* it was cut off before it came to more */
	assert_int_equal(rp_kernel_symbols__cut(s, stack, &n), 3);
	assert_int_equal(n, 0);
	n = 0;
	assert_int_equal(rp_kernel_symbols__cut(s, stack, &n), 0);
	rp_kernel_symbols__free(s);
}

static void hidden_addresses_are_none(void **state)
{
	(void)state;
	assert_null(symbols_of("0000000000000000 T schedule\n0000000000000000 t pipe_read\n"));
	assert_null(symbols_of(""));
	assert_null(rp_kernel_symbols__new("/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sleeps_add_up_by_region, begin, end),
		cmocka_unit_test_setup_teardown(samples_are_no_sleeps, begin, end),
		cmocka_unit_test_setup_teardown(what_has_no_room_is_counted, begin, end),
		cmocka_unit_test_setup_teardown(forms, begin, end),
		cmocka_unit_test_setup_teardown(deep_stacks_are_cut, begin, end),
		cmocka_unit_test(kernel_functions_are_found),
		cmocka_unit_test(what_all_threads_have_is_cut),
		cmocka_unit_test(hidden_addresses_are_none),
	};

	return cmocka_run_group_tests_name("asleep", tests, NULL, NULL);
}
