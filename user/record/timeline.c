// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * How long a run was is not known while it is read. So slots begin narrow, and two become one
 * whenever there are more than SLOTS of them, or more sums than memory is meant for: then windows
 * are as exact as before, and more has to be read again at their ends.
 */
#include "record/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/node_sums.h"
#include "record/relay.h"
#include "util/array.h"
#include "util/map.h"

#define SLOTS	    1024u
#define FIRST_SHIFT 20	       /* about a millisecond */
#define SUMS_MAX    (1u << 17) /* 300 bytes or so each */

/* By slot, thread and node: 16, 24 and 24 bits. */
#define KEY(slot, thread, node) ((uint64_t)(slot) << 48 | (uint64_t)(thread) << 24 | (node))
#define KEY_SLOT(key)		((uint32_t)((key) >> 48))
#define KEY_THREAD(key)		((uint32_t)((key) >> 24) & 0xffffffu)
#define KEY_NODE(key)		((uint32_t)(key)&0xffffffu)
_Static_assert(RP_NODES_MAX <= 1u << 24, "a node takes 24 bits");

/* What ended in a slot, of one thread and node. */
struct slot_sum {
	uint64_t key;
	struct rp_node_counts counts;
};

struct run {
	uint64_t start, end;
	struct slot_sum *sum;
	size_t n, room;
	struct rp_map sum_of; /* key -> index */
	/* Nodes with instances that were not asked for. */
	uint32_t *passed_over;
	size_t n_passed_over, passed_over_room;
	struct rp_map is_passed_over;
};

struct rp_timeline {
	struct run *run;
	size_t n_runs, runs_room;
	bool is_running; /* the last one */
	unsigned shift;	 /* a slot is 1 << shift ns */
	uint32_t n_slots;
	size_t n_sums, most_sums;
	uint64_t end;
	uint64_t load[SLOTS]; /* instances of all runs */
};

/* ---- slots ----------------------------------------------------------------------------------- */

static uint64_t since(uint64_t time, uint64_t start)
{
	return time > start ? time - start : 0;
}

/* Two sums that are one now. */
static int merge(struct run *run, struct slot_sum *from)
{
	uint64_t key = KEY(KEY_SLOT(from->key) / 2, KEY_THREAD(from->key), KEY_NODE(from->key));
	uint32_t at = rp_map__get(&run->sum_of, key);
	int rc;

	from->key = key;
	if (at != RP_MAP_NONE) {
		rc = rp_node_sums__add(&run->sum[at].counts, &from->counts);
		rp_node_sums__free(&from->counts);
		return rc;
	}
	rc = rp_map__add(&run->sum_of, key, (uint32_t)run->n);
	if (&run->sum[run->n] != from) {
		run->sum[run->n] = *from;
		from->counts.hist = (struct rp_hist_part){0};
	}
	run->n++;
	return rc;
}

