// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/sampler.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "sample/kernel_symbols.h"
#include "sample/spaces.h"
#include "symbolize/reader.h"

/* Of one stack, with those that are inlined. */
#define CALLS_MAX 512

struct rp_sampler {
	struct rp_sample_store *store;
	struct rp_sample_objects *objects;
	struct rp_spaces *spaces;
	rp_is_probe_fn is_probe;
	void *ctx;
	uint32_t unknown, probe, python;  /* places */
	struct rp_kernel_symbols *kernel; /* NULL: its frames are left out */
	void *sleepers;			  /* tree of struct sleeper */
	struct rp_unnamed_code unnamed;
};

/* A thread that went to sleep, and is not known to have come back. */
struct sleeper {
	uint32_t tid; /* first: it is what they are found by */
	struct rp_taken_sample at;
};

static uint32_t own_place(struct rp_sample_store *store, const char *name)
{
	const struct rp_place place = {.function = name, .file = "", .object = ""};

	return rp_sample_store__place(store, &place);
}

struct rp_sampler *rp_sampler__new(struct rp_sample_store *store, struct rp_unwind_tables *tables,
				   struct rp_helper *helper, rp_is_probe_fn is_probe, void *ctx,
				   bool is_shared, bool (*is_cancelled)(void))
{
	struct rp_sampler *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->store = store;
	s->is_probe = is_probe;
	s->ctx = ctx;
	s->objects = rp_sample_objects__new(store, helper, is_shared, is_cancelled);
	s->spaces = rp_spaces__new(s->objects, tables, store, helper, is_shared);
	s->unknown = own_place(store, "[unknown]");
	s->probe = own_place(store, "[probe]");
	s->python = own_place(store, "[python]");
	if (s->objects && s->spaces && s->unknown && s->probe && s->python)
		return s;
	rp_sampler__free(s);
	return NULL;
}

void rp_sampler__free(struct rp_sampler *s)
{
	if (!s)
		return;
	tdestroy(s->sleepers, free);
	rp_kernel_symbols__free(s->kernel);
	rp_spaces__free(s->spaces);
	rp_sample_objects__free(s->objects);
	free(s);
}

bool rp_sampler__read_kernel(struct rp_sampler *s, const char *symbols)
{
	s->kernel = rp_kernel_symbols__new(symbols);
	return s->kernel;
}

struct rp_unnamed_code rp_sampler__unnamed_code(const struct rp_sampler *s)
{
	return s->unnamed;
}

struct rp_spaces *rp_sampler__spaces(struct rp_sampler *s)
{
	return s->spaces;
}

static uint64_t address_of(const struct rp_sample *sample, size_t i)
{
	return sample->address[i] & ~RP_SAMPLE_EVALUATION;
}

/* Code that is in no file: its process may tell what it is. */
static size_t compiled_place(struct rp_sampler *s, const struct rp_sample *sample, size_t i,
			     uint32_t *places, size_t most, bool *named)
{
	struct rp_place place = {.file = "", .object = "[compiled]"};

	place.function = rp_spaces__compiled(s->spaces, (pid_t)sample->tgid, address_of(sample, i),
					     sample->time);
	*named = place.function;
	/* What ran in a process that was never looked at is as likely in a file. */
	if (!place.function && i == 0 && sample->kind == RP_SAMPLE_KIND_SAMPLE &&
	    !rp_spaces__was_early(s->spaces, (pid_t)sample->tgid, address_of(sample, i),
				  sample->time))
		s->unnamed = (struct rp_unnamed_code){.samples = s->unnamed.samples + 1,
						      .pid = (pid_t)sample->tgid};
	if (!place.function || !most)
		return 0;
	places[0] = rp_sample_store__place(s->store, &place);
	return places[0] > 0;
}

/* What runs at one of its addresses, from the outermost call in; 0: that is not known. */
static size_t places_of(struct rp_sampler *s, const struct rp_sample *sample, size_t i,
			uint32_t *places, size_t most, bool *named)
{
	uint64_t offset;
	uint32_t object;

	*named = false;
	if (!rp_spaces__find(s->spaces, (pid_t)sample->tgid, address_of(sample, i), sample->time,
			     &object, &offset))
		return compiled_place(s, sample, i, places, most, named);
	return rp_sample_objects__places(s->objects,
					 rp_spaces__owner(s->spaces, (pid_t)sample->tgid), object,
					 offset, places, most, named);
}

/*
 * A thread that hits a probe is in the kernel, with its user registers at the instruction or,
 * before the kernel has looked at it, behind the breakpoint.
 */
