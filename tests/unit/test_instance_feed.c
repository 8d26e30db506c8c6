// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a record is told of instances: all that an id stands for before its first use, and once. */
#include "libbpf_fixture.h"

#include <inttypes.h>
#include <stdio.h>

#include "collect/instances.h"

static struct rp_session *session;
static struct rp_instance_feed *feed;

/* ---- a sink, as text ---------------------------------------------------------------------------
 */

static char told[4096];
static int fails_after; /* calls; 0: none fails */

__attribute__((format(printf, 1, 2))) static int tell(const char *format, ...)
{
	size_t n = strlen(told);
	va_list ap;

	va_start(ap, format);
	vsnprintf(told + n, sizeof(told) - n, format, ap);
	va_end(ap);
	return fails_after && !--fails_after ? -ENOSPC : 0;
}

static int take_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	(void)ctx;
	return tell("region %" PRIu32 " %s kind %d\n",
		    id < RP_REGION_DYNAMIC ? id : id - RP_REGION_DYNAMIC + 1000, region->name,
		    (int)region->kind);
}

static int take_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	(void)ctx;
	return tell("text %" PRIu32 " %.4s\n", index, text->text);
}

static int take_thread(void *ctx, const struct rp_event_thread *t)
{
	(void)ctx;
	return tell("thread %" PRIu32 " tid %" PRIu32 " pid %" PRIu32 " g %" PRIu64 " from %" PRIu64
		    " %" PRIu64 " %s of %s\n",
		    t->serial, t->tid, t->pid, t->goroutine, t->started, t->process_started,
		    t->comm, t->process_comm);
}

static int take_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	(void)ctx;
	return tell("node %" PRIu32 " below %" PRIu32 "%s\n", id, node->parent,
		    node->flags & RP_NODE_VALID ? "" : " invalid");
}

static int take_instance(void *ctx, const struct rp_event_instance *i)
{
	(void)ctx;
	return tell("%s %" PRIu64 "+%" PRIu64 " child %" PRIu64 " cpu %" PRIu64 " wait %" PRIu64
		    " id %" PRIu64 " node %" PRIu32 " threads %" PRIu32 " %" PRIu32 " on %u%s%s\n",
		    i->is_span ? "span" : "call", i->start, i->ns, i->child, i->cpu, i->wait,
		    i->span, i->node, i->thread, i->end_thread, (unsigned)i->cpu_number,
		    i->unwound ? " unwound" : "", i->open ? " open" : "");
}

static int take_left_out(void *ctx, uint32_t node, uint64_t n)
{
	(void)ctx;
	return tell("left out %" PRIu32 ": %" PRIu64 "\n", node, n);
}

static int take_lost(void *ctx, uint32_t node, uint64_t n)
{
	(void)ctx;
	return tell("lost %" PRIu32 ": %" PRIu64 "\n", node, n);
}

static int take_sample(void *ctx, const struct rp_taken_sample *sample)
{
	(void)ctx;
	return tell("sample of %" PRIu32 "\n", sample->node);
}

static const struct rp_event_sink sink = {
	.region = take_region,
	.text = take_text,
	.thread = take_thread,
	.node = take_node,
	.instance = take_instance,
	.left_out = take_left_out,
	.lost = take_lost,
	.sample = take_sample,
};

static void name_region(void *ctx, uint32_t id, struct rp_region_name *out)
{
	static const char *const names[] = {"", "one", "two", "three"};

	(void)ctx;
	out->name = names[id];
	out->kind = RP_KIND_FUNCTION;
}

/* ---- the kernel --------------------------------------------------------------------------------
 */

/* Nodes 1 to 6: a root; one, one/two and one/made, which a label is of; a name; another root. */
static const struct rp_node nodes[] = {
	{.flags = RP_NODE_VALID, .region = RP_REGION_NONE},
	{.flags = RP_NODE_VALID, .parent = 1, .region = 1},
	{.parent = 2, .region = 2}, /* that it is valid is written last */
	{.flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_TEXT,
	 .parent = 2,
	 .region = RP_REGION_DYNAMIC,
	 .label = RP_TEXT_FIRST},
	{.flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_TEXT,
	 .parent = 1,
	 .region = 2,
	 .label = RP_TEXT_FIRST + 1},
	{.flags = RP_NODE_VALID, .region = RP_REGION_NONE},
};
enum { NODES = sizeof(nodes) / sizeof(nodes[0]) };

static void put(const char *map, size_t at, const void *bytes, size_t n)
{
	assert_int_equal(pwrite(fake_map_named(map)->fd, bytes, n, (off_t)at), n);
}

