// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* One object, yet built row by row: a tree of many thousand paths never stands in memory whole. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

static json_t *integer(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *real(double value)
{
	return json_real(isfinite(value) ? value : 0);
}

static json_t *text(const char *value)
{
	char *escaped = rp_escape__copy(value, true);
	json_t *string = escaped ? json_string(escaped) : NULL;

	free(escaped);
	return string;
}

static json_t *figure(const struct rp_column *column, const struct rp_row *row,
		      const struct rp_snapshot *snapshot)
{
	if (column->text)
		return text(column->text(row));
	if (column->unit == RP_UNIT_FLAG)
		return json_boolean(column->exact(row));
	return column->exact ? integer(column->exact(row)) : real(column->value(row, snapshot));
}

/*
 * The change as a share (0.1: a tenth more), and the bounds between which it lies; null where
 * unknown.
 */
static int add_change(json_t *object, const struct rp_column *column, const struct rp_row *row)
{
	const struct rp_ratio *ratio = rp_column__change(column, row);
	const double values[] = {ratio->value, ratio->low, ratio->high};
	static const char *const ends[] = {"", "_low", "_high"};
	char key[64];
	int err = 0;

	for (size_t i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "%s%s", column->key, ends[i]);
		err |= json_object_set_new(object, key,
					   ratio->high > 0 && isfinite(values[i])
						   ? json_real(values[i] - 1)
						   : json_null());
	}
	return err;
}

static int add_figures(json_t *object, const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	int err = 0;

	for (size_t i = 0; i < rp_n_columns; i++) {
		const struct rp_column *column = &rp_columns[i];

		if (!rp_column__is_exported(column, snapshot))
			continue;
		if (column->unit == RP_UNIT_CHANGE)
			err |= add_change(object, column, row);
		else
			err |= json_object_set_new(object, column->key,
						   figure(column, row, snapshot));
	}
	for (size_t i = 0; i < rp_n_record_columns; i++) {
		const struct rp_column *column = &rp_record_columns[i];

		if (rp_column__applies(column, row))
			err |= json_object_set_new(object, column->key,
						   figure(column, row, snapshot));
	}
	/* To the ps: below, the order in which it was added up shows. */
	err |= json_object_set_new(object, "probes_ns", real(round(row->probes * 1000) / 1000));
	return err;
}

/* Closes the object; a failure to make it is one of memory. */
static int dump(FILE *out, json_t *object, int err, size_t flags)
{
	if (object && !err)
		err = json_dumpf(object, out, flags | JSON_REAL_PRECISION(15));
	else
		err = -1;
	json_decref(object);
	if (err)
		return ferror(out) ? -EIO : -ENOMEM;
	return 0;
}

static int add_place(json_t *object, const struct rp_place *place)
{
	int err = json_object_set_new(object, "function", text(place->function));

	err |= json_object_set_new(object, "file", text(place->file));
	err |= json_object_set_new(object, "line", integer(place->line));
	return err | json_object_set_new(object, "object", text(place->object));
}

/* Where threads slept, in ns. */
static json_t *asleep_lines_array(const struct rp_profile *profile)
{
	json_t *array = json_array();
	int err = array ? 0 : -1;

	for (size_t i = 0; i < profile->lines.n && !err; i++) {
		const struct rp_line *line = &profile->lines.item[i];
		json_t *object = json_object();

		err |= add_place(object, line->place);
		err |= json_object_set_new(object, "self_ns", integer(line->self));
		err |= json_object_set_new(object, "cumulative_ns", integer(line->cumulative));
		err |= json_array_append_new(array, object);
	}
	if (!err)
		return array;
	json_decref(array);
	return NULL;
}

/* samples: of all that the lines are a part of. */
static json_t *lines_array(const struct rp_profile *profile)
{
	json_t *array = json_array();
	int err = array ? 0 : -1;

	for (size_t i = 0; i < profile->lines.n && !err; i++) {
		const struct rp_line *line = &profile->lines.item[i];
		json_t *object = json_object();
		double low, high;

		rp_sampled__interval(line->self, profile->samples, &low, &high);
		err |= add_place(object, line->place);
		err |= json_object_set_new(object, "self", integer(line->self));
		err |= json_object_set_new(object, "cumulative", integer(line->cumulative));
		err |= json_object_set_new(object, "self_low", real(low));
		err |= json_object_set_new(object, "self_high", real(high));
		err |= json_array_append_new(array, object);
	}
	if (!err)
		return array;
	json_decref(array);
	return NULL;
}

