// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What options make of the BPF programs, and what is told as a run starts. */
#include "run_fixture.h"

#include "run/internal.h"
#include "util/sanitizer.h"

/* ---- settings -------------------------------------------------------------------------------- */

/* All that an option can change: variables of the programs, sizes of maps, what is loaded. */
struct settings {
	struct rptrace_bpf__rodata rodata;
	uint32_t group_by;
	struct bpf_map map[FAKE_MAPS];
	struct bpf_program program[FAKE_MAPS];
};

static struct settings usual, with_option, *to_keep;

static void keep_settings(void)
{
	to_keep->rodata = *fake_rodata;
	to_keep->group_by = fake_bss->group_by;
	memcpy(to_keep->map, fake.map, sizeof(fake.map));
	memcpy(to_keep->program, fake.program, sizeof(fake.program));
}

#define SETTING(name)                                                                              \
	{                                                                                          \
#name, offsetof(struct rptrace_bpf__rodata, cfg_##name),                           \
			sizeof(((struct rptrace_bpf__rodata *)NULL)->cfg_##name)                   \
	}

static const struct {
	const char *name;
	size_t offset, size;
} rodata[] = {
	SETTING(follow),	 SETTING(track_all),	 SETTING(own_tgid),
	SETTING(pid_namespace),	 SETTING(max_depth),	 SETTING(max_nodes),
	SETTING(max_labels),	 SETTING(max_names),	 SETTING(max_spans),
	SETTING(shares),	 SETTING(min_duration),	 SETTING(where),
	SETTING(patterns),	 SETTING(within),	 SETTING(within_names),
	SETTING(excludes),	 SETTING(text_lengths),	 SETTING(label_returned),
	SETTING(every),		 SETTING(record),	 SETTING(kernel_frames),
	SETTING(sleeps_max),	 SETTING(figure_shards), SETTING(hist_shards),
	SETTING(returns_of_all), SETTING(tail_call),	 SETTING(max_wakers),
};

static char changed[2048];

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	size_t n = strlen(changed);
	va_list ap;

	va_start(ap, format);
	vsnprintf(changed + n, sizeof(changed) - n, format, ap);
	va_end(ap);
}

/* Numbers with their value, others by name. */
static void list_changes(void)
{
	changed[0] = '\0';
	for (size_t i = 0; i < sizeof(rodata) / sizeof(rodata[0]); i++) {
		const char *a = (const char *)&usual.rodata + rodata[i].offset,
			   *b = (const char *)&with_option.rodata + rodata[i].offset;
		uint64_t value = 0;

		if (!memcmp(a, b, rodata[i].size))
			continue;
		if (rodata[i].size <= sizeof(value))
			memcpy(&value, b, rodata[i].size);
		add(rodata[i].size <= sizeof(value) ? "%s %llu\n" : "%s\n", rodata[i].name,
		    (unsigned long long)value);
	}
	if (with_option.group_by != usual.group_by)
		add("group_by %u\n", with_option.group_by);
	for (size_t i = 0; i < fake.n_maps; i++) {
		const struct bpf_map *a = &usual.map[i], *b = &with_option.map[i];

		if (a->max_entries != b->max_entries)
			add("[%s] %u\n", b->name, b->max_entries);
		if (a->not_created != b->not_created)
			add("%c[%s]\n", b->not_created ? '-' : '+', b->name);
	}
	for (size_t i = 0; i < fake.n_programs; i++)
		if (usual.program[i].autoload != with_option.program[i].autoload)
			add("%c%s()\n", with_option.program[i].autoload ? '+' : '-',
			    with_option.program[i].name);
}

static void trace_into(struct settings *settings, const char *words)
{
	char text[256];

	to_keep = settings;
	kernel.then = keep_settings;
	snprintf(text, sizeof(text), "-b -n 1 -i 20ms -f probed_one %s", words);
	assert_int_equal(trace(text), RP_EXIT_OK);
}

