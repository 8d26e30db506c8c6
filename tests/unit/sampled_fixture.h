/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A run with samples, told to a sink. */
#ifndef RP_SAMPLED_FIXTURE_H
#define RP_SAMPLED_FIXTURE_H

#include "instances_fixture.h"

#define HZ  1000
#define CPU 6000000 /* ns that the target has used */

/* main calls outer, which calls deeper; below a root. */
static const struct rp_place places[] = {
	{.function = "main", .file = "src/main.c", .line = 7, .object = "demo"},
	{.function = "outer", .file = "", .object = "demo"},
	{.function = "deep\"er", .file = "src/deep.c", .line = 9, .object = "lib"},
};

static const struct rp_sample_call calls[] = {
	{0}, {.parent = 1, .place = 1}, {.parent = 2, .place = 2}, {.parent = 3, .place = 3}};

static inline void tell_sample(const struct rp_event_sink *sink, uint64_t time, uint32_t call,
			       uint32_t thread)
{
	const struct rp_taken_sample sample = {.time = TOLD_START + time,
					       .call = call,
					       .thread = thread,
					       .node = call == 4 ? 2 : 0,
					       .tid = 40 + thread,
					       .pid = 42,
					       .end = call == 3 ? RP_UNWIND_END_NO_ROW
								: RP_UNWIND_END_COMPLETE};

	assert_int_equal(RP_TELL(sink, sample, &sample), 0);
}

/* Two instances, and after each of them three samples: one of a call that was not told. */
static inline void tell_sampled(const struct rp_event_sink *sink)
{
	static const uint64_t lost[RP_LOST_COUNT];
	const struct rp_event_run run = {.start = TOLD_START, .sample_hz = HZ};
	const struct rp_event_end end = {
		.time = TOLD_START + 9000, .lost = lost, .cpu = CPU, .samples = 6};

	assert_int_equal(RP_TELL(sink, run, &run), 0);
	tell_region(sink, 1, "request", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, 1);
	tell_thread(sink, 1, 42, 41, "server");
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(RP_TELL(sink, place, i + 1, &places[i]), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(RP_TELL(sink, call, i + 1, &calls[i]), 0);
	for (uint64_t time = 1000; time < 6000; time += 4000) {
		tell(sink,
		     (struct rp_event_instance){.start = time, .thread = 1, .node = 2, .ns = 2000});
		tell_sample(sink, time + 100, 4, 1);
		tell_sample(sink, time + 200, 3, 0);
		tell_sample(sink, time + 300, 99, 1);
	}
	assert_int_equal(RP_TELL(sink, end, &end), 0);
}

#endif
