// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Life of the BPF programs and their maps.
 *
 * open       the skeleton, nothing in the kernel yet
 * configure  sizes of maps and settings (const volatile), which the verifier then knows: branches
 *            that a run does not need are never even verified
 * load       maps are created, programs verified; programs that the run does not need are left out,
 *            as verifying takes most of the time of a start
 * attach     tracepoints here, probes in links.c
 * activate   the `ready` flag, which all programs check first, so that nothing half attached counts
 *
 * Figures and histograms of nodes are many, and most runs need few. They live in chunks of
 * RP_CHUNK_NODES nodes: inner maps of an array of maps, which can be added while programs run. A
 * BPF program cannot create a map, so user space keeps spare chunks ready; the kernel sends an
 * event when half of them are in use, and counts entries that find no chunk as lost. All of it is
 * mapped into rptrace's memory, so that a snapshot takes no system call for each node.
 */
#include "attach/session.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attach/session_internal.h"
#include "util/clock.h"
#include "util/escape.h"

/*
 * Spare chunks, so that a burst of new paths finds room. The size of a chunk goes by the number of
 * CPUs, hence a budget in bytes.
 */
#define SPARE_CHUNKS_MIN 3u
#define SPARE_BYTES	 (16u << 20)

/*
 * A node's figures are kept in shards, so that CPUs do not fight for a cache line: one shard a CPU,
 * up to a bound. Histograms are large and a hit changes one bucket: a few shards do.
 */
#define FIGURE_SHARDS_MAX 128u
#define HIST_SHARDS_MAX	  4u

