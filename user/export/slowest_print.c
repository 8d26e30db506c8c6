// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The slowest instances, for people and as JSON. Those of several records are one list here. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "export/slowest_internal.h"
#include "util/array.h"
#include "util/escape.h"
#include "view/view.h"

/* ---- those of one region, of all runs -------------------------------------------------------- */

static int compare_regions(const struct rp_slow *a, const struct rp_slow *b)
{
	int order = strcmp(a->region, b->region);

	return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

static int compare_slow(const void *a, const void *b)
{
	const struct rp_slow *x = *(const struct rp_slow *const *)a,
			     *y = *(const struct rp_slow *const *)b;
	int order = compare_regions(x, y);

	if (order)
		return order;
	if (x->instance.ns != y->instance.ns)
		return x->instance.ns > y->instance.ns ? -1 : 1;
	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return (x->since > y->since) - (x->since < y->since);
}

/* All of them, and where those of each region begin. */
struct joined {
	const struct rp_slow **slow;
	size_t n;
	struct group {
		size_t first, n;
		uint64_t count; /* of all that were timed */
		uint64_t slowest;
	} * group;
	size_t n_groups;
};

/* The region with the slowest one first. */
static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->slowest != y->slowest)
		return x->slowest > y->slowest ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static uint64_t count_of(const struct rp_slowest *s, const struct rp_slow *region)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->n_found; i++)
		if (!compare_regions(&s->found[i].slow[0], region))
			count += s->found[i].count;
	return count;
}

static void form_groups(const struct rp_slowest *s, struct joined *j)
{
	for (size_t i = 0; i < j->n; i++) {
		struct group *last = j->n_groups ? &j->group[j->n_groups - 1] : NULL;

		if (last && !compare_regions(j->slow[last->first], j->slow[i])) {
			last->n += last->n < s->most;
			continue;
		}
		j->group[j->n_groups++] = (struct group){.first = i,
							 .n = 1,
							 .count = count_of(s, j->slow[i]),
							 .slowest = j->slow[i]->instance.ns};
	}
	rp_array__sort(j->group, j->n_groups, sizeof(*j->group), compare_groups);
}

static void free_joined(struct joined *j)
{
	free(j->slow);
	free(j->group);
}

static int join(const struct rp_slowest *s, struct joined *j)
{
	size_t n = 0;

	*j = (struct joined){0};
	for (size_t i = 0; i < s->n_found; i++)
		n += s->found[i].n;
	j->slow = calloc(n + 1, sizeof(const struct rp_slow *));
	j->group = calloc(n + 1, sizeof(*j->group));
	if (!j->slow || !j->group) {
		free_joined(j);
		return -ENOMEM;
	}
	for (size_t i = 0; i < s->n_found; i++)
		for (size_t k = 0; k < s->found[i].n; k++)
			j->slow[j->n++] = &s->found[i].slow[k];
	rp_array__sort(j->slow, j->n, sizeof(const struct rp_slow *), compare_slow);
	form_groups(s, j);
	return 0;
}

static struct rp_inside_sums sums_of(const struct rp_event_instance *i)
{
	return (struct rp_inside_sums){
		.count = 1, .ns = i->ns, .self = i->ns - i->child, .cpu = i->cpu, .wait = i->wait};
}

static uint64_t blocked(const struct rp_inside_sums *sums)
{
	uint64_t known = sums->cpu + sums->wait;

	return sums->ns > known ? sums->ns - known : 0;
}

/* ---- for people ------------------------------------------------------------------------------ */

static int print_escaped(FILE *out, const char *text, bool utf8)
{
	char *escaped = rp_escape__copy(text, utf8);

	if (!escaped)
		return -ENOMEM;
	fputs(escaped, out);
	free(escaped);
	return 0;
}

/* So many cells wide; the sign of micro takes two bytes. */
static void print_time(FILE *out, uint64_t ns, size_t width, bool none, bool utf8)
{
	char text[32];
	size_t cells = strlen(rp_text__ns((double)ns, text, sizeof(text)));

	if (none)
		fprintf(out, "%*s", (int)width, "-");
	else
		fprintf(out, "%*s%s", cells < width ? (int)(width - cells) : 0, "",
			utf8 ? rp_text__micro(text, sizeof(text)) : text);
}

/*
 * A span has the first figure alone: it is on no thread, which could run, wait or sleep. A path
 * where nothing was timed has none: it stands there for what is further inside.
 */
static int print_line(FILE *out, const char *name, uint32_t depth,
		      const struct rp_inside_sums *sums, bool is_span, bool utf8)
{
	const uint64_t times[] = {sums->ns, sums->self, sums->cpu, sums->wait, blocked(sums)};
	int rc;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		print_time(out, times[i], i ? 10 : 12, (i && is_span) || !sums->count, utf8);
	fprintf(out, "%8" PRIu64 "  %*s", sums->count, (int)(2 * (depth < 40 ? depth : 40)), "");
	rc = print_escaped(out, name, utf8);
	if (sums->unwound)
		fprintf(out, "  (%" PRIu64 " unwound)", sums->unwound);
	fputc('\n', out);
	return rc;
}