static void put_figures(uint32_t id, const struct rp_figures *figures)
{
	size_t at = id * session->figure_shards * sizeof(*figures);

	assert_int_equal(pwrite(fake.chunks[2], figures, sizeof(*figures), (off_t)at),
			 sizeof(*figures));
}

static int begin(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_instance_feed_opts feed_opts = {.sink = &sink, .region = name_region};

	(void)state;
	opts.record_bytes = 1 << 16;
	opts.text_labels = true;
	session = feed_opts.session = fake_session(&opts);
	put("nodes", sizeof(nodes[0]), nodes, sizeof(nodes));
	put("names", 0, "made", sizeof("made"));
	put("texts", 0, "red\0", 4);
	put("texts", sizeof(struct rp_text), "blue", 4);
	fake_bss->nodes_used = NODES;
	fake_bss->texts_used = 2;
	told[0] = '\0';
	fails_after = 0;
	return rp_instance_feed__new(&feed_opts, &feed);
}

static int end(void **state)
{
	(void)state;
	fake.more = NULL;
	rp_instance_feed__free(feed);
	rp_session__free(session);
	return 0;
}

static const struct {
	const void *record;
	size_t bytes;
} * records;

static const void *next_record(const struct bpf_map *ring, size_t *bytes)
{
	(void)ring;
	if (!records->record)
		return NULL;
	*bytes = records->bytes;
	return records++->record;
}

#define assert_told(text)                                                                          \
	do {                                                                                       \
		assert_string_equal(told, text);                                                   \
		told[0] = '\0';                                                                    \
	} while (0)

/* ---- tests -------------------------------------------------------------------------------------
 */

static const struct rp_thread_info thread = {.kind = RP_INSTANCE_THREAD,
					     .serial = 7,
					     .tid = 70,
					     .tgid = 71,
					     .goroutine = 72,
					     .start_time = 73,
					     .process_start_time = 74,
					     .comm = "worker",
					     .process_comm = "program"};
static const struct rp_instance call = {.start = 100,
					.ns = 50,
					.child = 20,
					.cpu = 30,
					.wait = 5,
					.thread = 7,
					.node = 4,
					.cpu_number = 2},
				unwound = {.kind = RP_INSTANCE_UNWOUND,
					   .start = 160,
					   .ns = 51,
					   .thread = 7,
					   .node = 3,
					   .cpu_number = 8191},
				span = {.kind = RP_INSTANCE_SPAN,
					.start = 200,
					.ns = 60,
					.span = 99,
					.begun_by = 6,
					.wait = 6,
					.thread = 7,
					.node = 5};

#define RECORDS(...)                                                                               \
	const __typeof__(*records) list_[] = {__VA_ARGS__, {NULL, 0}};                             \
	records = list_;                                                                           \
	fake.more = next_record

static void what_ids_stand_for_comes_first_and_once(void **state)
{
	RECORDS({&thread, sizeof(thread)}, {&call, sizeof(call)}, {&call, sizeof(call)},
		{&unwound, sizeof(unwound)}, {&span, sizeof(span)});

	(void)state;
	assert_int_equal(rp_instance_feed__drain(feed), 0);
	assert_told("thread 7 tid 70 pid 71 g 72 from 73 74 worker of program\n"
		    "node 1 below 0\n"
		    "region 1 one kind 0\n"
		    "node 2 below 1\n"
		    "region 1000 made kind 2\n"
		    "text 0 red\n"
		    "node 4 below 2\n"
		    "call 100+50 child 20 cpu 30 wait 5 id 0 node 4 threads 7 7 on 2\n"
		    "call 100+50 child 20 cpu 30 wait 5 id 0 node 4 threads 7 7 on 2\n"
		    "region 2 two kind 0\n"
		    "node 3 below 2\n"
		    "call 160+51 child 0 cpu 0 wait 0 id 0 node 3 threads 7 7 on 8191 unwound\n"
		    "text 1 blue\n"
		    "node 5 below 1\n"
		    "span 200+60 child 0 cpu 0 wait 6 id 99 node 5 threads 6 7 on 0\n");
	/* Samples have paths, too. */
	assert_int_equal(rp_instance_feed__tell_sample(feed, &(struct rp_taken_sample){.node = 6}),
			 0);
	assert_int_equal(rp_instance_feed__tell_sample(feed, &(struct rp_taken_sample){.node = 0}),
			 0);
	assert_told("node 6 below 0\nsample of 6\nsample of 0\n");
}

