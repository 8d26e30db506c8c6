// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "compare/forms_internal.h"
#include "util/escape.h"

static json_t *text(const char *value)
{
	char *escaped = rp_escape__copy(value, true);
	json_t *string = escaped ? json_string(escaped) : NULL;

	free(escaped);
	return string;
}

static json_t *number(double value, bool is_there)
{
	return is_there && isfinite(value) ? json_real(value) : json_null();
}

static json_t *integer(size_t value)
{
	return json_integer((json_int_t)value);
}

/* A side that has no run with the region is null. */
static json_t *side_object(const double figures[RP_FIGURES])
{
	json_t *object;
	int err = 0;

	if (!(figures[RP_FIGURE_COUNT] > 0))
		return json_null();
	object = json_object();
	for (size_t k = 0; k < RP_FIGURES; k++) {
		double value = figures[rp_diff_columns[k].figure];
		bool is_there = value > 0 || rp_diff_columns[k].figure != RP_FIGURE_CPU;

		err |= json_object_set_new(object, rp_diff_columns[k].key, number(value, is_there));
	}
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *change_object(const struct rp_comparison *c, const struct rp_change *change)
{
	bool is_tested = change->ratio.low > 0, has_gate = change->gate_ratio.low > 0;
	json_t *object = json_object();
	int err = json_object_set_new(object, "name", text(change->name));

	err |= json_object_set_new(object, "kind", json_string(rp_kind__name(change->kind)));
	err |= json_object_set_new(object, "a", side_object(change->a));
	err |= json_object_set_new(object, "b", side_object(change->b));
	err |= json_object_set_new(object, "change",
				   number(change->ratio.value - 1, change->ratio.value > 0));
	err |= json_object_set_new(object, "change_low", number(change->ratio.low - 1, is_tested));
	err |= json_object_set_new(object, "change_high",
				   number(change->ratio.high - 1, is_tested));
	err |= json_object_set_new(object, "p", number(change->p, is_tested));
	err |= json_object_set_new(object, "floor", json_real(change->floor));
	err |= json_object_set_new(object, "pairs", integer(change->pairs));
	err |= json_object_set_new(object, "verdict",
				   json_string(rp_outcome__text(change->verdict, c->opts.metric)));
	err |= json_object_set_new(object, "more_pairs", integer(change->more));
	err |= json_object_set_new(object, "bound", json_string(rp_gate__text(change->gate)));
	err |= json_object_set_new(object, "bound_low",
				   number(change->gate_ratio.low - 1, has_gate));
	err |= json_object_set_new(object, "bound_high",
				   number(change->gate_ratio.high - 1, has_gate));
	err |= json_object_set_new(object, "bound_more_pairs", integer(change->gate_more));
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *runs_array(const struct rp_side *side)
{
	json_t *array = json_array();
	int err = array ? 0 : -1;

	for (size_t i = 0; i < side->n && !err; i++) {
		const struct rp_run_summary *run = &side->run[i];
		json_t *object = json_object();

		err |= json_object_set_new(object, "file", text(run->name));
		err |= json_object_set_new(object, "record", json_boolean(run->is_record));
		err |= json_object_set_new(object, "start_ns", json_integer((json_int_t)run->wall));
		err |= json_object_set_new(object, "host", text(run->meta.host));
		err |= json_object_set_new(object, "kernel", text(run->meta.kernel));
		err |= json_object_set_new(object, "version", text(run->meta.version));
		err |= json_array_append_new(array, object);
	}
	if (!err)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *texts_array(const char *const *texts, size_t n)
{
	json_t *array = json_array();
	int err = array ? 0 : -1;

	for (size_t i = 0; i < n && !err; i++)
		err = json_array_append_new(array, text(texts[i]));
	if (!err)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *regions_array(const struct rp_comparison *c)
{
	json_t *array = json_array();
	int err = array ? 0 : -1;

	for (size_t i = 0; i < c->n && !err; i++)
		err = json_array_append_new(array, change_object(c, &c->change[i]));
	if (!err)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *place_object(const struct rp_sample_changes *samples,
			    const struct rp_sample_change *change)
{
	bool is_known = change->ratio.high > 0;
	json_t *object = json_object();
	int err = json_object_set_new(object, "function", text(change->place.function));

	err |= json_object_set_new(object, "file", text(change->place.file));
	err |= json_object_set_new(object, "line", integer(change->place.line));
	err |= json_object_set_new(object, "share_a", json_real(change->share[0]));
	err |= json_object_set_new(object, "share_b", json_real(change->share[1]));
	err |= json_object_set_new(object, "self_ns_a", number(change->self[0], samples->has_cpu));
	err |= json_object_set_new(object, "self_ns_b", number(change->self[1], samples->has_cpu));
	err |= json_object_set_new(object, "change", number(change->ratio.value - 1, is_known));
	err |= json_object_set_new(object, "change_low", number(change->ratio.low - 1, is_known));
	err |= json_object_set_new(object, "change_high", number(change->ratio.high - 1, is_known));
	err |= json_object_set_new(object, "p",
				   number(change->p, change->verdict != RP_OUTCOME_NONE));
	err |= json_object_set_new(object, "verdict",
				   json_string(rp_outcome__text(change->verdict, RP_METRIC_COUNT)));
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *places_array(const struct rp_sample_changes *samples, size_t from, size_t end)
{
	json_t *array = json_array();
	int err = array ? 0 : -1;

	for (size_t i = from; i < end && !err; i++)
		err = json_array_append_new(array, place_object(samples, &samples->item[i]));
	if (!err)
		return array;
	json_decref(array);
	return NULL;
}

static int add_samples(json_t *object, const struct rp_sample_changes *samples)
{
	json_t *list = json_object();
	int err = json_object_set_new(list, "samples_a", json_real(samples->samples[0]));

	err |= json_object_set_new(list, "samples_b", json_real(samples->samples[1]));
	err |= json_object_set_new(list, "judged", json_boolean(samples->is_judged));
	err |= json_object_set_new(list, "functions",
				   places_array(samples, 0, samples->n_functions));
	err |= json_object_set_new(list, "lines",
				   places_array(samples, samples->n_functions, samples->n));
	return err | json_object_set_new(object, "samples", list);
}

int rp_diff__json(FILE *out, const struct rp_comparison *c, const struct rp_diff_form_opts *opts)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "schema", json_string("rptrace-diff/1"));

	(void)opts;
	err |= json_object_set_new(object, "version", json_string(RP_VERSION));
	err |= json_object_set_new(object, "metric", json_string(rp_metric__name(c->opts.metric)));
	err |= json_object_set_new(object, "judged", json_boolean(c->is_judged));
	err |= json_object_set_new(object, "pairs", integer(c->pairs));
	err |= json_object_set_new(object, "max_regression",
				   number(c->opts.max_regression, c->opts.max_regression > 0));
	err |= json_object_set_new(object, "bound", json_string(rp_gate__text(c->gate)));
	err |= json_object_set_new(object, "warnings", texts_array(c->warnings, c->n_warnings));
	err |= json_object_set_new(object, "notes", texts_array(c->notes, c->n_notes));
	err |= json_object_set_new(object, "a", runs_array(c->a));
	err |= json_object_set_new(object, "b", runs_array(c->b));
	err |= json_object_set_new(object, "regions", regions_array(c));
	if (c->samples.n)
		err |= add_samples(object, &c->samples);
	if (!err)
		err = json_dumpf(object, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	json_decref(object);
	if (err)
		return ferror(out) ? -EIO : -ENOMEM;
	fputc('\n', out);
	return 0;
}
