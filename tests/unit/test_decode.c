// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Records of the ring buffer: each is the event that it says, or none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect/decode.h"

static const uint32_t process_types[] = {
	RP_EVENT_FORK,	RP_EVENT_EXEC,	RP_EVENT_EXIT,	RP_EVENT_MAP,	     RP_EVENT_CGROUP,
	RP_EVENT_FOUND, RP_EVENT_STACK, RP_EVENT_SHARE, RP_EVENT_USER_SHARE, RP_EVENT_LIBRARY};

static size_t length_of(uint32_t type)
{
	if (type == RP_EVENT_GROW)
		return sizeof(struct rp_event_header);
	if (type == RP_EVENT_LIBRARY)
		return RP_EVENT_NAMED;
	return type == RP_EVENT_EXEC || type >= RP_EVENT_SHARE ? sizeof(struct rp_event)
							       : RP_EVENT_SHORT;
}

/* From memory of just that size, so that a sanitizer sees a byte too many. */
static int decode(const void *record, size_t size, struct rp_event *out)
{
	void *copy = malloc(size ? size : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, record, size);
	rc = rp_decode_event(copy, size, out);
	free(copy);
	return rc;
}

static void assert_refused(const void *record, size_t size)
{
	struct rp_event out, untouched;

	memset(&out, 0x5a, sizeof(out));
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(decode(record, size, &out), -EBADMSG);
	assert_memory_equal(&out, &untouched, sizeof(out));
}

static void test_events_of_processes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(process_types) / sizeof(process_types[0]); i++) {
		uint32_t length = (uint32_t)length_of(process_types[i]);
		struct rp_event event = {.header = {process_types[i], length},
					 .pid = 4242,
					 .detail = 0x123456789abcdefull};
		struct rp_event out;

		if (length > RP_EVENT_SHORT)
			strcpy(event.path, "/bin/true");
		assert_int_equal(decode(&event, length, &out), 0);
		assert_memory_equal(&out, &event, sizeof(out));
	}
}

static void test_event_of_a_header_alone(void **state)
{
	struct rp_event_header header = {RP_EVENT_GROW, sizeof(header)};
	struct rp_event out;

	(void)state;
	memset(&out, 0x5a, sizeof(out));
	assert_int_equal(decode(&header, sizeof(header), &out), 0);
	assert_int_equal(out.header.type, RP_EVENT_GROW);
	assert_int_equal(out.pid, 0);
	assert_int_equal(out.detail, 0);
}

static void test_unknown_types(void **state)
{
	static const uint32_t types[] = {0, RP_EVENT_LIBRARY + 1, 0x100 + RP_EVENT_EXEC, 1u << 31,
					 UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct rp_event event = {.header = {types[i], sizeof(event)}, .pid = 1};

		assert_refused(&event, sizeof(event));
	}
}

/* Cut at every byte, longer than it says, and with every length that is not its own. */
static void test_wrong_lengths(void **state)
{
	struct {
		struct rp_event event;
		uint64_t more;
	} record = {.event = {.header = {RP_EVENT_EXEC, sizeof(struct rp_event)}, .pid = 1}};
	const size_t size = sizeof(record.event);

	(void)state;
	for (size_t cut = 0; cut < size; cut++)
		assert_refused(&record, cut);
	assert_refused(&record, sizeof(record));
	for (uint32_t length = 0; length < 2 * size; length++) {
		record.event.header.length = length;
		if (length == size)
			continue;
		assert_refused(&record, size);
		if (length <= sizeof(record))
			assert_refused(&record, length);
	}
	record.event.header.length = UINT32_MAX;
	assert_refused(&record, size);
}

/* The length of another type is a wrong one. */
static void test_lengths_of_other_types(void **state)
{
	struct rp_event event = {.header = {RP_EVENT_GROW, sizeof(event)}};

	(void)state;
	assert_refused(&event, sizeof(event));
	event.header = (struct rp_event_header){RP_EVENT_FORK, sizeof(event.header)};
	assert_refused(&event, sizeof(event.header));
	event.header = (struct rp_event_header){RP_EVENT_FORK, sizeof(event)};
	assert_refused(&event, sizeof(event));
	event.header = (struct rp_event_header){RP_EVENT_EXEC, RP_EVENT_SHORT};
	assert_refused(&event, RP_EVENT_SHORT);
}

/* Headers at random: what is taken for an event has the length of its type, and was that long. */
static void test_noise(void **state)
{
	struct rp_event record = {0}, out;
	uint32_t random = 1;
	int taken = 0;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		size_t size;

		random = random * 1664525 + 1013904223;
		record.header.type = random >> 28;
		record.header.length = random >> 22 & 511;
		size = (random >> 16 & 511) % (sizeof(record) + 1);
		if (decode(&record, size, &out))
			continue;
		taken++;
		assert_int_equal(out.header.length, size);
		assert_int_equal(size, length_of(out.header.type));
		assert_in_range(out.header.type, RP_EVENT_FORK, RP_EVENT_LIBRARY);
	}
	assert_true(taken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_of_processes),
		cmocka_unit_test(test_event_of_a_header_alone),
		cmocka_unit_test(test_unknown_types),
		cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_lengths_of_other_types),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