/* What became of the stacks; err: of what is in the object already. */
static json_t *stacks_object(json_t *object, int err, const struct rp_sampled *sampled)
{
	json_t *ends = json_object();

	err |= json_object_set_new(object, "taken", integer(sampled->totals.taken));
	err |= json_object_set_new(object, "lost", integer(sampled->lost));
	err |= json_object_set_new(object, "truncated", integer(sampled->totals.truncated));
	err |= json_object_set_new(object, "unresolved", integer(sampled->totals.unresolved));
	err |= json_object_set_new(object, "at_probes", integer(sampled->totals.probes));
	err |= json_object_set_new(object, "dropped", integer(sampled->totals.dropped));
	err |= json_object_set_new(object, "no_room", integer(sampled->totals.no_room));
	for (size_t i = 0; i < RP_UNWIND_END_COUNT; i++)
		if (rp_stack_ends[i].key)
			err |= json_object_set_new(ends, rp_stack_ends[i].key,
						   integer(sampled->totals.ends[i]));
	err |= json_object_set_new(object, "stacks", ends);
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *samples_object(const struct rp_sampled *sampled)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "hz_wanted", integer(sampled->hz_wanted));

	err |= json_object_set_new(object, "hz_achieved", real(sampled->hz_achieved));
	return stacks_object(object, err, sampled);
}

static json_t *off_cpu_object(const struct rp_sampled *asleep)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "asleep_ns", integer(asleep->all.samples));

	err |= json_object_set_new(object, "dropped_ns", integer(asleep->totals.dropped_ns));
	return stacks_object(object, err, asleep);
}

static int add_wakings(json_t *object, const struct rp_wakings *wakings)
{
	json_t *array = json_array();
	int err = json_object_set_new(object, "own_blocked_ns", integer(wakings->ns));

	for (size_t i = 0; i < wakings->n && !err; i++) {
		const struct rp_waking *waking = &wakings->item[i];
		json_t *waker = json_object();

		err |= json_object_set_new(waker, "kind", text(rp_waking__kind(waking)));
		err |= json_object_set_new(waker, "region",
					   waking->region ? text(waking->region) : json_null());
		err |= json_object_set_new(waker, "count", integer(waking->count));
		err |= json_object_set_new(waker, "blocked_ns", integer(waking->ns));
		err |= json_array_append_new(array, waker);
	}
	return err | json_object_set_new(object, "wakers", array);
}

static int print_row(FILE *out, const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	json_t *object = json_object();
	int err = add_figures(object, row, snapshot);

	err |= json_object_set_new(object, "unmatched", integer(row->f.unmatched));
	err |= json_object_set_new(object, "slow", json_boolean(row->slow));
	err |= json_object_set_new(object, "crossed", json_boolean(row->crossed));
	if (snapshot->sampled)
		err |= json_object_set_new(object, "lines", lines_array(&row->profile));
	if (snapshot->asleep)
		err |= json_object_set_new(object, "asleep_lines",
					   asleep_lines_array(&row->sleeps));
	if (snapshot->wakers)
		err |= add_wakings(object, &row->wakings);
	return dump(out, object, err, 0);
}

static int print_tree_row(FILE *out, const struct rp_tree_row *row,
			  const struct rp_snapshot *snapshot)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "id", integer(row->id));

	err |= json_object_set_new(object, "parent",
				   row->parent ? integer(row->parent) : json_null());
	err |= add_figures(object, &row->row, snapshot);
	if (snapshot->wakers)
		err |= add_wakings(object, &row->row.wakings);
	return dump(out, object, err, 0);
}

