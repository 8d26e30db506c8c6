// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "commands/commands.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands/doctor_internal.h"
#include "util/escape.h"
#include "util/written.h"

#define ESCAPED_MAX 2048 /* of one finding: four for each of its bytes */

static const char *const level_names[] = {
	[RP_LEVEL_OK] = "ok", [RP_LEVEL_NOTE] = "note", [RP_LEVEL_FAIL] = "FAIL"};

void rp_finding__set(struct rp_finding *f, enum rp_level level, const char *cure, const char *found,
		     ...)
{
	va_list ap;

	f->level = level;
	va_start(ap, found);
	vsnprintf(f->found, sizeof(f->found), found, ap);
	va_end(ap);
	snprintf(f->cure, sizeof(f->cure), "%s", cure ? cure : "");
}

static bool works(const struct rp_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->items[i].level == RP_LEVEL_FAIL)
			return false;
	return true;
}

static void print(const struct rp_findings *findings)
{
	char text[ESCAPED_MAX];

	for (size_t i = 0; i < findings->n; i++) {
		const struct rp_finding *f = &findings->items[i];

		printf("%-4s  %-26s %s\n", level_names[f->level], f->name,
		       rp_escape(f->found, text, sizeof(text)));
		if (f->cure[0])
			printf("      cure: %s\n", rp_escape(f->cure, text, sizeof(text)));
	}
}

static json_t *to_json(const struct rp_findings *findings)
{
	json_t *array = json_array();
	char found[ESCAPED_MAX], cure[ESCAPED_MAX];

	for (size_t i = 0; i < findings->n; i++) {
		const struct rp_finding *f = &findings->items[i];
		json_t *check = json_pack("{s:s, s:s, s:s}", "name", f->name, "level",
					  level_names[f->level], "found",
					  rp_escape(f->found, found, sizeof(found)));

		if (f->cure[0])
			json_object_set_new(check, "cure",
					    json_string(rp_escape(f->cure, cure, sizeof(cure))));
		json_array_append_new(array, check);
	}
	return array;
}

static int dump(json_t *system, json_t *targets, bool all_work)
{
	json_t *report = json_pack("{s:s, s:s, s:b, s:o, s:o}", "schema", "rptrace-doctor/1",
				   "version", RP_VERSION, "works", all_work, "checks", system,
				   "targets", targets);
	int rc = report ? json_dumpf(report, stdout, JSON_INDENT(2)) : -ENOMEM;

	putchar('\n');
	json_decref(report);
	return rc;
}

int rp_doctor__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct rp_findings findings = {0};
	json_t *checks = NULL, *targets = opts->json ? json_array() : NULL;
	struct rp_system system;
	bool all_work;
	int rc = 0;

	(void)say;
	rp_system__open(&system, opts);
	rp_system__check(&system, &findings);
	all_work = works(&findings);
	if (opts->json)
		checks = to_json(&findings);
	else
		print(&findings);
	for (size_t i = 0; i < opts->n_pids; i++) {
		memset(&findings, 0, sizeof(findings));
		rp_target__check(&system, opts->pids[i], &findings);
		all_work &= works(&findings);
		if (opts->json) {
			json_array_append_new(targets,
					      json_pack("{s:i, s:o}", "pid", (int)opts->pids[i],
							"checks", to_json(&findings)));
			continue;
		}
		printf("\nprocess %d\n", (int)opts->pids[i]);
		print(&findings);
	}
	if (opts->json)
		rc = dump(checks, targets, all_work);
	if (!rp_written__check(stdout, "the report", err) && rc)
		rp_err__no_memory(err);
	if (err->cause[0])
		return RP_EXIT_FAILED;
	return all_work ? RP_EXIT_OK : RP_EXIT_DENIED;
}
