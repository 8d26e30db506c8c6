// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "compare/run_profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

int rp_run_place__compare(const void *a, const void *b)
{
	const struct rp_run_place *x = a, *y = b;
	int order = !!x->line - !!y->line;

	if (!order)
		order = strcmp(x->function, y->function);
	if (!order)
		order = strcmp(x->file, y->file);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

int rp_run_profile__add(struct rp_run_profile *p, struct rp_arena *strings,
			const struct rp_run_place *line)
{
	const char *slash = strrchr(line->file, '/');
	struct rp_run_place place = *line;

	if (!(line->self > 0))
		return 0;
	place.function = rp_arena__dup(strings, line->function);
	place.file = rp_arena__dup(strings, slash ? slash + 1 : line->file);
	if (!place.function || !place.file ||
	    rp_array__grow(&p->place, p->n, &p->room, sizeof(*p->place)))
		return -ENOMEM;
	p->place[p->n++] = place;
	p->samples += place.self;
	return 0;
}

/* Where the line is not known, the samples count for the function alone. */
static size_t add_functions(struct rp_run_place *place, size_t n)
{
	size_t more = n;

	for (size_t i = 0; i < n; i++) {
		struct rp_run_place function = place[i];

		function.file = "";
		function.line = 0;
		if (place[i].line)
			place[more++] = function;
		else
			place[i] = function;
	}
	return more;
}

int rp_run_profile__finish(struct rp_run_profile *p)
{
	size_t n = 0, all;

	if (rp_array__fit(&p->place, 2 * p->n + 1, sizeof(*p->place)))
		return -ENOMEM;
	all = add_functions(p->place, p->n);
	rp_array__sort(p->place, all, sizeof(*p->place), rp_run_place__compare);
	for (size_t i = 0; i < all; i++) {
		if (n && !rp_run_place__compare(&p->place[n - 1], &p->place[i]))
			p->place[n - 1].self += p->place[i].self;
		else
			p->place[n++] = p->place[i];
	}
	p->n = n;
	return 0;
}

double rp_run_profile__self(const struct rp_run_profile *p, const struct rp_run_place *place)
{
	const struct rp_run_place *found = p->n ? bsearch(place, p->place, p->n, sizeof(*place),
							  rp_run_place__compare)
						: NULL;

	return found ? found->self : 0;
}

void rp_run_profile__free(struct rp_run_profile *p)
{
	free(p->place);
	*p = (struct rp_run_profile){0};
}
