// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace list for programs: one JSON object, written line by line as it may be long. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/list_internal.h"
#include "util/escape.h"

static json_t *text(const char *value)
{
	char *escaped = rp_escape__copy(value, true);
	json_t *string = escaped ? json_string(escaped) : NULL;

	free(escaped);
	return string;
}

/* One element of an array, which is no longer the caller's. */
static int element(json_t *value, size_t at)
{
	int rc = value ? 0 : -ENOMEM;

	fputs(at ? ",\n    " : "\n    ", stdout);
	if (!rc && json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY))
		rc = -EIO;
	json_decref(value);
	return rc;
}

static int print_regions(const struct rp_listing *l)
{
	const struct rp_site **sites = rp_listing__sites(l);
	size_t n, at = 0;
	const struct rp_region *regions = rp_plan__regions(l->plan, &n);
	int rc = sites ? 0 : -ENOMEM;

	fputs("  \"regions\": [", stdout);
	for (size_t i = 0; !rc && i < n; i++) {
		const struct rp_region *r = &regions[i];

		if (sites[i])
			rc = element(json_pack("{s:o*, s:s, s:s, s:I, s:I, s:I, s:o*, s:b}", "name",
					       text(r->name), "kind", rp_kind__name(r->kind),
					       "method", rp_listing__method(l, sites[i]), "sites",
					       (json_int_t)r->sites, "slow_sites",
					       (json_int_t)r->slow_sites, "offset",
					       (json_int_t)sites[i]->offset, "object",
					       text(r->object), "ends_at_jump", r->ends_at_jump),
				     at++);
	}
	free(sites);
	return rc;
}

static int print_refusals(const struct rp_listing *l)
{
	size_t n;
	const struct rp_refusal *refusals = rp_plan__refusals(l->plan, &n);
	int rc = 0;

	fputs("],\n  \"refused\": [", stdout);
	for (size_t i = 0; !rc && i < n; i++)
		rc = element(json_pack("{s:o*, s:o*, s:o*}", "name", text(refusals[i].name),
				       "object", text(refusals[i].object), "reason",
				       text(refusals[i].reason)),
			     i);
	return rc;
}

static int print_objects(const struct rp_listing *l)
{
	int rc = 0;

	fputs("],\n  \"objects\": [", stdout);
	for (size_t i = 0; !rc && i < l->n_objects; i++) {
		const struct rp_listed_object *o = &l->objects[i];

		rc = element(json_pack("{s:o*, s:I, s:o*}", "path", text(o->path), "functions",
				       (json_int_t)o->functions, "usdt",
				       text(o->providers ? o->providers : "")),
			     i);
	}
	return rc;
}

int rp_listing__print_json(const struct rp_listing *l)
{
	int rc;

	printf("{\n  \"schema\": \"rptrace-list/1\",\n  \"version\": \"%s\",\n"
	       "  \"named_at_run_time\": %s,\n  \"moved_sites\": %zu,\n",
	       RP_VERSION, l->stats.names ? "true" : "false", l->stats.moved);
	rc = print_regions(l);
	if (!rc)
		rc = print_refusals(l);
	if (!rc)
		rc = print_objects(l);
	fputs("],\n  \"next\": [", stdout);
	for (size_t i = 0; !rc && i < l->n_next; i++)
		rc = element(text(l->next[i].text), i);
	puts("]\n}");
	return rc;
}
