// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How the BPF programs and their maps are set up, and what is read of them. */
#include "libbpf_fixture.h"

#include "attach/preempt_count.h"
#include "util/clock.h"

#define MAP(s, map)	 ((s)->skel->maps.map)
#define PROGRAM(s, name) ((s)->skel->progs.name)

/* ---- set-up ------------------------------------------------------------------------------------
 */

static void only_what_a_run_needs_is_made(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_SESSION);
	struct rp_session *s = fake_session(&opts);

	(void)state;
	assert_true(PROGRAM(s, rp_session)->autoload);
	assert_true(PROGRAM(s, rp_probe)->autoload);
	assert_false(PROGRAM(s, rp_return)->autoload);
	assert_false(PROGRAM(s, rp_span)->autoload);
	assert_false(PROGRAM(s, rp_map)->autoload);
	assert_false(PROGRAM(s, rp_open_threads)->autoload);
	assert_false(PROGRAM(s, rp_take_sample)->autoload);
	assert_false(PROGRAM(s, rp_switch)->autoload);
	assert_false(PROGRAM(s, rp_fork_tables)->autoload);
	assert_false(PROGRAM(s, rp_exec_tables)->autoload);
	assert_false(PROGRAM(s, rp_waking)->autoload);
	assert_false(PROGRAM(s, rp_waker_switch)->autoload);
	assert_true(PROGRAM(s, rp_clocks)->autoload);
	assert_true(PROGRAM(s, rp_clocks)->no_autoattach);
	assert_true(MAP(s, samples)->not_created);
	assert_true(MAP(s, sampled_at)->not_created);
	assert_true(MAP(s, unwind_processes)->not_created);
	assert_true(MAP(s, wakers)->not_created);
	assert_true(MAP(s, sleeps_taken)->not_created);
	assert_int_equal(MAP(s, spans)->max_entries, 1);
	assert_int_equal(MAP(s, process_shares)->max_entries, 1);
	assert_int_equal(MAP(s, left_out)->n, 0);
	assert_int_equal(MAP(s, within)->n, 0);
	assert_int_equal(MAP(s, texts)->max_entries, 1);
	assert_int_equal(MAP(s, names)->max_entries, opts.max_names);
	assert_int_equal(MAP(s, name_ids)->max_entries, opts.max_names);
	assert_false(s->skel->rodata->cfg_record);
	assert_false(s->skel->rodata->cfg_within);
	assert_false(s->skel->bss->ready);
	rp_session__free(s);
}

static struct rp_session *everything_wanted(struct rp_session_opts *opts)
{
	static const char *const excludes[] = {"a*", "b"};
	static struct rp_pattern within;

	*opts = fake_opts(RP_ATTACH_PERF);
	opts->spans = opts->links_change = opts->map_events = opts->open_stacks = true;
	opts->samples = opts->shares = opts->text_labels = true;
	opts->kernel_frames = opts->follow = true;
	opts->sleeps = 100;
	opts->max_wakers = 500;
	opts->record_bytes = 1 << 20;
	opts->record_every = 7;
	opts->within = &within;
	opts->excludes = excludes;
	opts->n_excludes = 2;
	opts->group = RP_GROUP_PROCESS;
	opts->min_duration = 12345;
	opts->pid_namespace = 77;
	return fake_session(opts);
}