static bool is_at_probe(struct rp_sampler *s, const struct rp_sample *sample)
{
	struct rp_file_id file;
	uint64_t offset;
	uint32_t object;

	if (sample->flags & RP_SAMPLE_PROBE)
		return true;
	return sample->flags & RP_SAMPLE_KERNEL && sample->addresses &&
	       rp_spaces__find(s->spaces, (pid_t)sample->tgid, address_of(sample, 0), sample->time,
			       &object, &offset) &&
	       rp_sample_objects__id(s->objects, object, &file) &&
	       (s->is_probe(s->ctx, &file, offset) || s->is_probe(s->ctx, &file, offset - 1));
}

/* ---- Python ---------------------------------------------------------------------------------- */

/* 0: a chain of frames ends. */
static uint64_t python_code(const struct rp_sample *sample, size_t i)
{
	return sample->address[sample->addresses + RP_PYTHON_WORDS * i];
}

static uint64_t python_instruction(const struct rp_sample *sample, size_t i)
{
	return sample->address[sample->addresses + RP_PYTHON_WORDS * i + 1];
}

/*
 * What runs in the outermost of the chains of frames that are left, *left frames in all. *named:
 * its innermost frame is.
 */
static size_t take_chain(struct rp_sampler *s, const struct rp_sample *sample, size_t *left,
			 uint32_t *places, size_t most, bool *named)
{
	struct rp_python_codes *codes = rp_spaces__python(s->spaces);
	size_t n = 0;

	*named = true;
	if (*left && !python_code(sample, *left - 1))
		--*left;
	while (*left && python_code(sample, *left - 1)) {
		uint32_t place;

		--*left;
		place = rp_python_codes__place(codes, (pid_t)sample->tgid,
					       python_code(sample, *left),
					       python_instruction(sample, *left));
		*named = place;
		if (n < most)
			places[n++] = place ? place : s->python;
	}
	return n;
}

/* Chains whose evaluations are further out than what is known of the native stack. */
static size_t count_outer_chains(const struct rp_sample *sample)
{
	size_t chains = sample->python && python_code(sample, sample->python - 1u), native = 0;

	for (size_t i = 0; i < sample->python; i++)
		chains += !python_code(sample, i);
	for (size_t i = 0; i < sample->addresses; i++)
		native += sample->address[i] >= RP_SAMPLE_EVALUATION;
	return chains > native ? chains - native : 0;
}

/* It has ended where it did as what was to be unwound had been mapped just before. */
static bool is_early(const struct rp_sampler *s, const struct rp_sample *sample)
{
	for (size_t i = 0; i < sample->addresses; i++)
		if (rp_spaces__was_early(s->spaces, (pid_t)sample->tgid, address_of(sample, i),
					 sample->time))
			return true;
	return false;
}

/* ---- stacks ---------------------------------------------------------------------------------- */

/* Its places, from the outermost call in. Fills in what of *taken the stack tells. */
static size_t name_stack(struct rp_sampler *s, const struct rp_sample *sample,
			 struct rp_taken_sample *taken, uint32_t places[CALLS_MAX + 1])
{
	bool at_probe = taken->at_probe, named, known = at_probe;
	size_t n = 0, found, python = sample->python;

	for (size_t i = count_outer_chains(sample); i > 0; i--)
		n += take_chain(s, sample, &python, places + n, CALLS_MAX - n, &named);
	for (size_t i = sample->addresses; i > 0; i--) {
		bool evaluates = sample->address[i - 1] >= RP_SAMPLE_EVALUATION;

		found = evaluates
				? take_chain(s, sample, &python, places + n, CALLS_MAX - n, &named)
				: places_of(s, sample, i - 1, places + n, CALLS_MAX - n, &named);
		known |= i == 1 && named;
		n += found;
		/* The page that the kernel has added belongs to no function. */
		if (!found && !evaluates && n < CALLS_MAX && !(at_probe && i == 1))
			places[n++] = s->unknown;
	}
	taken->unresolved = !known;
	if (taken->end != RP_UNWIND_END_COMPLETE && is_early(s, sample))
		taken->end = RP_UNWIND_END_EARLY;
	return n;
}

static struct rp_taken_sample taken_of(struct rp_sampler *s, const struct rp_sample *sample)
{
	return (struct rp_taken_sample){
		.time = sample->time,
		.node = sample->node,
		.thread = sample->thread,
		.tid = sample->tid,
		.pid = sample->tgid,
		.end = sample->end,
		.at_probe = is_at_probe(s, sample),
		.unsampled = sample->flags & RP_SAMPLE_UNSAMPLED,
	};
}