static const struct {
	const char *words, *changed;
} options[] = {
	{"", ""},
	{"-u nosuch:start", "[spans] 65536\n+rp_span()\n"},
	{"--no-follow", "follow 0\n"},
	{"--max-depth 20", "max_depth 20\n"},
	{"--max-nodes 3000", "max_nodes 3000\n"},
	{"--max-labels 40", "max_labels 40\n"},
	{"--max-names 50", "max_names 50\n"
			   "[name_ids] 50\n"
			   "[names] 50\n"},
	{"--max-spans 60", "max_spans 60\n"},
	{"--min-duration 5us", "min_duration 5000\n"},
	{"--within probed_one", "within 1\n"
				"within_names\n"
				"[within] 16\n"},
	{"-x nosuch", "excludes 1\n"},
	{"-x nosuch -x another", "excludes 2\n"
				 "[excludes] 2\n"},
	{"--label arg1", ""},
	{"--label arg1:str", "[text_ids] 1284\n"
			     "[texts] 1284\n"},
	{"--label ret", "label_returned 1\n"},
	{"--label arg1:str@arg2", "text_lengths 1\n"
				  "[text_ids] 1284\n"
				  "[texts] 1284\n"},
	{"--where 'arg1 > 5'", "where\n"},
	{"--where 'arg1:str =~ a*'", "where\n"
				     "patterns\n"},
	{"--by process", "group_by 1\n"},
	{"--by thread", "group_by 2\n"},
	{"--by cgroup", "group_by 4\n"},
	{"--sample", "+[unwind_objects]\n"
		     "+[unwind_walks]\n"
		     "+[unwind_processes]\n"
		     "+[unwind_nothing]\n"
		     "+[python_code_rooms]\n"
		     "+[samples]\n"
		     "+[python_walks]\n"
		     "+[sample_rooms]\n"
		     "+[memories]\n"
		     "+[unwind_recent]\n"
		     "+[python_codes]\n"
		     "+[sampled_at]\n"
		     "+rp_take_sample()\n"
		     "+rp_fork_tables()\n"
		     "+rp_exec_tables()\n"},
	{"--off-cpu=100", "kernel_frames 1\n"
			  "sleeps_max 7\n"
			  "+[unwind_objects]\n"
			  "+[unwind_walks]\n"
			  "+[unwind_processes]\n"
			  "+[unwind_nothing]\n"
			  "+[python_code_rooms]\n"
			  "+[samples]\n"
			  "+[python_walks]\n"
			  "+[sample_rooms]\n"
			  "+[memories]\n"
			  "+[unwind_recent]\n"
			  "+[python_codes]\n"
			  "+[sleeps_taken]\n"
			  "+rp_fork_tables()\n"
			  "+rp_exec_tables()\n"
			  "+rp_switch()\n"},
	{"--stuck 1h", "+rp_open_threads()\n"},
	{"--max-overhead 50%", "[left_out] 16\n"
			       "+rp_return()\n"},
	{"--record /dev/null", "record 1\n"
			       "[instances] 16777216\n"
			       "+rp_open_threads()\n"},
	{"--record /dev/null --every 7", "every 7\n"
					 "record 1\n"
					 "[instances] 16777216\n"
					 "+rp_open_threads()\n"},
	{"--attach multi", "-rp_session()\n"
			   "+rp_return()\n"},
};

/* Each option changes what is its own, and nothing else. */
static void options_are_settings_of_the_programs(void **state)
{
	(void)state;
	trace_into(&usual, "");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		trace_into(&with_option, options[i].words);
		list_changes();
		if (strcmp(changed, options[i].changed))
			fail_msg("%s: %s", options[i].words, changed);
	}
}

/* Where keys may add regions, there is room for spans and for more labels to come. */
static void on_the_screen_more_may_come(void **state)
{
	int status;

	(void)state;
	trace_into(&usual, "");
	to_keep = &with_option;
	kernel.keys = "q";
	assert_true(trace_on_screen("-f probed_one", &status));
	list_changes();
	assert_string_equal(changed, "max_wakers 16384\n"
				     "[left_out] 16\n"
				     "[spans] 65536\n"
				     "[wakers] 16384\n"
				     "+[wakers]\n"
				     "+rp_waker_switch()\n"
				     "+rp_open_threads()\n"
				     "+rp_waking()\n"
				     "+rp_span()\n"
				     "+rp_return()\n");
}