static void what_is_wanted_is_made(void **state)
{
	struct rp_session_opts opts;
	struct rp_session *s = everything_wanted(&opts);

	(void)state;
	assert_false(PROGRAM(s, rp_session)->autoload);
	assert_true(PROGRAM(s, rp_return)->autoload);
	assert_int_equal(PROGRAM(s, rp_return)->attach_type, 0);
	assert_int_equal(PROGRAM(s, rp_probe)->attach_type, 0);
	assert_true(PROGRAM(s, rp_span)->autoload);
	assert_true(PROGRAM(s, rp_map)->autoload);
	assert_true(PROGRAM(s, rp_open_threads)->autoload);
	assert_true(PROGRAM(s, rp_open_threads)->no_autoattach);
	assert_true(PROGRAM(s, rp_take_sample)->autoload);
	assert_true(PROGRAM(s, rp_take_sample)->no_autoattach);
	assert_true(PROGRAM(s, rp_switch)->autoload);
	assert_false(PROGRAM(s, rp_switch)->no_autoattach);
	assert_true(PROGRAM(s, rp_waking)->autoload);
	assert_true(PROGRAM(s, rp_waking)->no_autoattach);
	assert_true(PROGRAM(s, rp_waker_switch)->no_autoattach);
	assert_false(MAP(s, samples)->not_created);
	assert_false(MAP(s, wakers)->not_created);
	assert_int_equal(MAP(s, wakers)->max_entries, 500);
	assert_int_equal(MAP(s, spans)->max_entries, opts.max_spans);
	assert_int_equal(MAP(s, unwind_objects)->max_entries, RP_UNWIND_OBJECTS_MAX);
	assert_int_equal(MAP(s, unwind_processes)->max_entries, RP_UNWIND_PROCESSES_MAX);
	assert_int_equal(MAP(s, instances)->max_entries, 1 << 20);
	assert_int_equal(MAP(s, excludes)->max_entries, 2);
	assert_int_equal(MAP(s, excludes)->n, 2);
	assert_int_equal(MAP(s, texts)->max_entries,
			 opts.max_labels + RP_LATE_LABELS(opts.max_labels));
	assert_int_not_equal(MAP(s, process_shares)->max_entries, 1);
	rp_session__free(s);
}

static void settings_are_told(void **state)
{
	struct rp_session_opts opts;
	struct rp_session *s = everything_wanted(&opts);

	(void)state;
	assert_true(s->skel->rodata->cfg_record);
	assert_int_equal(s->skel->rodata->cfg_every, 7);
	assert_true(s->skel->rodata->cfg_within);
	assert_true(s->skel->rodata->cfg_kernel_frames);
	assert_true(s->skel->rodata->cfg_follow);
	assert_true(s->skel->rodata->cfg_shares);
	assert_true(s->skel->rodata->cfg_returns_of_all);
	assert_int_equal(s->skel->rodata->cfg_excludes, 2);
	assert_int_equal(s->skel->rodata->cfg_min_duration, 12345);
	assert_int_equal(s->skel->rodata->cfg_pid_namespace, 77);
	assert_int_equal(s->skel->rodata->cfg_own_tgid, getpid());
	assert_int_equal(s->skel->rodata->cfg_max_depth, opts.max_depth);
	assert_int_equal(s->skel->rodata->cfg_max_nodes, opts.max_nodes);
	assert_int_equal(s->skel->rodata->cfg_max_labels, opts.max_labels);
	assert_int_equal(s->skel->rodata->cfg_max_names, opts.max_names);
	assert_int_equal(s->skel->rodata->cfg_max_spans, opts.max_spans);
	assert_int_equal(s->skel->rodata->cfg_max_wakers, 500);
	/* 100 a second, in windows of 2^n ns, and never none. */
	assert_int_equal(s->skel->rodata->cfg_sleeps_max,
			 (100ull << RP_SLEEPS_WINDOW_BITS) / 1000000000 + 1);
	assert_int_equal(s->skel->bss->group_by, RP_GROUP_PROCESS);
	rp_session__free(s);
}

/* Where all processes are traced, another part tells of what they map. */
static void mappings_are_told_once(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;

	(void)state;
	opts.map_events = opts.track_all = true;
	s = fake_session(&opts);
	assert_false(PROGRAM(s, rp_map)->autoload);
	assert_true(PROGRAM(s, rp_return)->autoload);
	assert_false(s->skel->rodata->cfg_returns_of_all);
	rp_session__free(s);
}

