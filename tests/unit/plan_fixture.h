/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the tests of the plan share: an object made up of bytes, and ways to look at a plan of it.
 */
#ifndef RP_TEST_PLAN_FIXTURE_H
#define RP_TEST_PLAN_FIXTURE_H

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan_internal.h"

#define IMAGE_SIZE 4096
#define NOPS	   2048 /* from here on the image is nops, for notes */
#define EXE	   "/opt/none/app"

static uint8_t image[IMAGE_SIZE];

static const uint8_t plain_code[] = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3};
/* push, then a byte that is no instruction */
static const uint8_t odd_code[] = {0x55, 0x06, 0x06, 0x06, 0x06, 0x06};

static inline size_t read_image(const void *file, uint64_t offset, void *buf, size_t len)
{
	const uint8_t *bytes = file;

	if (offset >= IMAGE_SIZE)
		return 0;
	if (len > IMAGE_SIZE - offset)
		len = IMAGE_SIZE - offset;
	memcpy(buf, bytes + offset, len);
	return len;
}

static inline int make_image(void **state)
{
	(void)state;
	memset(image, 0xcc, NOPS);
	memset(image + NOPS, 0x90, IMAGE_SIZE - NOPS);
	for (size_t at = 0; at < 1024; at += 16)
		memcpy(image + at, plain_code, sizeof(plain_code));
	for (size_t at = 1024; at < NOPS; at += 16)
		memcpy(image + at, odd_code, sizeof(odd_code));
	return 0;
}

/* Function number i of the image; from 64 on those whose exits are not to be found. */
#define AT(i) ((uint64_t)(i)*16)
#define C(i, fn)                                                                                   \
	{                                                                                          \
		.name = fn, .linker = fn, .addr = AT(i), .size = 6, .offset = AT(i)                \
	}
#define CXX(i, readable, mangled)                                                                  \
	{                                                                                          \
		.name = readable, .linker = mangled, .addr = AT(i), .size = 6, .offset = AT(i)     \
	}

#define NOTE(i, p, fn, spec)                                                                       \
	{                                                                                          \
		.provider = p, .name = fn, .args = spec, .addr = NOPS + AT(i),                     \
		.offset = NOPS + AT(i)                                                             \
	}

struct fixture {
	struct rp_plan_opts opts;
	const char *functions[4], *usdts[4], *excludes[4];
	struct rp_plan_object object;
	struct rp_plan *plan;
	size_t added;
};

static inline void push(const char **list, size_t *n, const char *text)
{
	list[(*n)++] = text;
}

static inline struct fixture fixture(void)
{
	return (struct fixture){
		.opts = {.rules = {.return_probes = true}},
		.object = {.number = 7,
			   .path = EXE,
			   .is_exe = true,
			   .traits = {.machine = EM_X86_64, .has_symtab = true},
			   .read = read_image,
			   .file = image},
	};
}

static inline void select_function(struct fixture *f, const char *text)
{
	push(f->functions, &f->opts.n_functions, text);
}

static inline void select_usdt(struct fixture *f, const char *text)
{
	push(f->usdts, &f->opts.n_usdts, text);
}

static inline void exclude(struct fixture *f, const char *text)
{
	push(f->excludes, &f->opts.n_excludes, text);
}

static inline void start(struct fixture *f)
{
	f->opts.functions = f->functions;
	f->opts.usdts = f->usdts;
	f->opts.excludes = f->excludes;
	assert_int_equal(rp_plan__new(&f->opts, &f->plan, NULL), 0);
}

static inline void add(struct fixture *f)
{
	assert_int_equal(rp_plan__add_arrays(f->plan, &f->object, &f->added, NULL), 0);
}

static inline void run_symbols(struct fixture *f, const struct rp_symbol *symbols, size_t n)
{
	f->object.symbols = symbols;
	f->object.n_symbols = n;
	start(f);
	add(f);
}

static inline void run_notes(struct fixture *f, const struct rp_usdt_note *notes, size_t n)
{
	f->object.notes = notes;
	f->object.n_notes = n;
	start(f);
	add(f);
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

static inline const struct rp_region *region(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->plan->n_regions; i++)
		if (!strcmp(f->plan->regions[i].name, name))
			return &f->plan->regions[i];
	return NULL;
}

/* The regions, by id, are these and no others; NULL ends the list. */
static inline void assert_regions(const struct fixture *f, ...)
{
	const char *name;
	size_t n = 0;
	va_list ap;

	va_start(ap, f);
	while ((name = va_arg(ap, const char *))) {
		if (!region(f, name))
			fail_msg("no region %s", name);
		n++;
	}
	va_end(ap);
	assert_int_equal(f->plan->n_regions, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(f->plan->regions[i].id, i + 1);
}

static inline const struct rp_site *site(const struct fixture *f, const char *name,
					 enum rp_role role)
{
	uint32_t id = name ? region(f, name)->id : RP_REGION_NONE;

	for (size_t i = 0; i < f->plan->n_sites; i++)
		if (f->plan->sites[i].region == id && f->plan->sites[i].role == role)
			return &f->plan->sites[i];
	return NULL;
}

static inline size_t count_sites(const struct fixture *f, const char *name, enum rp_role role)
{
	uint32_t id = name ? region(f, name)->id : RP_REGION_NONE;
	size_t n = 0;

	for (size_t i = 0; i < f->plan->n_sites; i++)
		n += f->plan->sites[i].region == id && f->plan->sites[i].role == role;
	return n;
}

static inline void assert_refused(const struct fixture *f, const char *name, const char *reason)
{
	size_t n;
	const struct rp_refusal *refusals = rp_plan__refusals(f->plan, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(refusals[i].name, name)) {
			assert_non_null(strstr(refusals[i].reason, reason));
			assert_string_equal(refusals[i].object, EXE);
			return;
		}
	fail_msg("%s was not refused", name);
}

/* NULL: all selections have named something. */
static inline void assert_unmatched(const struct fixture *f, const char *text)
{
	const char *unmatched = rp_plan__unmatched(f->plan);

	if (text && unmatched)
		assert_string_equal(unmatched, text);
	else if (text || unmatched)
		fail_msg("%s was %s", text ? text : unmatched, text ? "matched" : "not matched");
}

#endif
