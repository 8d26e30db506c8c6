// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "view/internal.h"

/* ---- getters --------------------------------------------------------------------------- */

static const char *text_name(const struct rp_row *row)
{
	return row->name ? row->name : "";
}

static const char *text_kind(const struct rp_row *row)
{
	return rp_kind__name(row->kind);
}

static const char *text_object(const struct rp_row *row)
{
	return row->object ? row->object : "";
}

static const char *text_overlaps(const struct rp_row *row)
{
	static const char *const by[] = {"", "@arg0", "@arg1", "@arg2", "@arg3"};

	_Static_assert(sizeof(by) / sizeof(by[0]) == 1 + RP_OVERLAP_ARGS, "one for each argument");
	return by[row->told_by];
}

static const char *text_group(const struct rp_row *row)
{
	return row->group ? row->group : "";
}

#define INTEGER_FIGURE(field)                                                                      \
	static uint64_t exact_##field(const struct rp_row *row)                                    \
	{                                                                                          \
		return row->f.field;                                                               \
	}                                                                                          \
	static double value_##field(const struct rp_row *row, const struct rp_snapshot *snapshot)  \
	{                                                                                          \
		(void)snapshot;                                                                    \
		return (double)row->f.field;                                                       \
	}
#define REAL_FIGURE(field)                                                                         \
	static double value_##field(const struct rp_row *row, const struct rp_snapshot *snapshot)  \
	{                                                                                          \
		(void)snapshot;                                                                    \
		return row->f.field;                                                               \
	}

INTEGER_FIGURE(count)
INTEGER_FIGURE(total)
INTEGER_FIGURE(self)
INTEGER_FIGURE(cpu)
INTEGER_FIGURE(wait)
INTEGER_FIGURE(blocked)
INTEGER_FIGURE(asleep)
INTEGER_FIGURE(asleep_untold)
INTEGER_FIGURE(min)
INTEGER_FIGURE(max)
REAL_FIGURE(mean)
REAL_FIGURE(stddev)
INTEGER_FIGURE(p50)
INTEGER_FIGURE(p90)
INTEGER_FIGURE(p99)
INTEGER_FIGURE(p999)
INTEGER_FIGURE(open)
INTEGER_FIGURE(unwound)
INTEGER_FIGURE(unmatched)
INTEGER_FIGURE(first)
INTEGER_FIGURE(last)
REAL_FIGURE(imbalance)

#define SAMPLED_FIGURE(name, field)                                                                \
	static uint64_t exact_##name(const struct rp_row *row)                                     \
	{                                                                                          \
		return row->profile.field;                                                         \
	}                                                                                          \
	static double value_##name(const struct rp_row *row, const struct rp_snapshot *snapshot)   \
	{                                                                                          \
		(void)snapshot;                                                                    \
		return (double)row->profile.field;                                                 \
	}

SAMPLED_FIGURE(samples, samples)
SAMPLED_FIGURE(sampled_cpu, cpu)

static double value_rate(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	return snapshot->duration ? (double)row->f.count / ((double)snapshot->duration / 1e9) : 0;
}

#define CHANGE_FIGURE(name, changed)                                                               \
	static double value_##name(const struct rp_row *row, const struct rp_snapshot *snapshot)   \
	{                                                                                          \
		(void)snapshot;                                                                    \
		return row->new ? INFINITY : row->change[changed].value;                           \
	}

CHANGE_FIGURE(rate_change, RP_CHANGED_RATE)
CHANGE_FIGURE(p50_change, RP_CHANGED_P50)
CHANGE_FIGURE(p99_change, RP_CHANGED_P99)

static double value_share(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	return snapshot->duration ? (double)row->f.total / (double)snapshot->duration * 100 : 0;
}

static double value_split(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	(void)snapshot;
	return rp_split__share(row, RP_SPLIT_CPU);
}

static double value_trend(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	return value_rate(row, snapshot);
}

#define FLAG_FIGURE(field)                                                                         \
	static uint64_t exact_##field(const struct rp_row *row)                                    \
	{                                                                                          \
		return row->field;                                                                 \
	}                                                                                          \
	static double value_##field(const struct rp_row *row, const struct rp_snapshot *snapshot)  \
	{                                                                                          \
		(void)snapshot;                                                                    \
		return row->field;                                                                 \
	}