/* As many shards as CPUs, by powers of two, up to a bound. */
static void shards_go_by_cpus(void **state)
{
	static const struct {
		int cpus;
		uint32_t figures, hists;
	} cases[] = {{1, 1, 1}, {2, 2, 2}, {3, 4, 4}, {12, 16, 4}, {128, 128, 4}, {500, 128, 4}};
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_session *s;

		fake.cpus = cases[i].cpus;
		s = fake_session(&opts);
		assert_int_equal(s->skel->rodata->cfg_figure_shards, cases[i].figures);
		assert_int_equal(s->skel->rodata->cfg_hist_shards, cases[i].hists);
		rp_session__free(s);
	}
	fake.cpus = 0;
}

static void an_error_of_loading_is_told(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;
	struct rp_err err = {0};

	(void)state;
	fake.load_error = -EPERM;
	assert_int_equal(rp_session__new(&opts, &s, &err), -EPERM);
	assert_int_equal(err.exit, RP_EXIT_DENIED);
	assert_int_equal(err.remedy, RP_REMEDY_RIGHTS);
	memset(&err, 0, sizeof(err));
	fake.load_error = -E2BIG;
	assert_int_equal(rp_session__new(&opts, &s, &err), -E2BIG);
	assert_int_not_equal(err.remedy, RP_REMEDY_RIGHTS);
	assert_non_null(strstr(err.cause, strerror(E2BIG)));
	fake.load_error = 0;
	/* The first two are templates; chunks come next. */
	fake.inner_maps = 0;
	fake.refuses_inner = 4;
	assert_int_equal(rp_session__new(&opts, &s, &err), -ENOMEM);
	fake.inner_maps = 0;
	fake.refuses_inner = 2;
	assert_int_equal(rp_session__new(&opts, &s, &err), -ENOMEM);
	fake.refuses_inner = 0;
}

/* ---- room for nodes ----------------------------------------------------------------------------
 */

static void chunks_come_before_nodes_do(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;
	uint32_t spare, shards;

	(void)state;
	opts.max_nodes = RP_NODES_MAX;
	fake.cpus = 128; /* few spare ones */
	s = fake_session(&opts);
	spare = s->n_chunks - 1;
	assert_int_equal(spare, 3);
	assert_int_equal(MAP(s, figure_chunks)->n, s->n_chunks);
	assert_int_equal(MAP(s, hist_chunks)->n, s->n_chunks);
	/* Asked for when half of the spare ones are in use. */
	assert_int_equal(s->skel->bss->nodes_grow_at, (s->n_chunks - spare / 2) * RP_CHUNK_NODES);
	s->skel->bss->nodes_used = 5 * RP_CHUNK_NODES;
	assert_int_equal(rp_session__drain(s, NULL, NULL), 0);
	assert_int_equal(s->n_chunks, 6 + spare);
	assert_int_equal(MAP(s, figure_chunks)->n, s->n_chunks);
	assert_int_equal(s->skel->bss->nodes_grow_at, (s->n_chunks - spare / 2) * RP_CHUNK_NODES);
	/* Each node has its own shards. */
	assert_ptr_equal(rp_session__figures(s, 3 * RP_CHUNK_NODES, &shards), s->figures[3]);
	assert_int_equal(shards, 128);
	assert_ptr_equal(rp_session__figures(s, 3 * RP_CHUNK_NODES + 2, &shards),
			 (struct rp_figures *)s->figures[3] + 2 * 128);
	assert_ptr_equal(rp_session__hist(s, RP_CHUNK_NODES + 3, &shards),
			 (struct rp_hist *)s->hists[1] + 3 * 4);
	assert_int_equal(shards, 4);
	assert_null(rp_session__figures(s, s->n_chunks * RP_CHUNK_NODES, &shards));
	assert_null(rp_session__hist(s, s->n_chunks * RP_CHUNK_NODES, &shards));
	assert_int_equal(rp_session__nodes_used(s), 5 * RP_CHUNK_NODES);
	s->skel->bss->nodes_used = RP_NODES_MAX + 5;
	assert_int_equal(rp_session__nodes_used(s), RP_NODES_MAX - 1);
	fake.cpus = 0;
	rp_session__free(s);
}

