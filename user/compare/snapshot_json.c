// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A snapshot as rptrace has written it: --format json. Somebody else may have written it: what is
 * not as it should be is left out, or the whole is refused.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compare/run_summary.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/map.h"

#define SCHEMA "rptrace-snapshot/1"

static const char *const keys[RP_FIGURES] = {
	[RP_FIGURE_COUNT] = "count",  [RP_FIGURE_TOTAL] = "total_ns", [RP_FIGURE_SELF] = "self_ns",
	[RP_FIGURE_MEAN] = "mean_ns", [RP_FIGURE_P50] = "p50_ns",     [RP_FIGURE_P99] = "p99_ns",
};

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* ns since 1970 of 2026-01-02T03:04:05+06:00; 0: it is none. */
static uint64_t wall_of(const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S%z", &tm) : NULL;
	long offset = tm.tm_gmtoff;
	time_t seconds = rest && !*rest ? timegm(&tm) - offset : 0;

	return seconds > 0 ? (uint64_t)seconds * RP_NS_PER_S : 0;
}

static bool kind_of(const char *text, enum rp_kind *kind)
{
	for (unsigned i = 0; text && i <= RP_KIND_SPAN; i++) {
		*kind = (enum rp_kind)i;
		if (!strcmp(rp_kind__name(*kind), text))
			return true;
	}
	return false;
}

/* The text that was escaped (util/escape.h) when this was written. */
static const char *unescape(struct rp_arena *strings, const char *text)
{
	size_t n = 0;
	char *plain = strdup(text);
	const char *copy;
	unsigned byte;

	for (const char *at = text; plain && *at; at++) {
		plain[n++] = *at;
		if (*at != '\\')
			continue;
		if (at[1] == '\\') {
			at++;
		} else if (sscanf(at, "\\x%2x", &byte) == 1 && byte) {
			plain[n - 1] = (char)byte;
			at += 3;
		}
	}
	copy = plain ? rp_arena__copy(strings, plain, n) : NULL;
	free(plain);
	return copy;
}

static int keep_text(struct rp_run_summary *out, const char *text, const char **to)
{
	*to = text ? unescape(&out->strings, text) : NULL;
	return text && !*to ? -ENOMEM : 0;
}

static bool is_same(const struct rp_run_region *a, const struct rp_run_region *b)
{
	return !rp_run_region__compare(a, b);
}

/* Of rows of several groups the sums; what is no sum is not known then. */
static void join_groups(struct rp_run_summary *out)
{
	size_t n = 0;

	rp_array__sort(out->region, out->n_regions, sizeof(*out->region), rp_run_region__compare);
	for (size_t i = 0; i < out->n_regions; i++) {
		struct rp_run_region *to = n ? &out->region[n - 1] : NULL;

		if (!to || !is_same(to, &out->region[i])) {
			out->region[n++] = out->region[i];
			continue;
		}
		for (int k = RP_FIGURE_MEAN; k < RP_FIGURES; k++)
			to->figure[k] = 0;
		for (int k = RP_FIGURE_COUNT; k < RP_FIGURE_MEAN; k++)
			to->figure[k] += out->region[i].figure[k];
	}
	out->n_regions = n;
}

/*
 * Of a number that somebody may have made up: none below 0, and none that an integer cannot hold.
 */
static double number_of(const json_t *object, const char *key)
{
	double value = json_number_value(json_object_get(object, key));

	return value > 0 ? fmin(value, 1e18) : 0;
}

/* As a baseline has it. Its number; 0: -ENOMEM. */
static uint32_t add_past(struct rp_run_summary *out, const json_t *object, uint32_t parent,
			 const struct rp_past_name *name)
{
	const struct rp_past past = {
		.parent = parent,
		.name = *name,
		.f = {.count = (uint64_t)number_of(object, "count"),
		      .min = number_of(object, "min_ns"),
		      .p50 = number_of(object, "p50_ns"),
		      .p90 = number_of(object, "p90_ns"),
		      .p99 = number_of(object, "p99_ns"),
		      .p999 = number_of(object, "p999_ns"),
		      .max = number_of(object, "max_ns"),
		      .probes = number_of(object, "probes_ns")},
	};

	return rp_baseline__add(&out->past, &past);
}

static int add_path(struct rp_run_summary *out, const json_t *object, struct rp_map *numbers)
{
	const json_t *parent = json_object_get(object, "parent");
	uint64_t id = (uint64_t)json_integer_value(json_object_get(object, "id"));
	struct rp_past_name name;
	uint32_t number = 0;

	if (json_is_integer(parent))
		number = rp_map__get(numbers, (uint64_t)json_integer_value(parent));
	if (number == RP_MAP_NONE || rp_map__get(numbers, id) != RP_MAP_NONE ||
	    !text_of(object, "name") || !kind_of(text_of(object, "kind"), &name.kind))
		return 0;
	if (keep_text(out, text_of(object, "name"), &name.name))
		return -ENOMEM;
	number = add_past(out, object, number, &name);
	return number ? rp_map__add(numbers, id, number) : -ENOMEM;
}