FLAG_FIGURE(ends_at_jump)
FLAG_FIGURE(late)
FLAG_FIGURE(new)

/* ---- the table ------------------------------------------------------------------------- */

#define TEXT(name, title, help, exported, shown)                                                   \
	{                                                                                          \
#name, #name, title, help, RP_UNIT_TEXT, exported, shown, text_##name, NULL, NULL  \
	}
#define COUNT(name, title, help, exported)                                                         \
	{                                                                                          \
#name, #name, title, help, RP_UNIT_COUNT, exported, true, NULL, value_##name,      \
			exact_##name                                                               \
	}
#define NS(name, title, help, shown)                                                               \
	{                                                                                          \
#name "_ns", #name, title, help, RP_UNIT_NS, true, shown, NULL, value_##name,      \
			exact_##name                                                               \
	}
#define MEAN(name, title, help, shown)                                                             \
	{                                                                                          \
#name "_ns", #name, title, help, RP_UNIT_NS_MEAN, true, shown, NULL, value_##name, \
			NULL                                                                       \
	}
#define FLAG(name, title, help)                                                                    \
	{                                                                                          \
#name, #name, title, help, RP_UNIT_FLAG, true, false, NULL, value_##name,          \
			exact_##name                                                               \
	}
#define RATIO(name, title, help)                                                                   \
	{                                                                                          \
#name, #name, title, help, RP_UNIT_RATIO, true, true, NULL, value_##name, NULL     \
	}
#define CHANGE(name, title, help)                                                                  \
	{                                                                                          \
#name, #name, title, help, RP_UNIT_CHANGE, true, true, NULL, value_##name, NULL    \
	}
#define PEOPLE(name, title, help, unit)                                                            \
	{                                                                                          \
#name, #name, title, help, unit, false, false, NULL, value_##name, NULL            \
	}

/* In the order of the JSON and CSV contract; then what is for people alone. */
const struct rp_column rp_columns[] = {
	TEXT(name, "REGION", "name of the region", true, true),
	TEXT(kind, "KIND", "function, usdt, marker or span", true, false),
	TEXT(object, "OBJECT", "file that has the region", true, false),
	COUNT(count, "COUNT", "times left by its exit, hence timed", true),
	NS(total, "TOTAL", "wall time; under recursion that of the outermost frame", true),
	NS(self, "SELF", "wall time less that in regions entered from it", true),
	NS(cpu, "CPU", "of the total, running on a CPU", true),
	NS(wait, "WAIT", "of the total, ready to run but waiting for a CPU", true),
	NS(blocked, "BLOCKED", "of the total, asleep", true),
	NS(min, "MIN", "shortest time", false),
	NS(max, "MAX", "longest time", true),
	MEAN(mean, "MEAN", "mean time", true),
	MEAN(stddev, "STDDEV", "standard deviation of the times", false),
	NS(p50, "P50", "median time", true),
	NS(p90, "P90", "90 % of the times are no longer", false),
	NS(p99, "P99", "99 % of the times are no longer", true),
	NS(p999, "P99.9", "99.9 % of the times are no longer", false),
	COUNT(open, "OPEN", "entered and not left yet", true),
	COUNT(unwound, "UNWOUND", "left without an exit (exception, longjmp, thread exit)", true),
	FLAG(ends_at_jump, "AT JUMP", "some calls are timed only up to a tail call"),
	TEXT(overlaps, "OVERLAPS", "the argument that tells overlapping calls apart", true, false),
	FLAG(late, "LATE", "a label past the bound: its first calls are among the others"),
	TEXT(group, "GROUP", "process, thread, command, cgroup or label", true, true),
	COUNT(unmatched, "UNMATCHED", "exits without an entry, in all groups", false),
	COUNT(samples, "SAMPLES", "looks at threads that were in it", true),
	NS(sampled_cpu, "SAMPLED", "CPU time as those samples tell it", true),
	NS(asleep, "ASLEEP", "of the blocked time, what sleeps have added up to", false),
	NS(asleep_untold, "NO STACK", "of that, sleeps whose stack was not taken", false),
	FLAG(new, "NEW", "the baseline has no such region, or path"),
	CHANGE(rate_change, "RATE VS", "change of the rate against the baseline"),
	CHANGE(p50_change, "P50 VS", "change of the median against the baseline"),
	CHANGE(p99_change, "P99 VS", "change of P99 against the baseline"),
	PEOPLE(rate, "RATE/S", "count a second", RP_UNIT_RATE),
	PEOPLE(share, "%TIME", "total as a share of the period; several threads: over 100 %",
	       RP_UNIT_SHARE),
	PEOPLE(split, "CPU/WAIT/BLK", "bar of the total: on a CPU, waiting for one, asleep",
	       RP_UNIT_SPLIT),
	PEOPLE(trend, "TREND", "count a second over the last minute, between its own extremes",
	       RP_UNIT_TREND),
};
const size_t rp_n_columns = sizeof(rp_columns) / sizeof(rp_columns[0]);