static int widen_slots(struct rp_timeline *t)
{
	int rc = 0;

	t->n_sums = 0;
	for (size_t r = 0; r < t->n_runs; r++) {
		struct run *run = &t->run[r];
		size_t n = run->n;

		rp_map__free(&run->sum_of);
		run->n = 0;
		for (size_t i = 0; i < n; i++) {
			int failed = merge(run, &run->sum[i]);

			rc = rc ? rc : failed;
		}
		t->n_sums += run->n;
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		t->load[i] = 2 * i < SLOTS ? t->load[2 * i] + t->load[2 * i + 1] : 0;
	t->shift++;
	t->n_slots = (t->n_slots + 1) / 2;
	return rc;
}

/* The slot of a time, which there is room for from then on. */
static int slot_of(struct rp_timeline *t, uint64_t at, uint32_t *out)
{
	int rc = 0;

	while (!rc && (at >> t->shift) >= SLOTS)
		rc = widen_slots(t);
	*out = (uint32_t)(at >> t->shift);
	if (*out >= t->n_slots)
		t->n_slots = *out + 1;
	return rc;
}

/* Where one slot has more than that, it takes more memory. */
static int make_room(struct rp_timeline *t)
{
	int rc = 0;

	while (!rc && t->n_sums >= t->most_sums && t->n_slots > 1)
		rc = widen_slots(t);
	if (t->n_sums >= t->most_sums)
		t->most_sums = 2 * t->n_sums;
	return rc;
}

static int add_sum(struct rp_timeline *t, struct run *run, uint64_t key, uint32_t *out)
{
	int rc = rp_array__grow(&run->sum, run->n, &run->room, sizeof(*run->sum));

	if (!rc)
		rc = rp_map__add(&run->sum_of, key, (uint32_t)run->n);
	if (rc)
		return rc;
	*out = (uint32_t)run->n++;
	run->sum[*out] = (struct slot_sum){.key = key};
	t->n_sums++;
	return 0;
}

/* ---- the first reading ----------------------------------------------------------------------- */

static struct run *last_run(struct rp_timeline *t)
{
	return &t->run[t->n_runs - 1];
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_timeline *t = ctx;
	int rc = 0;

	if (!t->is_running)
		rc = rp_array__grow(&t->run, t->n_runs, &t->runs_room, sizeof(*t->run));
	if (rc)
		return rc;
	if (!t->is_running)
		t->run[t->n_runs++] = (struct run){0};
	t->is_running = true;
	last_run(t)->start = run->start;
	return 0;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_timeline *t = ctx;
	struct run *run = last_run(t);
	uint64_t end = rp_event_instance__end(instance), key;
	uint32_t slot, at;
	int rc = make_room(t);

	if (!rc)
		rc = slot_of(t, since(end, run->start), &slot);
	if (rc)
		return rc;
	t->load[slot]++;
	key = KEY(slot, instance->thread, instance->node);
	at = rp_map__get(&run->sum_of, key);
	if (at == RP_MAP_NONE)
		rc = add_sum(t, run, key, &at);
	return rc ? rc : rp_node_sums__add_instance(&run->sum[at].counts, instance, run->start);
}

static int on_passed_over(void *ctx, uint32_t node)
{
	struct run *run = last_run(ctx);
	int rc;

	if (rp_map__get(&run->is_passed_over, node) != RP_MAP_NONE)
		return 0;
	rc = rp_array__grow(&run->passed_over, run->n_passed_over, &run->passed_over_room,
			    sizeof(*run->passed_over));
	if (!rc)
		rc = rp_map__add(&run->is_passed_over, node, true);
	if (!rc)
		run->passed_over[run->n_passed_over++] = node;
	return rc;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_timeline *t = ctx;
	uint64_t time = since(end->time, last_run(t)->start);

	last_run(t)->end = end->time;
	t->end = time > t->end ? time : t->end;
	t->is_running = false;
	return 0;
}

static int on_close(void *ctx)
{
	(void)ctx;
	return 0;
}

struct rp_event_sink rp_timeline__sink(struct rp_timeline *timeline)
{
	return (struct rp_event_sink){.ctx = timeline,
				      .run = on_run,
				      .instance = on_instance,
				      .passed_over = on_passed_over,
				      .end = on_end,
				      .close = on_close};
}

struct rp_timeline *rp_timeline__new(void)
{
	struct rp_timeline *t = calloc(1, sizeof(*t));

	if (t) {
		t->shift = FIRST_SHIFT;
		t->most_sums = SUMS_MAX;
	}
	return t;
}

void rp_timeline__free(struct rp_timeline *t)
{
	for (size_t r = 0; t && r < t->n_runs; r++) {
		struct run *run = &t->run[r];

		for (size_t i = 0; i < run->n; i++)
			rp_node_sums__free(&run->sum[i].counts);
		free(run->sum);
		free(run->passed_over);
		rp_map__free(&run->sum_of);
		rp_map__free(&run->is_passed_over);
	}
	if (t)
		free(t->run);
	free(t);
}

uint64_t rp_timeline__end(const struct rp_timeline *t)
{
	return t->end;
}

/* ---- load ------------------------------------------------------------------------------------ */

/* Spread what ended between two moments evenly over the columns there. */
static void spread(double *load, double column, double from, double to, double n)
{
	for (size_t c = from > 0 ? (size_t)(from / column) : 0; c < RP_LOAD_COLUMNS; c++) {
		double begin = (double)c * column, end = begin + column;

		if (begin >= to)
			return;
		begin = begin > from ? begin : from;
		end = end < to ? end : to;
		if (end > begin)
			load[c] += n * (end - begin) / (to - from);
	}
}

/* The last slot has no more than there is of the record. */
static void load_of_slots(const struct rp_timeline *t, uint32_t first, uint32_t end, uint64_t from,
			  uint64_t to, double *load)
{
	double column = (double)(to - from) / RP_LOAD_COLUMNS;

	for (uint32_t i = first; column > 0 && i < end && i < t->n_slots; i++) {
		uint64_t begin = (uint64_t)i << t->shift, next = (uint64_t)(i + 1) << t->shift;

		next = next > t->end ? t->end : next;
		if (begin < next)
			spread(load, column, (double)begin - (double)from,
			       (double)next - (double)from, (double)t->load[i]);
	}
}

void rp_timeline__load(const struct rp_timeline *t, uint64_t from, uint64_t to,
		       double load[RP_LOAD_COLUMNS])
{
	memset(load, 0, RP_LOAD_COLUMNS * sizeof(*load));
	load_of_slots(t, 0, t->n_slots, from, to, load);
}

/* ---- a window -------------------------------------------------------------------------------- */

/* Where the instances of slots that are cut end up. */
struct last {
	struct rp_event_sink counts; /* comes first: rp_event_relay() */
	const struct rp_window *window;
};

struct rp_window {
	struct rp_event_sink next; /* comes first: rp_event_relay() */
	struct last last;
	struct rp_window_opts opts;
	uint64_t to;	     /* where the window ends, with a limit or without */
	uint32_t first, end; /* slots that are in it as a whole */
	uint32_t cut[2];     /* those that are in part: their instances are looked at one by one */
	bool is_exact;	     /* and so are those of all that lie in between */
	size_t run;	     /* that is read now */
};

static bool is_cut(const struct rp_window *w, uint32_t slot)
{
	return slot == w->cut[0] || slot == w->cut[1] ||
	       (w->is_exact && slot >= w->first && slot < w->end);
}

static uint32_t window_slot(const struct rp_window *w, uint64_t time)
{
	const struct rp_timeline *t = w->opts.timeline;
	uint64_t slot = since(time, t->run[w->run].start) >> t->shift;

	return slot < SLOTS ? (uint32_t)slot : SLOTS - 1;
}

bool rp_window__skips(void *window, uint64_t t0, uint64_t t1)
{
	const struct rp_window *w = window;

	if (w->run >= w->opts.timeline->n_runs)
		return true;
	for (uint32_t slot = window_slot(w, t0); slot <= window_slot(w, t1); slot++)
		if (is_cut(w, slot))
			return false;
	return true;
}

/* When, and how long. */
static int tell_by_time(const struct rp_window *w, const struct rp_event_instance *instance)
{
	uint64_t at = since(rp_event_instance__end(instance), w->opts.timeline->run[w->run].start),
		 one = 1;
	double column = (double)(w->to - w->opts.from) / RP_LOAD_COLUMNS;
	struct rp_hist_part hist = {.bucket = &one, .from = rp_hist_index(instance->ns)};
	size_t c = column > 0 ? (size_t)((double)(at - w->opts.from) / column) : 0;

	if (w->opts.load)
		w->opts.load[c < RP_LOAD_COLUMNS ? c : RP_LOAD_COLUMNS - 1]++;
	if (!w->opts.timed || !rp_event_instance__is_timed(instance))
		return 0;
	hist.end = hist.from + 1;
	return w->opts.timed(w->opts.timed_ctx, instance->node, at, at + 1, &hist);
}

static int on_last_instance(void *ctx, const struct rp_event_instance *instance)
{
	const struct last *last = ctx;
	int rc = tell_by_time(last->window, instance);

	return rc ? rc : last->counts.instance(last->counts.ctx, instance);
}

static int add_slot(struct rp_window *w, const struct slot_sum *sum)
{
	uint32_t slot = KEY_SLOT(sum->key), node = KEY_NODE(sum->key);
	unsigned shift = w->opts.timeline->shift;
	int rc = rp_instance_counts__add(w->opts.counts, KEY_THREAD(sum->key), node, &sum->counts);

	if (rc || !w->opts.timed)
		return rc;
	return w->opts.timed(w->opts.timed_ctx, node, (uint64_t)slot << shift,
			     (uint64_t)(slot + 1) << shift, &sum->counts.hist);
}

static int on_window_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_window *w = ctx;

	if (w->run >= w->opts.timeline->n_runs ||
	    !is_cut(w, window_slot(w, rp_event_instance__end(instance))))
		return 0;
	return w->next.instance(w->next.ctx, instance);
}