static int print_verbose(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text, *rest, *line;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (rest || *line) /* not what follows the last end of a line */
			rp_escape__print_line(stderr, "", line);
	free(text);
	return 0;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static uint32_t power_of_two_up(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/* Of names that are made at run time. */
static void configure_globs(struct rptrace_bpf *skel, const struct rp_session_opts *opts)
{
	skel->rodata->cfg_within = opts->within != NULL;
	if (opts->within)
		*(struct rp_pattern *)&skel->rodata->cfg_within_names = *opts->within;
	else
		bpf_map__set_max_entries(skel->maps.within, 1);
	skel->rodata->cfg_excludes = opts->n_excludes;
	bpf_map__set_max_entries(skel->maps.excludes, opts->n_excludes ? opts->n_excludes : 1);
}

static void configure(struct rp_session *s, const struct rp_session_opts *opts)
{
	struct rptrace_bpf *skel = s->skel;
	uint32_t cpus = power_of_two_up(libbpf_num_possible_cpus());
	uint32_t names = opts->max_names;
	uint32_t labels = opts->max_labels;

	s->figure_shards = cpus < FIGURE_SHARDS_MAX ? cpus : FIGURE_SHARDS_MAX;
	s->hist_shards = cpus < HIST_SHARDS_MAX ? cpus : HIST_SHARDS_MAX;
	s->max_nodes = opts->max_nodes + RP_REGION_DYNAMIC - RP_REGION_CALIBRATE;
	if (s->max_nodes > RP_NODES_MAX)
		s->max_nodes = RP_NODES_MAX;
	s->max_names = names;
	s->max_site_groups = opts->max_site_groups ? opts->max_site_groups : RP_SITE_GROUPS_MAX;
	s->max_texts = opts->text_labels ? labels + RP_LATE_LABELS(labels) : 1;

	skel->bss->group_by = opts->group;
	skel->rodata->cfg_follow = opts->follow;
	skel->rodata->cfg_track_all = opts->track_all;
	skel->rodata->cfg_own_tgid = getpid();
	skel->rodata->cfg_pid_namespace = opts->pid_namespace;
	skel->rodata->cfg_max_nodes = opts->max_nodes;
	skel->rodata->cfg_max_depth = opts->max_depth;
	skel->rodata->cfg_max_labels = labels;
	skel->rodata->cfg_max_names = names;
	skel->rodata->cfg_max_spans = opts->max_spans;
	skel->rodata->cfg_shares = opts->shares;
	skel->bss->grouping_serial = 1;
	/* Before 6.13 the process of a perf event is for entries only. */
	skel->rodata->cfg_returns_of_all = s->mode == RP_ATTACH_PERF;
	skel->rodata->cfg_min_duration = opts->min_duration;
	if (opts->where) {
		*(struct rp_filter *)&skel->rodata->cfg_where = opts->where->filter;
		memcpy((void *)skel->rodata->cfg_patterns, opts->where->pattern,
		       sizeof(opts->where->pattern));
	}
	skel->rodata->cfg_text_lengths = opts->text_lengths;
	configure_globs(skel, opts);
	skel->rodata->cfg_label_returned = opts->label_returned;
	skel->rodata->cfg_figure_shards = s->figure_shards;
	skel->rodata->cfg_hist_shards = s->hist_shards;

	bpf_map__set_max_entries(skel->maps.name_ids, names);
	bpf_map__set_max_entries(skel->maps.names, names);
	bpf_map__set_max_entries(skel->maps.text_ids, s->max_texts);
	bpf_map__set_max_entries(skel->maps.texts, s->max_texts);
	/* The kernel takes 16 bytes an entry for a hash table that stays empty, too. */
	bpf_map__set_max_entries(skel->maps.spans, opts->spans ? opts->max_spans : 1);
	if (!opts->shares)
		bpf_map__set_max_entries(skel->maps.process_shares, 1);
	if (!opts->links_change)
		bpf_map__set_max_entries(skel->maps.left_out, 1);
	rp_session__configure_samples(s, opts);
	rp_session__configure_instances(s, opts);
	rp_session__configure_wakers(s, opts);
}

static void choose_programs(struct rp_session *s, const struct rp_session_opts *opts)
{
	struct rptrace_bpf *skel = s->skel;
	bool session = s->mode == RP_ATTACH_SESSION;
	int multi = s->mode == RP_ATTACH_PERF ? 0 : RP_BPF_TRACE_UPROBE_MULTI;

	bpf_program__set_expected_attach_type(skel->progs.rp_session, RP_BPF_TRACE_UPROBE_SESSION);
	bpf_program__set_expected_attach_type(skel->progs.rp_probe, multi);
	bpf_program__set_expected_attach_type(skel->progs.rp_return, multi);
	bpf_program__set_expected_attach_type(skel->progs.rp_span, multi);
	bpf_program__set_autoload(skel->progs.rp_session, session);
	bpf_program__set_autoload(skel->progs.rp_return, !session || opts->links_change);
	bpf_program__set_autoload(skel->progs.rp_probe, true);
	bpf_program__set_autoload(skel->progs.rp_span, opts->spans);
	/*
	 * Tells of new mappings of tracked processes. Where the kernel lacks it they are found at
	 * the next interval. In system mode attach/mappings.h does it.
	 */
	bpf_program__set_autoload(skel->progs.rp_map, opts->map_events && !opts->track_all);
	bpf_program__set_autoload(skel->progs.rp_open_threads, opts->open_stacks);
	bpf_program__set_autoattach(skel->progs.rp_open_threads, false);
	bpf_program__set_autoload(skel->progs.rp_clocks, true);
	bpf_program__set_autoattach(skel->progs.rp_clocks, false);
}

/*
 * Each perf event is an open file, one a site, and so is each link and each traced object. If the
 * limit cannot be raised, attaching fails with an error of its own when it is reached.
 */
static void allow_many_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* Map an array map for reading. NULL: it cannot be done. */
static void *map_array(int fd, size_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, (bytes + page - 1) & ~(page - 1), PROT_READ, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int create_chunk(uint32_t value_size, uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "rp_chunk", sizeof(uint32_t), value_size, entries,
			      &opts);
}

/* The inner maps of one array of maps. */
struct chunks {
	int outer;
	uint32_t value_size, entries;
	void **mapped; /* by number */
};

/* Chunk c; the descriptor, or a negative errno. */
static int chunks__create(const struct chunks *chunks, uint32_t c)
{
	int fd = create_chunk(chunks->value_size, chunks->entries);

	if (fd < 0)
		return fd;
	chunks->mapped[c] = map_array(fd, (size_t)chunks->value_size * chunks->entries);
	if (chunks->mapped[c])
		return fd;
	close(fd);
	return -ENOMEM;
}

/* All are created first and put in by one call: the kernel waits for all CPUs in each such call. */
static int chunks__add(const struct chunks *chunks, uint32_t first, uint32_t n)
{
	uint32_t numbers[RP_CHUNKS_MAX], made = 0, taken;
	int fds[RP_CHUNKS_MAX], rc = 0;

	while (made < n && rc >= 0) {
		rc = chunks__create(chunks, first + made);
		if (rc >= 0) {
			numbers[made] = first + made;
			fds[made++] = rc;
		}
	}
	taken = made;
	if (rc >= 0)
		rc = bpf_map_update_batch(chunks->outer, numbers, fds, &taken, NULL);
	/* The outer map and our mapping keep the inner ones. */
	for (uint32_t i = 0; i < made; i++)
		close(fds[i]);
	return rc;
}

static uint32_t spare_chunks(const struct rp_session *s)
{
	size_t bytes = RP_CHUNK_NODES * (sizeof(struct rp_figures) * s->figure_shards +
					 sizeof(struct rp_hist) * s->hist_shards);

	return SPARE_BYTES / bytes > SPARE_CHUNKS_MIN ? SPARE_BYTES / bytes : SPARE_CHUNKS_MIN;
}

static uint32_t chunks_wanted(const struct rp_session *s)
{
	uint32_t used = __atomic_load_n(&s->skel->bss->nodes_used, __ATOMIC_RELAXED);
	uint32_t want = used / RP_CHUNK_NODES + 1 + spare_chunks(s);
	uint32_t most = (s->max_nodes + RP_CHUNK_NODES - 1) / RP_CHUNK_NODES;

	return want < most ? want : most;
}

/*
 * Add spare chunks until there are enough beyond the nodes in use. Nodes may come into use
 * meanwhile, and the kernel asks only once, so look again until nothing is missing.
 */
static int grow(struct rp_session *s)
{
	const struct chunks figures = {
		.outer = bpf_map__fd(s->skel->maps.figure_chunks),
		.value_size = sizeof(struct rp_figures),
		.entries = RP_CHUNK_NODES * s->figure_shards,
		.mapped = s->figures,
	};
	const struct chunks hists = {
		.outer = bpf_map__fd(s->skel->maps.hist_chunks),
		.value_size = sizeof(struct rp_hist),
		.entries = RP_CHUNK_NODES * s->hist_shards,
		.mapped = s->hists,
	};
	uint32_t want;

	while (s->n_chunks < (want = chunks_wanted(s))) {
		int rc = chunks__add(&figures, s->n_chunks, want - s->n_chunks);

		if (!rc)
			rc = chunks__add(&hists, s->n_chunks, want - s->n_chunks);
		if (rc)
			return rc;
		s->n_chunks = want;
		__atomic_store_n(&s->skel->bss->nodes_grow_at,
				 (want - spare_chunks(s) / 2) * RP_CHUNK_NODES, __ATOMIC_SEQ_CST);
	}
	return 0;
}

static int load_error(int code, struct rp_err *err)
{
	bool lacks_rights = code == -EPERM || code == -EACCES;

	rp_err__set(err, RP_EXIT_DENIED, code, NULL, "the BPF programs could not be loaded: %s",
		    strerror(-code));
	return lacks_rights ? rp_err__remedy(err, code, RP_REMEDY_RIGHTS)
			    : rp_err__line(err, code, NULL, "--verbose", NULL);
}

/*
 * The element type of an array of maps is fixed when it is loaded, and libbpf takes the size that
 * was compiled in. So each gets a chunk of this machine's size as a template first.
 */
static int load(struct rp_session *s)
{
	int figures = create_chunk(sizeof(struct rp_figures), RP_CHUNK_NODES * s->figure_shards);
	int hist = create_chunk(sizeof(struct rp_hist), RP_CHUNK_NODES * s->hist_shards);
	int rc;

	if (figures < 0 || hist < 0) {
		rc = figures < 0 ? figures : hist;
	} else {
		bpf_map__set_inner_map_fd(s->skel->maps.figure_chunks, figures);
		bpf_map__set_inner_map_fd(s->skel->maps.hist_chunks, hist);
		rc = rptrace_bpf__load(s->skel);
	}
	if (figures >= 0)
		close(figures);
	if (hist >= 0)
		close(hist);
	return rc;
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct rp_session *s = ctx;

	if (s->on_record)
		s->on_record(s->on_record_ctx, data, size);
	return 0;
}

int rp_session__new(const struct rp_session_opts *opts, struct rp_session **out, struct rp_err *err)
{
	struct rp_session *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return rp_err__no_memory(err);
	libbpf_set_print(opts->verbose ? print_verbose : print_nothing);
	s->mode = opts->mode;
	s->is_late = opts->is_late;
	s->skel = rptrace_bpf__open();
	if (!s->skel) {
		rc = load_error(-errno, err);
		free(s);
		return rc;
	}
	s->detacher.under_way = &s->skel->bss->swaps_under_way;
	configure(s, opts);
	choose_programs(s, opts);
	if (s->mode == RP_ATTACH_PERF || opts->track_all)
		allow_many_files();
	rc = load(s);
	if (!rc)
		rc = rp_session__tell_excludes(s, opts->excludes, opts->n_excludes);
	if (!rc)
		rc = rptrace_bpf__attach(
			s->skel); /* the tracepoints; uprobes have no section target */
	if (rc) {
		load_error(rc, err);
		goto fail;
	}
	s->nodes = map_array(bpf_map__fd(s->skel->maps.nodes),
			     sizeof(struct rp_node) * RP_NODES_MAX);
	s->names = map_array(bpf_map__fd(s->skel->maps.names), (size_t)RP_NAME_LEN * s->max_names);
	s->texts = map_array(bpf_map__fd(s->skel->maps.texts),
			     sizeof(struct rp_text) * s->max_texts);
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.events), on_record, s, NULL);
	if (!s->nodes || !s->names || !s->texts || !s->ring || grow(s) ||
	    ((opts->samples || opts->sleeps) && rp_session__open_samples(s)) ||
	    (opts->record_bytes && rp_session__open_instances(s))) {
		rc = rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL,
				 "no memory for the kernel's maps");
		goto fail;
	}
	s->next_arg = 1; /* 0 is "no argument" */
	*out = s;
	return 0;