const struct rp_column rp_record_columns[] = {
	NS(first, "FIRST", "when it was first entered, since the run began", false),
	NS(last, "LAST", "when it was last over, since the run began", false),
	RATIO(imbalance, "IMBALANCE", "by file: the largest total of the region over the mean one"),
};
const size_t rp_n_record_columns = sizeof(rp_record_columns) / sizeof(rp_record_columns[0]);

static const struct rp_column *find(const struct rp_column *columns, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const struct rp_column *column = &columns[i];

		if (!strcasecmp(name, column->sort) || !strcasecmp(name, column->key) ||
		    !strcasecmp(name, column->title))
			return column;
	}
	return NULL;
}

const struct rp_column *rp_column__find(const char *name)
{
	const struct rp_column *column = find(rp_columns, rp_n_columns, name);

	return column ? column : find(rp_record_columns, rp_n_record_columns, name);
}

bool rp_column__is_of_records(const struct rp_column *column)
{
	return column >= rp_record_columns && column < rp_record_columns + rp_n_record_columns;
}

static void add_once(struct rp_column_list *list, const struct rp_column *column)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->column[i] == column)
			return;
	if (list->n < RP_COLUMN_LIST_MAX)
		list->column[list->n++] = column;
}

const char *rp_column_list__parse(const char *text, struct rp_column_list *out)
{
	*out = (struct rp_column_list){0};
	add_once(out, &rp_columns[0]);
	for (;;) {
		size_t len = strcspn(text, ",");
		const struct rp_column *column;
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)len, text);
		column = len < sizeof(name) ? rp_column__find(name) : NULL;
		if (!column)
			return text;
		add_once(out, column);
		if (!text[len])
			return NULL;
		text += len + 1;
	}
}

static bool is_of_sleeps(const struct rp_column *column)
{
	return column->exact == exact_asleep || column->exact == exact_asleep_untold;
}

bool rp_column__is_of_samples(const struct rp_column *column)
{
	return column->exact == exact_samples || column->exact == exact_sampled_cpu ||
	       is_of_sleeps(column);
}

const struct rp_ratio *rp_column__change(const struct rp_column *column, const struct rp_row *row)
{
	return &row->change[column->value == value_rate_change	? RP_CHANGED_RATE
			    : column->value == value_p50_change ? RP_CHANGED_P50
								: RP_CHANGED_P99];
}

bool rp_column__is_exported(const struct rp_column *column, const struct rp_snapshot *snapshot)
{
	if (column->text == text_group)
		return snapshot->meta.group_by;
	if (is_of_sleeps(column))
		return snapshot->asleep;
	if (rp_column__is_of_samples(column))
		return snapshot->sampled;
	if (column->unit == RP_UNIT_CHANGE || column->exact == exact_new)
		return snapshot->baseline;
	return column->exported;
}

/* ---- for people ------------------------------------------------------------------------ */

static bool is_wanted(const struct rp_column *column, const struct rp_snapshot *snapshot)
{
	bool only_if_any = column->exact == exact_open || column->exact == exact_unwound ||
			   column->exact == exact_unmatched || column->value == value_imbalance;

	if (column->text == text_group || rp_column__is_of_samples(column) ||
	    column->unit == RP_UNIT_CHANGE)
		return rp_column__is_exported(column, snapshot);
	/* RATE/S is shown beside its change. */
	if (column->value == value_rate)
		return snapshot->baseline;
	if (!only_if_any)
		return column->shown;
	for (size_t i = 0; i < snapshot->n_rows; i++)
		if (column->value(&snapshot->rows[i], snapshot) > 0)
			return true;
	return false;
}