/* Neither those of another size, nor one for the other. */
static void what_is_not_known_is_counted(void **state)
{
	struct rp_thread_info other = thread;
	struct rp_instance as_thread = call;

	RECORDS({&call, sizeof(call) - 1}, {&thread, sizeof(thread) - 1}, {&other, sizeof(other)},
		{&as_thread, sizeof(as_thread)});

	(void)state;
	other.kind = 0;
	as_thread.kind = RP_INSTANCE_THREAD;
	assert_int_equal(rp_instance_feed__drain(feed), 0);
	assert_told("");
	assert_int_equal(rp_session__lost(session, RP_LOST_UNKNOWN_EVENTS), 4);
}

/* After an error nothing more is told, whatever is asked for. */
static void an_error_is_the_end(void **state)
{
	struct rp_open_entry entry = {.node = 2, .start = 100, .serial = 7, .depth = 1};
	const struct rp_open_entries open = {.item = &entry, .n = 1, .time = 150};

	RECORDS({&thread, sizeof(thread)}, {&call, sizeof(call)}, {&span, sizeof(span)});

	(void)state;
	fails_after = 3;
	assert_int_equal(rp_instance_feed__drain(feed), -ENOSPC);
	assert_told("thread 7 tid 70 pid 71 g 72 from 73 74 worker of program\n"
		    "node 1 below 0\n"
		    "region 1 one kind 0\n");
	fake_bss->lost[RP_LOST_INSTANCES] = 5;
	assert_int_equal(rp_instance_feed__tell_lost(feed), -ENOSPC);
	assert_int_equal(rp_instance_feed__tell_open(feed, &open), -ENOSPC);
	assert_int_equal(rp_instance_feed__tell_sample(feed, &(struct rp_taken_sample){.node = 6}),
			 -ENOSPC);
	assert_told("");
}

static void what_is_lost_is_told_by_path(void **state)
{
	(void)state;
	put_figures(3, &(struct rp_figures){.unrecorded = 5});
	put_figures(NODES, &(struct rp_figures){.unrecorded = 1});
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_told(""); /* none is known to be */
	fake_bss->lost[RP_LOST_INSTANCES] = 6;
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_told("node 1 below 0\nregion 1 one kind 0\nnode 2 below 1\nregion 2 two kind 0\n"
		    "node 3 below 2\nlost 3: 5\nnode 6 below 0\nlost 6: 1\n");
	put_figures(3, &(struct rp_figures){.unrecorded = 7});
	fake_bss->lost[RP_LOST_INSTANCES] = 8;
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_told("lost 3: 2\n");
}

/* In the end all is told again, with what is known late. */
static void all_is_told_again(void **state)
{
	struct rp_region_name regions[] = {{.name = "one", .kind = RP_KIND_FUNCTION},
					   {.name = "two", .kind = RP_KIND_FUNCTION}},
			      dynamic[] = {{.name = "made", .kind = RP_KIND_MARKER}};
	struct rp_node_counts counted[NODES] = {0};
	const struct rp_counts counts = {
		.nodes = counted,
		.n_nodes = NODES,
		.names = {.regions = regions, .n_regions = 2, .dynamic = dynamic, .n_dynamic = 1}};
	struct rp_open_entry entry = {.node = 2, .start = 100, .serial = 7, .depth = 1};
	const struct rp_open_entries open = {.item = &entry, .n = 1, .time = 150};

	(void)state;
	for (size_t i = 0; i < NODES; i++)
		counted[i].node = nodes[i];
	counted[3].figures.skipped = 3;
	counted[3].figures.unsampled = 4;
	counted[5].figures.unsampled = 1;
	assert_int_equal(rp_instance_feed__tell_open(feed, &open), 0);
	assert_told("node 1 below 0\nregion 1 one kind 0\nnode 2 below 1\n"
		    "call 100+50 child 0 cpu 0 wait 0 id 0 node 2 threads 7 7 on 0 open\n");
	assert_int_equal(rp_instance_feed__tell_counts(feed, &counts), 0);
	assert_told("region 1 one kind 0\nregion 2 two kind 0\nregion 1000 made kind 2\n"
		    "node 1 below 0\nnode 2 below 1\n"
		    "text 0 red\nnode 4 below 2\nleft out 4: 7\n"
		    "text 1 blue\nnode 5 below 1\n"
		    "node 6 below 0\nleft out 6: 1\n");
	/* What was told then needs not be told before what is of it. */
	assert_int_equal(rp_instance_feed__tell_sample(feed, &(struct rp_taken_sample){.node = 6}),
			 0);
	assert_told("sample of 6\n");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_ids_stand_for_comes_first_and_once),
		TEST(what_is_not_known_is_counted),
		TEST(an_error_is_the_end),
		TEST(what_is_lost_is_told_by_path),
		TEST(all_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
