// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* "Did you mean": names near to what was typed, by edit distance. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "util/array.h"
#include "util/edit_distance.h"

/* So many names are kept. */
#define NAMES_MAX 200000u
#define BEST_MAX  16u

/*
 * Further away than any edit distance: names that have nothing in common with the glob but a part.
 */
#define NO_PART 1000u

struct suggestion {
	const char *name;
	unsigned score; /* smaller is nearer */
};

int rp_names__add(struct rp_names *names, struct rp_arena *arena, const char *provider,
		  const char *name)
{
	const char *copy;
	int rc;

	if (names->n >= NAMES_MAX || !*name || strlen(name) > 4 * RP_EDIT_LENGTH_MAX)
		return 0;
	rc = rp_array__grow(&names->items, names->n, &names->capacity, sizeof(*names->items));
	if (rc)
		return rc;
	copy = provider ? rp_arena__printf(arena, "%s:%s", provider, name)
			: rp_arena__dup(arena, name);
	if (!copy)
		return -ENOMEM;
	names->items[names->n++] = copy;
	return 0;
}

void rp_names__free(struct rp_names *names)
{
	free(names->items);
	*names = (struct rp_names){0};
}

/* The longest stretch of a glob without wildcards, and all of it without them. */
static void literal_parts(const char *glob, char *all, char *part)
{
	size_t n = 0, best = 0, run = 0, length;

	for (; *glob && n + 1 < RP_EDIT_LENGTH_MAX; glob += length ? length : 1) {
		length = strcspn(glob, "*?[]\\");
		run = length < RP_EDIT_LENGTH_MAX - 1 - n ? length : RP_EDIT_LENGTH_MAX - 1 - n;
		memcpy(all + n, glob, run);
		if (run > best) {
			best = run;
			memcpy(part, glob, run);
		}
		n += run;
	}
	all[n] = '\0';
	part[best] = '\0';
}

/* From "a::b::c" as many last parts as the user typed. */
static const char *last_parts(const char *name, const char *typed)
{
	size_t skip = 0;
	const char *at;

	for (at = name; (at = strstr(at, "::")); at += 2)
		skip++;
	for (at = typed; skip && (at = strstr(at, "::")); at += 2)
		skip--;
	for (; skip; skip--)
		name = strstr(name, "::") + 2;
	return name;
}

/* How many letters off a name may be to be worth a mention. */
static unsigned worth_telling(const char *typed)
{
	unsigned half = strlen(typed) / 2;

	return half > 2 ? half : 2;
}

/* Smaller is nearer; `limit` or more: no match. Names that hold what was typed come first. */
static unsigned score(const char *name, const char *all, const char *part, unsigned limit)
{
	size_t rest = strlen(name) - strlen(part);

	if (strlen(part) >= 3 && strcasestr(name, part))
		return rest < NO_PART ? rest : NO_PART - 1;
	if (limit <= NO_PART)
		return limit;
	return NO_PART + rp_edit_distance(all, last_parts(name, all), limit - NO_PART);
}

static void keep(struct suggestion *best, size_t *n, size_t max, const char *name, unsigned points)
{
	size_t at;

	for (at = 0; at < *n; at++)
		if (!strcmp(best[at].name, name))
			return;
	for (at = *n; at > 0 && best[at - 1].score > points; at--)
		if (at < max)
			best[at] = best[at - 1];
	if (at < max)
		best[at] = (struct suggestion){name, points};
	if (*n < max)
		++*n;
}

/* Merge the names near to a glob into best[0..*n), sorted, at most max of them. */
static void collect(const char *glob, const struct rp_names *names, struct suggestion *best,
		    size_t *n, size_t max)
{
	char all[RP_EDIT_LENGTH_MAX], part[RP_EDIT_LENGTH_MAX];
	unsigned far;

	literal_parts(glob, all, part);
	far = NO_PART + worth_telling(all) + 1;
	for (size_t i = 0; i < names->n; i++) {
		unsigned limit = *n == max ? best[max - 1].score : far, points;

		points = score(names->items[i], all, part, limit);
		if (points < limit)
			keep(best, n, max, names->items[i], points);
	}
}

/* PROVIDER:BEGIN of each reading of a selection. */
static void collect_usdt(const struct rp_select_usdt *selection, const struct rp_names *names,
			 struct suggestion *best, size_t *n, size_t max)
{
	unsigned first = selection->n == 4 ? 1 : 0, last = selection->n == 2 ? 0 : 1;
	char typed[2 * RP_EDIT_LENGTH_MAX];

	for (unsigned i = first; i <= last; i++) {
		snprintf(typed, sizeof(typed), "%s:%s", selection->fields[i],
			 selection->fields[i + 1]);
		collect(typed, names, best, n, max);
	}
}

size_t rp_plan__suggest(const struct rp_plan *plan, const char **names, size_t max)
{
	struct suggestion best[BEST_MAX];
	size_t n = 0;

	if (max > BEST_MAX)
		max = BEST_MAX;
	for (size_t i = 0; i < plan->n_functions && max; i++)
		collect(plan->functions[i].glob, &plan->function_names, best, &n, max);
	for (size_t i = 0; i < plan->n_usdts && max; i++)
		collect_usdt(&plan->usdts[i], &plan->usdt_names, best, &n, max);
	for (size_t i = 0; i < n; i++)
		names[i] = best[i].name;
	return n;
}

static size_t common_start(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static size_t add_starting(const struct rp_names *from, const char *text, const char **names,
			   size_t n, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < from->n && max; i++) {
		const char *name = from->items[i];
		size_t at = 0;

		if (strncmp(name, text, len) != 0)
			continue;
		while (at < n && strcmp(names[at], name) != 0)
			at++;
		if (at < n)
			continue;
		if (n < max)
			names[n++] = name;
		else if (common_start(names[0], name) < common_start(names[0], names[max - 1]))
			names[max - 1] = name;
	}
	return n;
}

size_t rp_plan__complete(const struct rp_plan *plan, const char *text, const char **names,
			 size_t max)
{
	size_t n = add_starting(&plan->function_names, text, names, 0, max);

	return add_starting(&plan->usdt_names, text, names, n, max);
}