static json_t *attach_object(const struct rp_snapshot *snapshot)
{
	const struct rp_meta *meta = &snapshot->meta;
	json_t *object = json_object(), *left_out = json_array();
	int err = json_object_set_new(object, "mode", text(meta->attach_mode));

	err |= json_object_set_new(object, "probes", integer(meta->probes));
	err |= json_object_set_new(object, "slow_sites", integer(meta->slow_sites));
	for (size_t i = 0; i < snapshot->n_left_out; i++)
		err |= json_array_append_new(left_out, text(snapshot->left_out[i]));
	err |= json_object_set_new(object, "left_out", left_out);
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *baseline_object(const struct rp_snapshot *snapshot)
{
	json_t *object = json_object(), *missing = json_array();
	int err = json_object_set_new(object, "file", text(snapshot->baseline->file));

	err |= json_object_set_new(object, "duration_ns", integer(snapshot->baseline->duration));
	for (size_t i = 0; i < snapshot->n_missing; i++)
		err |= json_array_append_new(missing, text(snapshot->missing[i]));
	err |= json_object_set_new(object, "missing", missing);
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *overhead_object(const struct rp_meta *meta)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "ns_per_region", real(meta->ns_per_region));

	err |= json_object_set_new(object, "cpu_share",
				   isnan(meta->cpu_share) ? json_null() : real(meta->cpu_share));
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *lost_object(const struct rp_snapshot *snapshot)
{
	json_t *object = json_object();
	int err = 0;

	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		err |= json_object_set_new(object, rp_lost_texts[i].key,
					   integer(snapshot->lost[i]));
	err |= json_object_set_new(object, "late_ns", integer(snapshot->late_ns));
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

/* Room for the path: of the longest only the inner part is told. */
#define PATH_BYTES 65536

/* Numbers that need all of 64 bits. */
static json_t *long_id(uint64_t id, bool is_address)
{
	char digits[32];

	snprintf(digits, sizeof(digits), is_address ? "%#" PRIx64 : "%" PRIu64, id);
	return json_string(digits);
}

static int print_stuck(FILE *out, const struct rp_open_regions *open, const struct rp_open_row *row,
		       char *path)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "name", text(row->name));

	rp_open_regions__path(open, row, path, PATH_BYTES);
	err |= json_object_set_new(object, "kind", text(rp_kind__name(row->kind)));
	err |= json_object_set_new(object, "object", text(row->object));
	err |= json_object_set_new(object, "label", row->label[0] ? text(row->label) : json_null());
	err |= json_object_set_new(object, "path", text(path));
	err |= json_object_set_new(object, "age_ns", integer(row->age));
	err |= json_object_set_new(object, "start_ns", integer(row->start));
	err |= json_object_set_new(object, "pid", integer(row->pid));
	err |= json_object_set_new(object, "tid", row->tid ? integer(row->tid) : json_null());
	err |= json_object_set_new(object, "goroutine",
				   row->goroutine ? long_id(row->goroutine, true) : json_null());
	err |= json_object_set_new(object, "span",
				   row->kind == RP_KIND_SPAN ? long_id(row->span, false)
							     : json_null());
	err |= json_object_set_new(object, "command", text(row->comm));
	return dump(out, object, err, 0);
}

static int print_all_stuck(FILE *out, const struct rp_open_regions *open, const char *end)
{
	char *path = malloc(PATH_BYTES);
	int err = path ? 0 : -ENOMEM;

	fprintf(out, ",%s\"stuck\": [", end);
	for (size_t i = 0; i < open->n_stuck && !err; i++) {
		fprintf(out, "%s%s", i ? "," : "", end);
		err = print_stuck(out, open, &open->row[i], path);
	}
	fputc(']', out);
	free(path);
	return err;
}

static int print_head(FILE *out, const struct rp_snapshot *snapshot)
{
	const struct rp_meta *meta = &snapshot->meta;
	json_t *object = json_object();
	int err = json_object_set_new(object, "schema", json_string("rptrace-snapshot/1"));

	err |= json_object_set_new(object, "version", text(meta->version));
	err |= json_object_set_new(object, "host", text(meta->host));
	err |= json_object_set_new(object, "kernel", text(meta->kernel));
	err |= json_object_set_new(object, "start_time", text(meta->start_time));
	err |= json_object_set_new(object, "duration_ns", integer(snapshot->duration));
	if (meta->kept)
		err |= json_object_set_new(object, "kept", text(meta->kept));
	err |= json_object_set_new(object, "attach", attach_object(snapshot));
	err |= json_object_set_new(object, "overhead", overhead_object(meta));
	err |= json_object_set_new(object, "lost", lost_object(snapshot));
	if (snapshot->baseline)
		err |= json_object_set_new(object, "baseline", baseline_object(snapshot));
	if (snapshot->sampled) {
		err |= json_object_set_new(object, "samples", samples_object(snapshot->sampled));
		err |= json_object_set_new(object, "lines", lines_array(&snapshot->sampled->all));
	}
	if (snapshot->asleep)
		err |= json_object_set_new(object, "off_cpu", off_cpu_object(snapshot->asleep));
	return dump(out, object, err, JSON_EMBED);
}

int rp_view__json(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts)
{
	const char *end = opts->one_line ? "" : "\n"; /* of a line */
	int err;

	fputc('{', out);
	err = print_head(out, snapshot);
	fprintf(out, ",%s\"regions\": [", end);
	for (size_t i = 0; i < snapshot->n_rows && !err; i++) {
		fprintf(out, "%s%s", i ? "," : "", end);
		err = print_row(out, &snapshot->rows[i], snapshot);
	}
	fprintf(out, "],%s\"tree\": [", end);
	for (size_t i = 0; i < snapshot->n_tree && !err; i++) {
		fprintf(out, "%s%s", i ? "," : "", end);
		err = print_tree_row(out, &snapshot->tree[i], snapshot);
	}
	fputc(']', out);
	if (snapshot->open && snapshot->open->stuck && !err)
		err = print_all_stuck(out, snapshot->open, end);
	if (opts->summary)
		fprintf(out, ",%s\"summary\": true", end);
	fputs("}\n", out);
	return err ? err : rp_view__end(out);
}