static void add(struct rp_sampler *s, const struct rp_sample *sample)
{
	struct rp_taken_sample taken = taken_of(s, sample);
	uint32_t places[CALLS_MAX + 1]; /* and the probe */
	size_t n = name_stack(s, sample, &taken, places);

	if (taken.at_probe)
		places[n++] = s->probe;
	rp_sample_store__add(s->store, &taken, places, n);
}

/* ---- sleeps ---------------------------------------------------------------------------------- */

static int compare_sleepers(const void *a, const void *b)
{
	const struct sleeper *x = a, *y = b;

	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* From the outermost in. Returns how many. */
static size_t add_kernel_places(struct rp_sampler *s, const uint64_t *address, size_t n,
				uint32_t *places, size_t most)
{
	size_t inner = rp_kernel_symbols__cut(s->kernel, address, &n), added = 0;

	for (; n && added < most; n--) {
		struct rp_place place = {.file = "", .object = "[kernel]"};

		place.function = rp_kernel_symbols__find(s->kernel, address[inner + n - 1] - 1);
		places[added] = rp_sample_store__place(s->store, &place);
		added += places[added] > 0;
	}
	return added;
}

/* The stack is told when a thread goes to sleep, and for how long it did when it comes back. */
static void begin_sleep(struct rp_sampler *s, const struct rp_sample *sample, size_t words)
{
	struct sleeper key = {.tid = sample->tid}, **found, *sleeper;
	size_t own = sample->addresses + RP_PYTHON_WORDS * (size_t)sample->python, n;
	uint32_t places[CALLS_MAX + 1];

	found = tsearch(&key, &s->sleepers, compare_sleepers);
	if (!found)
		return;
	if (*found == &key)
		*found = calloc(1, sizeof(**found));
	sleeper = *found;
	if (!sleeper) {
		*found = &key;
		tdelete(&key, &s->sleepers, compare_sleepers);
		return;
	}
	sleeper->tid = sample->tid;
	sleeper->at = taken_of(s, sample);
	n = name_stack(s, sample, &sleeper->at, places);
	if (s->kernel)
		n += add_kernel_places(s, &sample->address[own], words - own, places + n,
				       CALLS_MAX - n);
	sleeper->at.call = rp_sample_store__call(s->store, sample->node, places, n);
}

static void end_sleep(struct rp_sampler *s, const struct rp_woken *woken)
{
	const struct sleeper key = {.tid = woken->tid};
	struct sleeper **found = tfind(&key, &s->sleepers, compare_sleepers), *sleeper;

	if (!found)
		return;
	sleeper = *found;
	tdelete(&key, &s->sleepers, compare_sleepers);
	rp_sample_store__add_sleep(s->store, &sleeper->at, woken->ns);
	free(sleeper);
}

/* ---- records of the ring --------------------------------------------------------------------- */

static bool take_sample(struct rp_sampler *s, const void *record, size_t size)
{
	struct rp_sample sample;

	memcpy(&sample, record, RP_SAMPLE_BYTES(0));
	if (size > sizeof(sample) || sample.addresses > RP_UNWIND_FRAMES_MAX ||
	    size < (size_t)RP_SAMPLE_BYTES(sample.addresses + RP_PYTHON_WORDS * sample.python))
		return false;
	memcpy(&sample, record, size);
	rp_sample_store__charge(s->store, rp_spaces__owner(s->spaces, (pid_t)sample.tgid));
	if (sample.kind == RP_SAMPLE_KIND_SAMPLE)
		add(s, &sample);
	else
		begin_sleep(s, &sample, (size - RP_SAMPLE_BYTES(0)) / sizeof(sample.address[0]));
	return true;
}

bool rp_sampler__take(struct rp_sampler *s, const void *record, size_t size)
{
	struct rp_woken woken;
	uint32_t kind;

	if (size < sizeof(woken))
		return false;
	memcpy(&woken, record, sizeof(woken));
	kind = woken.kind;
	if (kind == RP_SAMPLE_KIND_WOKEN) {
		end_sleep(s, &woken);
		return true;
	}
	if (size < (size_t)RP_SAMPLE_BYTES(0))
		return false;
	if (kind == RP_SAMPLE_KIND_CODE)
		rp_python_codes__take(rp_spaces__python(s->spaces), record, size);
	else if (kind == RP_SAMPLE_KIND_SAMPLE || kind == RP_SAMPLE_KIND_SLEEP)
		return take_sample(s, record, size);
	return kind == RP_SAMPLE_KIND_CODE;
}

uint64_t rp_sampler__waited_for_cpus(void)
{
	return rp_reader__waited_in_all();
}