fail:
	rp_session__free(s);
	return rc;
}

void rp_session__free(struct rp_session *s)
{
	if (!s)
		return;
	if (!rp_detacher__wait(&s->detacher, s->is_late))
		return; /* what they use is theirs */
	bpf_link__destroy(s->open_threads);
	rp_session__close_wakers(s);
	ring_buffer__free(s->ring);
	ring_buffer__free(s->samples);
	ring_buffer__free(s->instances);
	for (uint32_t c = 0; c < RP_CHUNKS_MAX; c++) {
		if (s->figures[c])
			munmap(s->figures[c],
			       sizeof(struct rp_figures) * RP_CHUNK_NODES * s->figure_shards);
		if (s->hists[c])
			munmap(s->hists[c],
			       sizeof(struct rp_hist) * RP_CHUNK_NODES * s->hist_shards);
	}
	if (s->nodes)
		munmap((void *)s->nodes, sizeof(struct rp_node) * RP_NODES_MAX);
	if (s->names)
		munmap((void *)s->names, (size_t)RP_NAME_LEN * s->max_names);
	if (s->texts)
		munmap((void *)s->texts, sizeof(struct rp_text) * s->max_texts);
	rptrace_bpf__destroy(s->skel);
	free(s);
}

enum rp_attach_mode rp_session__mode(const struct rp_session *s)
{
	return s->mode;
}