/* No more than the nodes that there may be. */
static void chunks_end_with_the_bound(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;
	uint32_t all;

	(void)state;
	opts.max_nodes = 1;
	s = fake_session(&opts);
	all = 1 + RP_REGION_DYNAMIC - RP_REGION_CALIBRATE;
	assert_int_equal(s->max_nodes, all);
	assert_int_equal(s->n_chunks, (all + RP_CHUNK_NODES - 1) / RP_CHUNK_NODES);
	rp_session__free(s);
}

/* ---- what is told and read ----------------------------------------------------------------------
 */

static size_t n_seen;
static pid_t seen[16];

static void see(void *ctx, pid_t pid)
{
	assert_ptr_equal(ctx, seen);
	if (n_seen < 16)
		seen[n_seen++] = pid;
}

static void tracked_processes_are_known(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	uint32_t key = 12, value = RP_TRACKED_MAP_PENDING | 2;

	(void)state;
	assert_int_equal(rp_session__track(s, 11), 0);
	assert_int_equal(rp_session__track(s, 12), 0);
	assert_int_equal(rp_session__track_own(s, 13), 0);
	n_seen = 0;
	assert_true(rp_session__tracked(s, see, seen));
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[0] + seen[1], 23);
	/* The next mapping of it is told again; what else is known of it stays. */
	bpf_map_update_elem(MAP(s, tracked)->fd, &key, &value, BPF_ANY);
	rp_session__map_seen(s, 12);
	bpf_map_lookup_elem(MAP(s, tracked)->fd, &key, &value);
	assert_int_equal(value, 2);
	rp_session__map_seen(s, 99);
	assert_int_equal(MAP(s, tracked)->n, 3);
	rp_session__untrack(s, 11);
	rp_session__untrack(s, 12);
	n_seen = 0;
	assert_true(rp_session__tracked(s, see, seen));
	assert_int_equal(n_seen, 0);
	/* There are more than may be. */
	MAP(s, tracked)->max_entries = 0;
	assert_false(rp_session__tracked(s, see, seen));
	rp_session__free(s);
}

static void time_begins_when_all_is_there(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	uint64_t before = rp_clock__now(), ready;

	(void)state;
	for (size_t i = 0; i < 16; i++)
		fake.clock_ahead[i] = 50 - (int64_t)(i == 2) * 20;
	fake.compared = 0;
	rp_session__activate(s);
	assert_true(s->skel->bss->ready);
	ready = s->skel->bss->ready_time;
	assert_in_range(ready, before, rp_clock__now());
	/* The least difference is what the clocks are apart. */
	assert_int_equal(fake.compared, 5);
	assert_int_equal(s->skel->bss->clock_ahead, 30);
	while (rp_clock__now() == ready)
		;
	rp_session__added(s);
	assert_true(s->skel->bss->ready_time > ready);
	assert_int_equal(s->skel->bss->additions, 1);
	rp_session__set_group(s, RP_GROUP_THREAD);
	assert_int_equal(s->skel->bss->group_by, RP_GROUP_THREAD);
	assert_int_equal(s->skel->bss->grouping_serial, 2);
	rp_session__deactivate(s);
	assert_false(s->skel->bss->ready);
	rp_session__count_lost(s, RP_LOST_LATE);
	rp_session__count_lost(s, RP_LOST_LATE);
	assert_int_equal(rp_session__lost(s, RP_LOST_LATE), 2);
	assert_int_equal(rp_session__lost(s, RP_LOST_PROBES), 0);
	rp_session__add_late_ns(s, 70);
	rp_session__add_late_ns(s, -30);
	assert_int_equal(rp_session__late_ns(s), 40);
	rp_session__free(s);
}