size_t rp_columns__shown(const struct rp_snapshot *snapshot, const struct rp_column **out,
			 size_t max)
{
	/* Who and how often, where the time went, how long it took, what went wrong. */
	static const char *const order[] = {
		"name",	     "group",	"count",      "rate",	     "rate_change", "total",
		"imbalance", "self",	"cpu",	      "sampled_cpu", "wait",	    "blocked",
		"mean",	     "p50",	"p50_change", "p99",	     "p99_change",  "max",
		"open",	     "unwound", "unmatched"};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct rp_column *column = rp_column__find(order[i]);

		if (n < max && is_wanted(column, snapshot))
			out[n++] = column;
	}
	return n;
}

const char *rp_column__title(const struct rp_column *column, const struct rp_snapshot *snapshot,
			     char *buf, size_t size)
{
	const char *word = column->title;

	if (column->text == text_group && snapshot->meta.group_by)
		word = snapshot->meta.group_by;
	snprintf(buf, size, "%s", word);
	for (char *c = buf; size && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return buf;
}

/* Extremes, means and percentiles of nothing are no numbers. */
static bool is_of_frames(const struct rp_column *column)
{
	return column->unit == RP_UNIT_NS_MEAN || column->exact == exact_min ||
	       column->exact == exact_max || column->exact == exact_p50 ||
	       column->exact == exact_p90 || column->exact == exact_p99 ||
	       column->exact == exact_p999;
}

bool rp_column__applies(const struct rp_column *column, const struct rp_row *row)
{
	bool of_thread = column->exact == exact_cpu || column->exact == exact_wait ||
			 column->exact == exact_blocked || is_of_sleeps(column);

	/* What no look has met may yet have run, in between. */
	if (rp_column__is_of_samples(column) && !is_of_sleeps(column) && !row->profile.samples)
		return false;
	if (column->value == value_imbalance)
		return row->f.imbalance > 0;
	if (column->unit == RP_UNIT_CHANGE)
		return rp_column__change(column, row)->high > 0;
	if (rp_column__is_of_records(column))
		return row->f.last;
	return row->kind != RP_KIND_SPAN || !of_thread;
}

/* What may be none, for all that is known of it, is told apart without colours, too. */
static const char *format_change(const struct rp_column *column, const struct rp_row *row,
				 char *buf, size_t size)
{
	const struct rp_ratio *ratio = rp_column__change(column, row);
	char change[32];

	if (ratio->high > 0)
		snprintf(buf, size, "%s%s", rp_ratio__is_certain(ratio) ? "" : "~",
			 rp_text__change(ratio->value, change, sizeof(change)));
	else
		snprintf(buf, size, "%s", row->new ? "new" : "-");
	return buf;
}

const char *rp_column__format(const struct rp_column *column, const struct rp_row *row,
			      const struct rp_snapshot *snapshot, bool utf8, char *buf, size_t size)
{
	double value = column->value(row, snapshot);
	char number[32];

	if (column->unit == RP_UNIT_CHANGE)
		return format_change(column, row, buf, size);
	if ((!row->f.count && is_of_frames(column)) || !rp_column__applies(column, row)) {
		snprintf(buf, size, "-");
		return buf;
	}
	switch (column->unit) {
	case RP_UNIT_TEXT:
	case RP_UNIT_TREND:
		snprintf(buf, size, "-");
		break;
	case RP_UNIT_SPLIT:
		return rp_split__format(row, utf8, buf, size);
	case RP_UNIT_COUNT:
	case RP_UNIT_RATE:
		return rp_text__count(value, buf, size);
	case RP_UNIT_FLAG:
		snprintf(buf, size, "%s", value != 0 ? "yes" : "-");
		break;
	case RP_UNIT_SHARE:
		snprintf(buf, size, "%s%%", rp_text__fixed(value, 1, number, sizeof(number)));
		break;
	case RP_UNIT_CHANGE:
		break;
	case RP_UNIT_RATIO:
		return rp_text__fixed(value, 2, buf, size);
	case RP_UNIT_NS:
	case RP_UNIT_NS_MEAN:
		rp_text__ns(value, buf, size);
		if (utf8)
			rp_text__micro(buf, size);
		break;
	}
	return buf;
}