int rp_session__track(struct rp_session *s, pid_t pid)
{
	uint32_t key = pid, none = 0;

	return bpf_map_update_elem(bpf_map__fd(s->skel->maps.tracked), &key, &none, BPF_ANY);
}

int rp_session__track_own(struct rp_session *s, pid_t pid)
{
	s->own_process = pid;
	return rp_session__track(s, pid);
}

void rp_session__untrack(struct rp_session *s, pid_t pid)
{
	uint32_t key = pid;

	bpf_map_delete_elem(bpf_map__fd(s->skel->maps.tracked), &key);
}

void rp_session__map_seen(struct rp_session *s, pid_t pid)
{
	int fd = bpf_map__fd(s->skel->maps.tracked);
	uint32_t key = pid, value;

	if (bpf_map_lookup_elem(fd, &key, &value))
		return;
	value &= ~RP_TRACKED_MAP_PENDING;
	bpf_map_update_elem(fd, &key, &value, BPF_EXIST);
}

/* Non-main threads that have begun later had nothing open before. */
static void set_ready_time(struct rp_session *s)
{
	s->skel->bss->ready_time = rp_clock__now();
}

void rp_session__added(struct rp_session *s)
{
	set_ready_time(s);
	__atomic_fetch_add(&s->skel->bss->additions, 1, __ATOMIC_SEQ_CST);
}