static int add_slots(struct rp_window *w, const struct run *run)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < run->n_passed_over; i++)
		rc = RP_TELL(&w->next, passed_over, run->passed_over[i]);
	for (size_t i = 0; !rc && i < run->n; i++) {
		const struct slot_sum *sum = &run->sum[i];
		uint32_t slot = KEY_SLOT(sum->key);

		if (is_cut(w, slot))
			continue;
		if (slot >= w->first && slot < w->end)
			rc = add_slot(w, sum);
		else
			rc = RP_TELL(&w->next, passed_over, KEY_NODE(sum->key));
	}
	return rc;
}

static int on_window_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_window *w = ctx;
	const struct rp_timeline *t = w->opts.timeline;
	struct rp_event_end told = *end;
	int rc = 0;

	if (w->run < t->n_runs) {
		/*
		 * What was passed over may be all that tells when a run ended that was cut short.
		 */
		told.time = t->run[w->run].end;
		rc = add_slots(w, &t->run[w->run]);
	}
	if (!rc && w->run + 1 == t->n_runs && w->opts.load && !w->is_exact)
		load_of_slots(t, w->first, w->end, w->opts.from, w->to, w->opts.load);
	w->run++;
	return rc ? rc : RP_TELL(&w->next, end, &told);
}

/* That of a moment inside of it; SLOTS, which there is none of, where it begins just then. */
static uint32_t slot_cut_at(const struct rp_timeline *t, uint64_t at)
{
	uint64_t slot = at >> t->shift;

	return slot < SLOTS && slot << t->shift != at ? (uint32_t)slot : SLOTS;
}