/* The kernel counts on where there is no more room: nothing behind it is read. */
static void names_end_with_their_room(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;
	size_t n;

	(void)state;
	opts.text_labels = true;
	s = fake_session(&opts);
	s->skel->bss->names_used = 3;
	s->skel->bss->texts_used = 4;
	assert_int_equal(rp_session__names_used(s), 3);
	assert_ptr_equal(rp_session__name(s, 2), s->names + 2 * RP_NAME_LEN);
	assert_ptr_equal(rp_session__texts(s, &n), s->texts);
	assert_int_equal(n, 4);
	s->skel->bss->names_used = s->skel->bss->texts_used = 100000;
	assert_int_equal(rp_session__names_used(s), opts.max_names);
	rp_session__texts(s, &n);
	assert_int_equal(n, opts.max_labels + RP_LATE_LABELS(opts.max_labels));
	rp_session__free(s);
}

static size_t n_taken, bytes_taken;

static void take(void *ctx, const void *data, size_t size)
{
	(void)data;
	assert_ptr_equal(ctx, &n_taken);
	n_taken++;
	bytes_taken += size;
}

static void rings_are_emptied(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;

	(void)state;
	opts.samples = true;
	opts.record_bytes = 1 << 16;
	s = fake_session(&opts);
	assert_int_equal(s->ring->map, MAP(s, events)->fd);
	assert_int_equal(s->samples->map, MAP(s, samples)->fd);
	assert_int_equal(rp_session__event_fd(s), s->ring->event);
	assert_int_equal(rp_session__sample_fd(s), s->samples->event);
	assert_int_equal(rp_session__sample_program(s), PROGRAM(s, rp_take_sample)->fd);
	assert_int_equal(s->instances->map, MAP(s, instances)->fd);
	fake.records[0] = "one";
	fake.records[1] = "three";
	fake.record_bytes[0] = 3;
	fake.record_bytes[1] = 5;
	fake.n_records = 2;
	n_taken = bytes_taken = 0;
	assert_int_equal(rp_session__drain(s, take, &n_taken), 0);
	assert_int_equal(rp_session__drain_samples(s, take, &n_taken), 0);
	assert_int_equal(rp_session__drain_instances(s, take, &n_taken), 0);
	assert_int_equal(n_taken, 6);
	assert_int_equal(bytes_taken, 24);
	fake.n_records = 0;
	rp_session__free(s);
}

/* ---- tables
 * -------------------------------------------------------------------------------------- */

static uint64_t sum_of_keys, sum_of_values;

static void see_stray(void *ctx, uint32_t region, const struct rp_stray_hits *stray)
{
	(void)ctx;
	n_seen++;
	sum_of_keys += region;
	sum_of_values += *(const uint8_t *)stray;
}

static void see_overlap(void *ctx, uint32_t region, const struct rp_overlap *overlap)
{
	(void)ctx;
	n_seen++;
	sum_of_keys += region;
	sum_of_values += *(const uint8_t *)overlap;
}

static void see_span(void *ctx, const struct rp_span *span)
{
	(void)ctx;
	n_seen++;
	sum_of_values += *(const uint8_t *)span;
}

static void see_waker(void *ctx, const struct rp_waker_key *key,
		      const struct rp_waker_figures *figures)
{
	(void)ctx;
	n_seen++;
	sum_of_keys += *(const uint8_t *)key;
	sum_of_values += *(const uint8_t *)figures;
}

static void fill(struct bpf_map *m, uint32_t key_size, uint32_t value_size, size_t n)
{
	unsigned char key[256] = {0}, value[1024] = {0};

	fake_sizes(m, key_size, value_size, 64);
	for (size_t i = 1; i <= n; i++) {
		key[0] = (unsigned char)i;
		value[0] = (unsigned char)(10 * i);
		assert_int_equal(bpf_map_update_elem(m->fd, key, value, BPF_ANY), 0);
	}
}

static void begin_seeing(void)
{
	n_seen = 0;
	sum_of_keys = sum_of_values = 0;
}