void rp_session__activate(struct rp_session *s)
{
	rp_session__compare_clocks(s);
	set_ready_time(s);
	__atomic_store_n(&s->skel->bss->ready, true, __ATOMIC_RELEASE);
}

void rp_session__deactivate(struct rp_session *s)
{
	__atomic_store_n(&s->skel->bss->ready, false, __ATOMIC_RELEASE);
}

void rp_session__set_group(struct rp_session *s, enum rp_group group)
{
	s->skel->bss->group_by = group;
	__atomic_fetch_add(&s->skel->bss->grouping_serial, 1, __ATOMIC_SEQ_CST);
}

/* ---- events -------------------------------------------------------------------------------- */

int rp_session__event_fd(const struct rp_session *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

int rp_session__drain(struct rp_session *s, rp_record_fn fn, void *ctx)
{
	int rc;

	s->on_record = fn;
	s->on_record_ctx = ctx;
	rc = ring_buffer__consume(s->ring);
	s->on_record = NULL;
	if (rc < 0)
		return rc;
	return grow(s);
}

/* ---- reading ------------------------------------------------------------------------------- */

uint32_t rp_session__nodes_used(const struct rp_session *s)
{
	uint32_t used = __atomic_load_n(&s->skel->bss->nodes_used, __ATOMIC_ACQUIRE);

	return used < RP_NODES_MAX ? used : RP_NODES_MAX - 1;
}

const struct rp_node *rp_session__node(const struct rp_session *s, uint32_t id)
{
	return &s->nodes[id];
}

const struct rp_figures *rp_session__figures(const struct rp_session *s, uint32_t id,
					     uint32_t *shards)
{
	const struct rp_figures *chunk = s->figures[id / RP_CHUNK_NODES];

	*shards = s->figure_shards;
	return chunk ? &chunk[id % RP_CHUNK_NODES * s->figure_shards] : NULL;
}

const struct rp_hist *rp_session__hist(const struct rp_session *s, uint32_t id, uint32_t *shards)
{
	const struct rp_hist *chunk = s->hists[id / RP_CHUNK_NODES];

	*shards = s->hist_shards;
	return chunk ? &chunk[id % RP_CHUNK_NODES * s->hist_shards] : NULL;
}

uint32_t rp_session__names_used(const struct rp_session *s)
{
	uint32_t used = s->skel->bss->names_used;

	return used < s->max_names ? used : s->max_names;
}

const char *rp_session__name(const struct rp_session *s, uint32_t index)
{
	return &s->names[(size_t)index * RP_NAME_LEN];
}

const struct rp_text *rp_session__texts(const struct rp_session *s, size_t *n)
{
	uint32_t used = s->skel->bss->texts_used;

	*n = used < s->max_texts ? used : s->max_texts;
	return s->texts;
}

uint64_t rp_session__lost(const struct rp_session *s, enum rp_lost reason)
{
	return s->skel->bss->lost[reason];
}

uint64_t rp_session__late_ns(const struct rp_session *s)
{
	return s->skel->bss->late_ns;
}

void rp_session__add_late_ns(struct rp_session *s, int64_t ns)
{
	__atomic_fetch_add(&s->skel->bss->late_ns, (uint64_t)ns, __ATOMIC_RELAXED);
}

void rp_session__count_lost(struct rp_session *s, enum rp_lost reason)
{
	__atomic_fetch_add(&s->skel->bss->lost[reason], 1, __ATOMIC_RELAXED);
}
