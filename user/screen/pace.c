// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/pace.h"

#include "util/clock.h"

#define BITS_A_BYTE  10 /* with those that a serial line begins and ends one with */
#define UNKNOWN_BAUD 38400
#define PART_OF_A_S  5 /* what a line carries in a second, by this, may be on its way */

void rp_pace__init(struct rp_pace *pace, unsigned baud)
{
	*pace = (struct rp_pace){.speed = baud < UNKNOWN_BAUD ? baud / BITS_A_BYTE : 0};
}

bool rp_pace__is_slow(const struct rp_pace *pace)
{
	return pace->speed;
}

/* What is left of it by now. */
static void carry(struct rp_pace *pace, uint64_t now)
{
	double carried = (double)(now - pace->time) / RP_NS_PER_S * (double)pace->speed;

	pace->in_flight = carried < (double)pace->in_flight ? pace->in_flight - (uint64_t)carried
							    : 0;
	pace->time = now;
}

void rp_pace__wrote(struct rp_pace *pace, uint64_t bytes, uint64_t now)
{
	carry(pace, now);
	pace->in_flight += bytes;
}

void rp_pace__queued(struct rp_pace *pace, uint64_t bytes, uint64_t now)
{
	carry(pace, now);
	if (pace->in_flight < bytes)
		pace->in_flight = bytes;
}

static uint64_t time_for(const struct rp_pace *pace, uint64_t bytes)
{
	return bytes * RP_NS_PER_S / pace->speed;
}

uint64_t rp_pace__next(const struct rp_pace *pace, uint64_t now)
{
	uint64_t most = pace->speed / PART_OF_A_S;

	if (!pace->speed || pace->in_flight < most)
		return now;
	return pace->time + time_for(pace, pace->in_flight - most);
}

void rp_pace__rest(struct rp_pace *pace, uint64_t bytes, uint64_t now)
{
	pace->rest = pace->speed ? now + time_for(pace, bytes) : now;
}

bool rp_pace__rests(const struct rp_pace *pace, uint64_t now)
{
	return now < pace->rest;
}