static void tables_are_read_to_their_end(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;

	(void)state;
	opts.max_wakers = 64;
	s = fake_session(&opts);
	fill(MAP(s, stray_hits), 4, sizeof(struct rp_stray_hits), 3);
	fill(MAP(s, overlaps), 4, sizeof(struct rp_overlap), 3);
	fill(MAP(s, spans), 16, sizeof(struct rp_span), 5);
	fill(MAP(s, wakers), sizeof(struct rp_waker_key), sizeof(struct rp_waker_figures), 5);
	begin_seeing();
	rp_session__stray_hits(s, see_stray, NULL);
	assert_int_equal(n_seen, 3);
	assert_int_equal(sum_of_keys, 6);
	assert_int_equal(sum_of_values, 60);
	begin_seeing();
	rp_session__overlaps(s, see_overlap, NULL);
	assert_int_equal(n_seen, 3);
	assert_int_equal(sum_of_keys, 6);
	assert_int_equal(sum_of_values, 60);
	begin_seeing();
	assert_int_equal(rp_session__open_spans(s, see_span, NULL), 0);
	assert_int_equal(n_seen, 5);
	assert_int_equal(sum_of_values, 150);
	/* Wakers are read once they are watched. */
	begin_seeing();
	assert_int_equal(rp_session__wakers(s, see_waker, NULL), 0);
	assert_int_equal(n_seen, 0);
	s->wakers_since = 1;
	assert_int_equal(rp_session__wakers(s, see_waker, NULL), 0);
	assert_int_equal(n_seen, 5);
	assert_int_equal(sum_of_keys, 15);
	assert_int_equal(sum_of_values, 150);
	rp_session__free(s);
}

/* ---- who wakes whom ------------------------------------------------------------------------- */

static void wakers_are_watched_from_when_it_is_asked(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	uint64_t before = rp_clock__now(), since;
	struct rp_session *s = fake_session(&opts);
	int64_t at;
	size_t made;

	/* Not where there is no room for them. */
	assert_int_equal(rp_session__watch_wakers(s), -ENOTSUP);
	rp_session__free(s);
	opts.max_wakers = 64;
	s = fake_session(&opts);
	make_types(state);
	made = fake.links_made;
	fake.has_btf = false;
	assert_int_equal(rp_session__watch_wakers(s), -ENOENT);
	assert_int_equal(fake.links_made, made);
	assert_int_equal(rp_session__wakers_since(s), 0);
	fake.has_btf = true;
	assert_int_equal(rp_session__watch_wakers(s), 0);
	since = rp_session__wakers_since(s);
	assert_in_range(since, before, rp_clock__now());
	assert_int_equal(fake.links_made, made + 2);
	/* The programs are told where this kernel counts its interrupts. */
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(s->skel->bss->preempt_count_at, at);
	/* They are already. */
	while (rp_clock__now() == since)
		;
	assert_int_equal(rp_session__watch_wakers(s), 0);
	assert_int_equal(rp_session__wakers_since(s), since);
	assert_int_equal(fake.links_made, made + 2);
	made = fake.links_gone;
	rp_session__free(s);
	assert_int_equal(fake.links_gone, made + 2);
	fake.has_btf = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_a_run_needs_is_made),
		cmocka_unit_test(what_is_wanted_is_made),
		cmocka_unit_test(settings_are_told),
		cmocka_unit_test(mappings_are_told_once),
		cmocka_unit_test(shards_go_by_cpus),
		cmocka_unit_test(an_error_of_loading_is_told),
		cmocka_unit_test(chunks_come_before_nodes_do),
		cmocka_unit_test(chunks_end_with_the_bound),
		cmocka_unit_test(tracked_processes_are_known),
		cmocka_unit_test(time_begins_when_all_is_there),
		cmocka_unit_test(names_end_with_their_room),
		cmocka_unit_test(rings_are_emptied),
		cmocka_unit_test(tables_are_read_to_their_end),
		cmocka_unit_test(wakers_are_watched_from_when_it_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