struct rp_window *rp_window__new(const struct rp_window_opts *opts)
{
	const struct rp_timeline *t = opts->timeline;
	uint64_t end = opts->to ? opts->to >> t->shift : SLOTS, instances = 0;
	struct rp_window *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->opts = *opts;
	w->last.counts = rp_instance_counts__sink(opts->counts);
	w->last.window = w;
	w->to = opts->to ? opts->to : t->end;
	w->cut[0] = slot_cut_at(t, opts->from);
	w->cut[1] = slot_cut_at(t, opts->to);
	w->first = (opts->from >> t->shift) < SLOTS ? (uint32_t)(opts->from >> t->shift) : SLOTS;
	w->first += w->cut[0] < SLOTS;
	w->end = end < SLOTS ? (uint32_t)end : SLOTS;
	for (uint32_t i = w->first; i < w->end; i++)
		instances += t->load[i];
	w->is_exact = instances <= opts->exact;
	return w;
}

void rp_window__free(struct rp_window *window)
{
	free(window);
}

struct rp_event_sink rp_window__sink(struct rp_window *window, const struct rp_event_sink *next)
{
	struct rp_event_sink sink = rp_event_relay(window);

	window->next = *next;
	sink.instance = on_window_instance;
	sink.end = on_window_end;
	return sink;
}

struct rp_event_sink rp_window__last(struct rp_window *window)
{
	struct rp_event_sink sink = rp_event_relay(&window->last);

	sink.instance = on_last_instance;
	return sink;
}
