// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace list for people. */
#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/list_internal.h"
#include "util/escape.h"

struct column {
	const char *title;
	bool right;
};

static const struct column region_columns[] = {
	{"REGION", false}, {"KIND", false},  {"METHOD", false}, {"SITES", true},
	{"SLOW", true},	   {"OFFSET", true}, {"OBJECT", false}};
enum { REGION, KIND, METHOD, SITES, SLOW, OFFSET, OBJECT, N_REGION_COLUMNS };

static const struct column object_columns[] = {
	{"FUNCTIONS", true}, {"OBJECT", false}, {"USDT PROBES", false}};
enum { FUNCTIONS, FILE_NAME, PROVIDERS, N_OBJECT_COLUMNS };

static struct libscols_table *new_table(const struct column *columns, size_t n)
{
	struct libscols_table *table = scols_new_table();

	if (table)
		scols_table_enable_noencoding(table, 1); /* set() escapes */
	for (size_t i = 0; table && i < n; i++)
		if (!scols_table_new_column(table, columns[i].title, 0,
					    columns[i].right ? SCOLS_FL_RIGHT : 0)) {
			scols_unref_table(table);
			return NULL;
		}
	return table;
}

static int set(struct libscols_line *line, int column, const char *text)
{
	char *escaped = rp_escape__copy(text, true);
	int rc = escaped ? scols_line_refer_data(line, (size_t)column, escaped) : -ENOMEM;

	if (rc)
		free(escaped);
	return rc;
}

/* ---- regions ------------------------------------------------------------------------------- */

static int add_region(struct libscols_table *table, const struct rp_listing *l,
		      const struct rp_region *region, const struct rp_site *site)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char number[32];
	int rc;

	if (!line)
		return -ENOMEM;
	rc = set(line, REGION, region->name);
	rc |= set(line, KIND, rp_kind__name(region->kind));
	snprintf(number, sizeof(number), "%s%s", rp_listing__method(l, site),
		 region->ends_at_jump ? " >" : "");
	rc |= set(line, METHOD, number);
	snprintf(number, sizeof(number), "%u", region->sites);
	rc |= set(line, SITES, number);
	snprintf(number, sizeof(number), "%u", region->slow_sites);
	rc |= set(line, SLOW, region->slow_sites ? number : "-");
	snprintf(number, sizeof(number), "0x%llx", (unsigned long long)site->offset);
	rc |= set(line, OFFSET, number);
	rc |= set(line, OBJECT, region->object);
	return rc;
}

static int print_regions(const struct rp_listing *l)
{
	const struct rp_site **sites = rp_listing__sites(l);
	struct libscols_table *table = new_table(region_columns, N_REGION_COLUMNS);
	size_t n;
	const struct rp_region *regions = rp_plan__regions(l->plan, &n);
	int rc = table && sites ? 0 : -ENOMEM;
	bool ends_at_jump = false, slow = false;

	for (size_t i = 0; !rc && i < n; i++) {
		if (!sites[i])
			continue;
		rc = add_region(table, l, &regions[i], sites[i]);
		ends_at_jump |= regions[i].ends_at_jump;
		slow |= regions[i].slow_sites > 0;
	}
	if (!rc)
		rc = scols_print_table(table);
	if (!rc && slow)
		puts("SLOW sites are single-stepped by the kernel: a hit there costs some times "
		     "what another does");
	if (!rc && ends_at_jump)
		puts("> may end in a jump to a function that is not known: timed up to the jump");
	scols_unref_table(table);
	free(sites);
	return rc;
}

static void print_notes(const struct rp_listing *l)
{
	size_t n;
	const struct rp_refusal *refusals = rp_plan__refusals(l->plan, &n);
	char name[1024], reason[1024];

	if (l->stats.moved)
		printf("never hit: %zu site%s, as the program has moved or copied that code (to "
		       "huge pages?)\n",
		       l->stats.moved, l->stats.moved == 1 ? "" : "s");
	if (l->stats.names)
		puts("and regions that are named at run time");
	for (size_t i = 0; i < n; i++)
		printf("refused: %s: %s\n", rp_escape(refusals[i].name, name, sizeof(name)),
		       rp_escape(refusals[i].reason, reason, sizeof(reason)));
}

/* ---- what else there is ---------------------------------------------------------------------- */

static int print_objects(const struct rp_listing *l)
{
	struct libscols_table *table = new_table(object_columns, N_OBJECT_COLUMNS);
	int rc = table ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < l->n_objects; i++) {
		const struct rp_listed_object *object = &l->objects[i];
		struct libscols_line *line = scols_table_new_line(table, NULL);
		char number[32];

		if (!line) {
			rc = -ENOMEM;
			break;
		}
		snprintf(number, sizeof(number), "%zu", object->functions);
		rc = set(line, FUNCTIONS, number);
		rc |= set(line, FILE_NAME, object->path);
		rc |= set(line, PROVIDERS, object->providers ? object->providers : "-");
	}
	if (!rc) {
		puts("\nTo select from, with -f and -u:");
		rc = scols_print_table(table);
	}
	scols_unref_table(table);
	return rc;
}

int rp_listing__print(const struct rp_listing *l)
{
	char text[2048];
	size_t n;
	int rc = 0;

	rp_plan__regions(l->plan, &n);
	if (l->without_markers)
		printf("No markers, and no pairs of USDT probes. %s\n",
		       n ? "Functions of the program:" : "No symbols of functions either.");
	if (n || !l->without_markers)
		rc = print_regions(l);
	if (rc)
		return rc;
	print_notes(l);
	if (l->n_objects)
		rc = print_objects(l);
	if (!rc && l->n_next)
		puts("\nNext:");
	for (size_t i = 0; !rc && i < l->n_next; i++)
		printf("  %s\n", rp_escape(l->next[i].text, text, sizeof(text)));
	return rc;
}