/* What probes cost is measured with those of rptrace's own functions: of three kinds. */
static void what_probes_cost_is_measured(void **state)
{
	size_t own[3] = {0};

	(void)state;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_OK);
	for (size_t i = 0; i < fake_linked.n; i++) {
		const struct fake_linked *site = &fake_linked.site[i];
		uint32_t region = RP_COOKIE_REGION(site->cookie);

		if (!rp_region_is_own(region))
			continue;
		assert_in_range(region, RP_REGION_CALIBRATE, RP_REGION_CALIBRATE + 2);
		own[region - RP_REGION_CALIBRATE]++;
		/* In the process that runs them alone, which is neither the target nor rptrace. */
		assert_true(site->pid > 0 && site->pid != target && site->pid != getpid());
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(fake_linked.site[k].offset, site->offset);
	}
	/* A session has entry and return of a function in one; a pair of markers has two. */
	assert_int_equal(own[0], 1);
	assert_int_equal(own[1], 1);
	assert_int_equal(own[2], 2);
}

static uint32_t own_namespace;

int rp_run__pid_namespace(const struct rp_opts *opts, struct rp_pid_namespace *out,
			  struct rp_err *err)
{
	(void)opts;
	(void)err;
	*out = (struct rp_pid_namespace){.inode = own_namespace};
	return 0;
}

/* Process ids are those of rptrace's own pid namespace, where that is not the outermost. */
static void process_ids_are_those_of_the_namespace(void **state)
{
	(void)state;
	own_namespace = 0;
	trace_into(&usual, "");
	own_namespace = 4026532000;
	trace_into(&with_option, "");
	own_namespace = 0;
	list_changes();
	assert_string_equal(changed, "pid_namespace 4026532000\n");
}

/* ---- what is told -----------------------------------------------------------------------------
 */

#define WHERE "PID %d test_run_start\n"

/* %d: the process. Lines with their cures behind them. */
static void what_is_traced_is_told(void **state)
{
	static const struct {
		const char *words, *said, *cures;
	} runs[] = {
		{"-f probed_one", "tracing 1 region at 1 site in " WHERE, "\n"},
		{"-f 'probed_*'", "tracing 2 regions at 2 sites in " WHERE, "\n"},
		{"--sample",
		 "tracing PID %d test_run_start, which has no regions: samples at 997 Hz\n", "\n"},
		{"--sample=50 -f probed_one", "tracing 1 region at 1 site in " WHERE, "\n"},
		{"-f probed_one -f nosuch -f neither",
		 "nothing in the target matches 'nosuch'\ntracing 1 region at 1 site in " WHERE,
		 "rptrace list -p %d\n\n"},
		{"-f probed_one --off-cpu=100 --record /dev/null",
		 "--off-cpu: this run shows that, but the record will not have it\n"
		 "tracing 1 region at 1 site in " WHERE "0 instances in /dev/null, ",
		 "\n\nrptrace report /dev/null\n"},
		{"-f probed_one --off-cpu=100 --stream /dev/null",
		 "--off-cpu: this run shows that, but the stream will not have it\n"
		 "tracing 1 region at 1 site in " WHERE
		 "0 instances in /dev/null, for ui.perfetto.dev\n",
		 "\n\n\n"},
	};
	char text[512];

	(void)state;
	if (RP_UNDER_ASAN)
		skip(); /* it can switch stacks, which has RET sites probed */
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		snprintf(text, sizeof(text), "-b -n 1 -i 20ms %s", runs[i].words);
		assert_int_equal(trace(text), RP_EXIT_OK);
		snprintf(text, sizeof(text), runs[i].said, (int)target);
		if (strncmp(ran.said, text, strlen(text)))
			fail_msg("%s: %s", runs[i].words, ran.said);
		snprintf(text, sizeof(text), runs[i].cures, (int)target);
		assert_string_equal(ran.cures, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options_are_settings_of_the_programs),
		TEST(on_the_screen_more_may_come),
		TEST(what_probes_cost_is_measured),
		TEST(process_ids_are_those_of_the_namespace),
		TEST(what_is_traced_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
