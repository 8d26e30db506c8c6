// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* In what else the runs differ: what may be taken for a change of the program. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "compare/internal.h"
#include "util/array.h"

/* What the runs should have in common. */
static const struct {
	const char *what;
	size_t offset; /* of a text in the meta of a run */
} common[] = {
	{"hosts", offsetof(struct rp_meta, host)},
	{"kernels", offsetof(struct rp_meta, kernel)},
	{"versions of rptrace", offsetof(struct rp_meta, version)},
	{"kinds of probes", offsetof(struct rp_meta, attach_mode)},
	{"parts that were recorded", offsetof(struct rp_meta, kept)},
	{"options", offsetof(struct rp_meta, options)},
};

/* The text is in the arena; NULL: out of memory. */
static int add_to(const char ***texts, size_t *n, const char *text)
{
	int rc = text ? rp_array__fit(texts, *n + 1, sizeof(**texts)) : -ENOMEM;

	if (!rc)
		(*texts)[(*n)++] = text;
	return rc;
}

static int add(struct rp_comparison *c, const char *text)
{
	return add_to(&c->warnings, &c->n_warnings, text);
}

static const struct rp_run_summary *run_at(const struct rp_comparison *c, size_t i)
{
	return i < c->a->n ? &c->a->run[i] : &c->b->run[i - c->a->n];
}

static const char *text_at(const struct rp_run_summary *run, size_t offset)
{
	const char *text = *(const char *const *)((const char *)&run->meta + offset);

	return text ? text : "";
}

/* Two that differ are named. */
static int warn_of_text(struct rp_comparison *c, const char *what, size_t offset)
{
	size_t n = c->a->n + c->b->n;
	const struct rp_run_summary *first = n ? run_at(c, 0) : NULL;
	const char *text = n ? text_at(first, offset) : "";

	for (size_t i = 1; i < n; i++) {
		const struct rp_run_summary *run = run_at(c, i);
		const char *other = text_at(run, offset);

		if (strcmp(text, other))
			return add(c, rp_arena__printf(&c->strings, "%s differ: %s in %s, %s in %s",
						       what, *text ? text : "none", first->name,
						       *other ? other : "none", run->name));
	}
	return 0;
}

/* That A and B are of different builds may be what they are compared for; that runs of one side
 * are, is not. */
static int warn_of_builds(struct rp_comparison *c, const struct rp_side *side)
{
	const struct rp_run_summary *first = &side->run[0];

	for (size_t k = 0; side->n && k < first->n_regions; k++) {
		const struct rp_run_region *region = &first->region[k];

		for (size_t i = 1; i < side->n; i++) {
			const struct rp_run_region *other = rp_run_summary__find(
				&side->run[i], region->name, region->kind);

			if (!other || strcmp(region->object, other->object) ||
			    !strcmp(region->build_id, other->build_id))
				continue;
			return add(c, rp_arena__printf(
					      &c->strings,
					      "%s is of one build in %s, and of another in %s",
					      region->object, first->name, side->run[i].name));
		}
	}
	return 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A file is told once: its regions follow one another only by chance. */
static bool is_told(const struct rp_comparison *c, const char *text)
{
	for (size_t i = 0; i < c->n_notes; i++)
		if (!strcmp(c->notes[i], text))
			return true;
	return false;
}

/* That is what a change of the program looks like, and yet whoever compares two runs of the same
 * program wants to know. */
static int note_builds(struct rp_comparison *c)
{
	const struct rp_run_summary *a = &c->a->run[0], *b = &c->b->run[0];
	int rc = 0;

	for (size_t k = 0; c->a->n && c->b->n && k < a->n_regions && !rc; k++) {
		const struct rp_run_region *was = &a->region[k];
		const struct rp_run_region *is = rp_run_summary__find(b, was->name, was->kind);
		const char *text;

		if (!is || !*was->build_id || !*is->build_id ||
		    !strcmp(was->build_id, is->build_id))
			continue;
		text = rp_arena__printf(&c->strings, "another build: %s %.16s in A, %s %.16s in B",
					base_of(was->object), was->build_id, base_of(is->object),
					is->build_id);
		if (!text)
			return -ENOMEM;
		if (!is_told(c, text))
			rc = add_to(&c->notes, &c->n_notes, text);
	}
	return rc;
}

#define COSTS_DIFFER 1.2

static double mean_cost(const struct rp_side *side)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < side->n; i++) {
		sum += side->run[i].ns_per_region;
		n += side->run[i].ns_per_region > 0;
	}
	return n > 0 ? sum / n : 0;
}

/* What is calibrated differs from run to run; by so much, the machine was another one. */
static int note_costs(struct rp_comparison *c)
{
	double a = mean_cost(c->a), b = mean_cost(c->b);

	if (!(a > 0) || !(b > 0) || (a < COSTS_DIFFER * b && b < COSTS_DIFFER * a))
		return 0;
	return add_to(
		&c->notes, &c->n_notes,
		rp_arena__printf(&c->strings,
				 "probes took %.0f ns a region in A, %.0f ns in B: times that "
				 "changed by no more than that say nothing of the program",
				 a, b));
}

/* Both of a pair were over, or had begun, before the next pair did. */
static bool are_interleaved(const struct rp_comparison *c)
{
	for (size_t i = 1; i < c->pairs; i++) {
		uint64_t a = c->a->run[i - 1].wall, b = c->b->run[i - 1].wall;
		uint64_t last = a > b ? a : b;

		if (c->a->run[i].wall < last || c->b->run[i].wall < last)
			return false;
	}
	return true;
}

static int warn_of_order(struct rp_comparison *c)
{
	size_t more = c->a->n > c->b->n ? c->a->n - c->b->n : c->b->n - c->a->n;
	int rc = 0;

	if (more && c->a->n + c->b->n > 2)
		rc = add(c,
			 rp_arena__printf(&c->strings, "%zu of %c %s no partner, and %s not judged",
					  more, c->a->n > c->b->n ? 'A' : 'B',
					  more == 1 ? "has" : "have", more == 1 ? "is" : "are"));
	if (!rc && !are_interleaved(c))
		rc = add(c, rp_arena__dup(&c->strings,
					  "A and B were not run alternately: what the machine did "
					  "meanwhile may pass for a change"));
	return rc;
}

/* A run that is given twice says nothing new, and yet would count as another one. */
static int warn_of_copies(struct rp_comparison *c)
{
	size_t n = c->a->n + c->b->n;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct rp_run_summary *a = run_at(c, k), *b = run_at(c, i);

			if (a->is_record && b->is_record && a->wall && a->wall == b->wall)
				return add(c, rp_arena__printf(&c->strings,
							       "%s and %s are of the same run",
							       a->name, b->name));
		}
	return 0;
}

static int warn_of_losses(struct rp_comparison *c)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < c->a->n + c->b->n; i++) {
		const struct rp_run_summary *run = run_at(c, i);

		if (run->lost)
			rc = add(c,
				 rp_arena__printf(&c->strings, "%s has lost %" PRIu64 " instances",
						  run->name, run->lost));
	}
	return rc;
}

int rp_comparison__warn(struct rp_comparison *c)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(common) / sizeof(common[0]); i++)
		rc = warn_of_text(c, common[i].what, common[i].offset);
	if (!rc)
		rc = warn_of_builds(c, c->a);
	if (!rc)
		rc = warn_of_builds(c, c->b);
	if (!rc)
		rc = note_builds(c);
	if (!rc)
		rc = note_costs(c);
	if (!rc)
		rc = warn_of_order(c);
	if (!rc)
		rc = warn_of_copies(c);
	return rc ? rc : warn_of_losses(c);
}
