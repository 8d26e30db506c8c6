/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Runs that are told to the sink of an export, and what it makes of them. */
#ifndef RP_EXPORTS_FIXTURE_H
#define RP_EXPORTS_FIXTURE_H

#include "counts_fixture.h"
#include "export/export.h"
#include "instances_fixture.h"

enum { REQUEST = 1, QUERY, EVIL, RELAY };

static inline const struct rp_export *find(const char *name)
{
	const struct rp_export *export = rp_exports;

	while (export->name && strcmp(export->name, name))
		export ++;
	assert_non_null(export->name);
	return export;
}

/* A request with a query that outlives it, names that mean harm, all ways to be left. */
static inline void tell_server(const struct rp_event_sink *sink)
{
	struct rp_node labeled = {.parent = 2,
				  .region = EVIL,
				  .label = (uint64_t)-7,
				  .flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_SIGNED};

	tell_run(sink, "a.rpt");
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_region(sink, QUERY, "query;\"2\"", RP_KIND_USDT);
	tell_region(sink, EVIL, "\xc3\xa9\x1b[2J,\"\xff\\", RP_KIND_MARKER);
	tell_region(sink, RELAY, "relay", RP_KIND_SPAN);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	tell_node(sink, 3, 2, QUERY);
	assert_int_equal(RP_TELL(sink, node, 4, &labeled), 0);
	tell_node(sink, 5, TOLD_ROOT, RELAY);
	tell_thread(sink, 1, 10, 11, "ser\"ver");
	tell_thread(sink, 2, 10, 11, "again");
	tell(sink, (struct rp_event_instance){.start = 1100,
					      .thread = 1,
					      .node = 4,
					      .ns = 400,
					      .cpu = 300,
					      .wait = 50,
					      .cpu_number = 3});
	tell(sink, (struct rp_event_instance){.start = 1000,
					      .thread = 1,
					      .node = 2,
					      .ns = 2000,
					      .child = 400,
					      .cpu = 1500,
					      .wait = 100});
	tell(sink, (struct rp_event_instance){
			   .start = 1700, .thread = 1, .node = 3, .ns = 2000, .cpu = 1000});
	tell(sink, (struct rp_event_instance){
			   .start = 4000, .thread = 2, .node = 2, .ns = 5, .unwound = true});
	tell(sink, (struct rp_event_instance){.start = 1000,
					      .thread = 1,
					      .end_thread = 2,
					      .node = 5,
					      .ns = 3500,
					      .span = 77,
					      .is_span = true});
	tell(sink, (struct rp_event_instance){
			   .start = 5000, .thread = 2, .node = 2, .ns = 1000, .open = true});
	tell_end(sink, 6000);
}

/* What it writes; to be freed. gcc takes it for dangling where it is inlined. */
static __attribute__((noinline, unused)) char *export_of(const char *name,
							 void (*run)(const struct rp_event_sink *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct rp_event_sink sink;

	assert_non_null(out);
	assert_int_equal(find(name)->open(out, &sink), 0);
	run(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Damage leaves instances of which nothing is known. */
static inline void tell_strangers(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_node(sink, 2, 99, 77);
	tell(sink, (struct rp_event_instance){.thread = 9, .node = 2, .ns = 10});
	tell(sink, (struct rp_event_instance){.thread = 9, .node = 98, .ns = 30});
	tell_end(sink, 100);
}

static inline void tell_two_runs(const struct rp_event_sink *sink)
{
	tell_strangers(sink);
	tell_server(sink);
}

#endif