/* A parent comes before its children; what says otherwise is left out. */
static int add_tree(struct rp_run_summary *out, const json_t *tree)
{
	struct rp_map numbers = {0}; /* of ids */
	const json_t *object;
	size_t i;
	int rc = 0;

	json_array_foreach (tree, i, object) {
		rc = add_path(out, object, &numbers);
		if (rc)
			break;
	}
	rp_map__free(&numbers);
	return rc ? rc : rp_baseline__finish(&out->past);
}

static int add_regions(struct rp_run_summary *out, const json_t *regions)
{
	const json_t *object;
	size_t i;

	out->region = calloc(json_array_size(regions) + 1, sizeof(*out->region));
	if (!out->region)
		return -ENOMEM;
	json_array_foreach (regions, i, object) {
		struct rp_run_region *region = &out->region[out->n_regions];
		const char *name = text_of(object, "name");

		if (!name || !kind_of(text_of(object, "kind"), &region->kind))
			continue;
		region->object = region->build_id = "";
		if (keep_text(out, name, &region->name))
			return -ENOMEM;
		for (size_t k = 0; k < RP_FIGURES; k++)
			if (keys[k])
				region->figure[k] = number_of(object, keys[k]);
		region->probes = number_of(object, "probes_ns");
		if (!add_past(out, object, RP_PAST_FLAT,
			      &(struct rp_past_name){region->name, region->kind}))
			return -ENOMEM;
		out->n_regions++;
	}
	join_groups(out);
	return 0;
}

/* Of all lines; what a sample stands for follows from how many there were a second of CPU time. */
static int add_profile(struct rp_run_summary *out, const json_t *samples, const json_t *lines)
{
	double hz = number_of(samples, "hz_achieved"), taken = number_of(samples, "taken");
	const json_t *object;
	size_t i;

	if (!samples)
		return 0;
	json_array_foreach (lines, i, object) {
		struct rp_run_place place = {
			.line = (uint32_t)fmin(number_of(object, "line"), INT32_MAX),
			.self = number_of(object, "self")};
		int rc = keep_text(out, text_of(object, "function"), &place.function);

		if (!rc)
			rc = keep_text(out, text_of(object, "file"), &place.file);
		if (!rc && place.function && place.file)
			rc = rp_run_profile__add(&out->profile, &out->strings, &place);
		if (rc)
			return rc;
	}
	if (hz > 0 && taken > 0)
		out->profile.each = taken / hz * RP_NS_PER_S / (taken + number_of(samples, "lost"));
	return rp_run_profile__finish(&out->profile);
}

static int fill(struct rp_run_summary *out, const json_t *root, const char *name)
{
	int rc = 0;

	out->name = rp_arena__dup(&out->strings, name);
	if (!out->name)
		rc = -ENOMEM;
	out->wall = wall_of(text_of(root, "start_time"));
	if (!rc)
		rc = keep_text(out, text_of(root, "version"), &out->meta.version);
	if (!rc)
		rc = keep_text(out, text_of(root, "host"), &out->meta.host);
	if (!rc)
		rc = keep_text(out, text_of(root, "kernel"), &out->meta.kernel);
	if (!rc)
		rc = keep_text(out, text_of(root, "kept"), &out->meta.kept);
	if (!rc)
		rc = keep_text(out, text_of(json_object_get(root, "attach"), "mode"),
			       &out->meta.attach_mode);
	if (!rc)
		rc = add_regions(out, json_object_get(root, "regions"));
	out->past.file = out->name;
	out->past.duration = (uint64_t)number_of(root, "duration_ns");
	out->ns_per_region = number_of(json_object_get(root, "overhead"), "ns_per_region");
	if (!rc)
		rc = add_profile(out, json_object_get(root, "samples"),
				 json_object_get(root, "lines"));
	return rc ? rc : add_tree(out, json_object_get(root, "tree"));
}

int rp_run_summary__of_json(const char *text, size_t n, const char *name,
			    struct rp_run_summary *out, const char **why)
{
	json_t *root = json_loadb(text, n, 0, NULL);
	const char *schema = text_of(root, "schema");
	int rc;

	*out = (struct rp_run_summary){0};
	*why = NULL;
	if (!root)
		*why = "is neither a record nor JSON";
	else if (!schema || strcmp(schema, SCHEMA))
		*why = "is JSON, but no snapshot of rptrace";
	rc = *why ? -EINVAL : fill(out, root, name);
	json_decref(root);
	if (rc)
		rp_run_summary__free(out);
	return rc;
}