static int print_slow(FILE *out, const struct rp_slow *slow, size_t number, bool utf8)
{
	struct rp_inside_sums own = sums_of(&slow->instance);
	int rc;

	fprintf(out, "\n%zu. ", number);
	print_time(out, own.ns, 0, false, utf8);
	fprintf(out, " at %.6f s, ", (double)slow->since / 1e9);
	if (slow->goroutine)
		fprintf(out, "goroutine %#" PRIx64 " of %" PRIu32 " ", slow->goroutine, slow->pid);
	else
		fprintf(out, "thread %" PRIu32 " ", slow->tid);
	rc = print_escaped(out, slow->comm, utf8);
	if (slow->instance.is_span)
		fprintf(out, ", span %" PRIu64 "\n", slow->instance.span);
	else
		fprintf(out, ", CPU %u\n", slow->instance.cpu_number);
	fputs("       TOTAL      SELF       CPU      WAIT   BLOCKED   COUNT  REGION\n", out);
	if (!rc)
		rc = print_line(out, slow->name, 0, &own, slow->instance.is_span, utf8);
	for (size_t i = 0; !rc && i < slow->n; i++)
		rc = print_line(out, slow->inside[i].name, slow->inside[i].depth,
				&slow->inside[i].sums, false, utf8);
	return rc;
}

int rp_slowest__print(struct rp_slowest *s, FILE *out, bool utf8)
{
	struct joined j;
	int rc = join(s, &j);

	if (rc)
		return rc;
	if (!j.n_groups)
		fputs("no instance was timed\n", out);
	for (size_t i = 0; !rc && i < j.n_groups; i++) {
		const struct group *group = &j.group[i];

		if (i)
			fputc('\n', out);
		rc = print_escaped(out, j.slow[group->first]->region, utf8);
		fprintf(out, " (%s): the slowest %zu of %" PRIu64 "\n",
			rp_kind__name(j.slow[group->first]->kind), group->n, group->count);
		for (size_t k = 0; !rc && k < group->n; k++)
			rc = print_slow(out, j.slow[group->first + k], k + 1, utf8);
	}
	free_joined(&j);
	return rc ? rc : rp_view__end(out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static int put_text(struct rp_out *out, const char *key, const char *text)
{
	char *quoted = rp_export__quote_json(text);

	if (!quoted)
		return -ENOMEM;
	rp_out__text(out, "\"");
	rp_out__text(out, key);
	rp_out__text(out, "\": \"");
	rp_out__text(out, quoted);
	rp_out__text(out, "\", ");
	free(quoted);
	return 0;
}

static void put_number(struct rp_out *out, const char *key, uint64_t number)
{
	rp_out__text(out, "\"");
	rp_out__text(out, key);
	rp_out__text(out, "\": ");
	rp_out__number(out, number);
	rp_out__text(out, ", ");
}

static void put_sums(struct rp_out *out, const struct rp_inside_sums *sums, bool is_span)
{
	put_number(out, "total_ns", sums->ns);
	put_number(out, "self_ns", sums->self);
	put_number(out, "cpu_ns", sums->cpu);
	put_number(out, "wait_ns", sums->wait);
	put_number(out, "blocked_ns", is_span ? 0 : blocked(sums));
}

static int put_inside(struct rp_out *out, const struct rp_slow *slow)
{
	uint32_t parent[RP_INSIDE_DEPTH] = {0};
	int rc = 0;

	rp_out__text(out, "\"inside\": [");
	for (size_t i = 0; !rc && i < slow->n; i++) {
		const struct rp_inside *inside = &slow->inside[i];

		parent[inside->depth] = (uint32_t)i + 1;
		rp_out__text(out, i ? ",\n    {" : "\n    {");
		put_number(out, "id", i + 1);
		put_number(out, "parent", parent[inside->depth - 1]);
		rc = put_text(out, "name", inside->name);
		put_number(out, "count", inside->sums.count);
		put_number(out, "unwound", inside->sums.unwound);
		put_sums(out, &inside->sums, false);
		rp_out__text(out, "\"depth\": ");
		rp_out__number(out, inside->depth);
		rp_out__text(out, "}");
	}
	rp_out__text(out, "]}");
	return rc;
}

static int put_slow(struct rp_out *out, const struct rp_slow *slow)
{
	struct rp_inside_sums own = sums_of(&slow->instance);
	int rc = put_text(out, "name", slow->name);

	put_number(out, "start_ns", slow->since);
	put_number(out, "pid", slow->pid);
	put_number(out, "tid", slow->tid);
	put_number(out, "goroutine", slow->goroutine);
	put_number(out, "cpu", slow->instance.cpu_number);
	put_number(out, "record", slow->run);
	put_sums(out, &own, slow->instance.is_span);
	if (!rc)
		rc = put_text(out, "command", slow->comm);
	return rc ? rc : put_inside(out, slow);
}

int rp_slowest__print_json(struct rp_slowest *s, FILE *file)
{
	struct rp_out *out = calloc(1, sizeof(*out));
	struct joined j;
	int rc = out ? join(s, &j) : -ENOMEM;

	if (rc)
		goto out;
	out->file = file;
	rp_out__text(out, "{\"schema\": \"rptrace-slowest/1\", \"regions\": [");
	for (size_t i = 0; !rc && i < j.n_groups; i++) {
		const struct group *group = &j.group[i];
		const struct rp_slow *first = j.slow[group->first];

		rp_out__text(out, i ? ",\n{" : "\n{");
		rc = put_text(out, "name", first->region);
		rc = rc ? rc : put_text(out, "kind", rp_kind__name(first->kind));
		put_number(out, "count", group->count);
		rp_out__text(out, "\"slowest\": [");
		for (size_t k = 0; !rc && k < group->n; k++) {
			rp_out__text(out, k ? ",\n  {" : "\n  {");
			rc = put_slow(out, j.slow[group->first + k]);
		}
		rp_out__text(out, "]}");
	}
	rp_out__text(out, "]}\n");
	free_joined(&j);
	if (!rc)
		rc = rp_out__flush(out);
out:
	free(out);
	return rc;
}
