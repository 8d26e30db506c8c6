// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Keys of a live screen, as they are typed in a run: what they do to it, and what they say. */
#include "run_fixture.h"

#include <jansson.h>

/* Each is typed in a run of its own, and then q, once what they say was shown. */
static const struct {
	const char *keys, *options, *shows;
} says[] = {
	{"dq", "", "detached: probed_one (z attaches it again"},
	/* "detached" may be there before, of which only the beginning is drawn anew. */
	{"dPzq", "", " again: 1 region"},
	{"zq", "", "nothing was detached before: d detaches the chosen region"},
	{"rq", "", "figures since now"},
	{"axyz\rq", "", "nothing more matches 'xyz'"},
	{"Aq", "", "no samples are taken that tell which functions are worth it"},
	{"Aq", "--sample", "0 samples so far, too few to choose by: once there are 100, A does"},
};

static void each_says_what_it_did(void **state)
{
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		char words[128];

		snprintf(words, sizeof(words), "-f probed_one %s", says[i].options);
		kernel.keys = says[i].keys;
		kernel.shown = says[i].shows;
		assert_true(trace_on_screen(words, &status));
		assert_int_equal(status, RP_EXIT_OK);
		assert_shown(says[i].shows);
		assert_int_equal(*kernel.keys, '\0');
	}
}

static uint32_t group_seen;

static void see_group(void)
{
	group_seen = (uint32_t)fake_bss->group_by;
	if (group_seen)
		end_soon();
}

static void rows_are_grouped_from_then_on(void **state)
{
	int status;

	(void)state;
	kernel.keys = "gp";
	kernel.then = see_group;
	group_seen = 0;
	assert_true(trace_on_screen("-f probed_one", &status));
	assert_int_equal(status, RP_EXIT_OK);
	assert_int_equal(group_seen, RP_GROUP_PROCESS);
}

/* What is shown is written to a file of its own, where rptrace was started; its text, as JSON. */
static json_t *trace_and_save(void)
{
	char folder[] = "/tmp/rptrace-screen-XXXXXX", *name;
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	json_t *saved = NULL;
	bool is_summed;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	kernel.shown = "written: rptrace-";
	is_summed = trace_on_screen("-f probed_one", &status);
	name = strstr(pty.text, "rptrace-2");
	if (name) {
		name[strlen("rptrace-20260102-030405.json")] = '\0';
		saved = json_load_file(name, 0, NULL);
	}
	assert_true(is_summed);
	assert_non_null(name);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_int_equal(rmdir(folder), 0);
	assert_non_null(saved);
	return saved;
}

static void figures_are_saved(void **state)
{
	json_t *saved;

	(void)state;
	kernel.keys = "wq";
	saved = trace_and_save();
	assert_int_equal(json_array_size(json_object_get(saved, "regions")), 1);
	json_decref(saved);
}

static unsigned reset_at; /* the drain at which that was typed; 0: not yet */

/* A few intervals after all figures were set to 0. */
static void save_after_the_reset(void)
{
	if (!reset_at && strstr(pty.text, "figures since now"))
		reset_at = kernel.drains;
	if (reset_at && kernel.drains == reset_at + 10)
		kernel.keys = "wq";
}

static void figures_go_on_after_a_reset(void **state)
{
	json_t *saved, *region;

	(void)state;
	reset_at = 0;
	kernel.keys = "r";
	kernel.then = save_after_the_reset;
	saved = trace_and_save();
	region = json_array_get(json_object_get(saved, "regions"), 0);
	assert_in_range(json_integer_value(json_object_get(region, "count")), 10,
			kernel.calls - 10);
	json_decref(saved);
}

static uint64_t calls_when_grouped; /* 0: not yet */

/* Many intervals after the last key that asked for figures. */
static void save_what_is_frozen(void)
{
	if (!calls_when_grouped && fake_bss->group_by) {
		calls_when_grouped = kernel.calls;
		reset_at = kernel.drains;
	}
	if (calls_when_grouped && kernel.drains == reset_at + 40)
		kernel.keys = "wq";
}

/* A key that asks for figures has them once. */
static void a_frozen_screen_stays_so(void **state)
{
	json_t *saved, *region;

	(void)state;
	calls_when_grouped = 0;
	kernel.keys = "pgp";
	kernel.then = save_what_is_frozen;
	saved = trace_and_save();
	region = json_array_get(json_object_get(saved, "regions"), 0);
	assert_in_range(json_integer_value(json_object_get(region, "count")), 0,
			calls_when_grouped + 200);
	json_decref(saved);
}

/* What a command has written would be gone with the screen. */
static void what_a_command_wrote_stays(void **state)
{
	struct rp_open_stack stack = {
		.tid = 77, .tgid = 77, .frames = 1, .serial = 1, .comm = "made-up"};
	struct rp_open_frame frame = {.region = 1, .node = ONE, .start = 1};
	int status;

	(void)state;
	put(fake.to_read, &stack, sizeof(stack), 0);
	put(fake.to_read, &frame, sizeof(frame), sizeof(stack));
	kernel.keys = "q";
	kernel.shown = "--on-stuck: it is stuck";
	assert_true(trace_on_screen("--stuck 10ms --on-stuck 'echo it is stuck' -f probed_one",
				    &status));
	assert_int_equal(status, RP_EXIT_OK);
	assert_shown(kernel.shown);
	assert_says("--on-stuck: it is stuck\n");
}

static uint64_t end_shown; /* ns, CLOCK_MONOTONIC; 0: not yet */

/* A while later, and after some more figures. */
static void save_after_the_end(void)
{
	if (!end_shown && strstr(pty.text, "ENDED "))
		end_shown = rp_clock__now();
	if (end_shown && !*kernel.keys && rp_clock__now() > end_shown + RP_NS_PER_S)
		kernel.keys = "glwq"; /* a key that asks for figures */
}

/* Time goes on, and that of the figures does not. */
static void figures_end_with_the_target(void **state)
{
	uint64_t begun = rp_clock__now();
	json_int_t duration;
	json_t *saved;

	(void)state;
	kernel.keys = "";
	kernel.ends_target = 5;
	kernel.then = save_after_the_end;
	end_shown = 0;
	saved = trace_and_save();
	duration = json_integer_value(json_object_get(saved, "duration_ns"));
	json_decref(saved);
	assert_in_range(duration, 1, end_shown - begun);
}

/* Until it is left: nothing can be asked of a target that is gone. */
static void the_screen_outlasts_the_target(void **state)
{
	int status;

	(void)state;
	kernel.keys = "q";
	kernel.shown = "the target has ended: q quits";
	kernel.ends_target = 5;
	assert_true(trace_on_screen("-f probed_one", &status));
	assert_int_equal(status, RP_EXIT_OK);
	assert_shown(kernel.shown);
	assert_shown("ENDED ");
}

static void close_the_window(void)
{
	if (kernel.drains != 4)
		return;
	kernel.keys = NULL;
	hang_up();
}

/* Nobody is there any more to quit it. */
static void the_run_ends_with_its_terminal(void **state)
{
	int status;

	(void)state;
	kernel.keys = "";
	kernel.then = close_the_window;
	alarm(300); /* it must end by itself */
	assert_false(trace_on_screen("-f probed_one", &status));
	alarm(0);
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_failed("the summary could not be written to standard output", "");
	assert_true(kernel.drains >= 4);
}

static void make_wide(void)
{
	struct winsize size = {.ws_row = 30, .ws_col = 120};

	if (kernel.drains != 4)
		return;
	ioctl(pty.master, TIOCSWINSZ, &size);
	pty.n = 0;
	kill(getpid(), SIGWINCH);
}

/* All of it, on a terminal that has another size now. */
static void a_resized_screen_is_drawn_anew(void **state)
{
	int status;

	(void)state;
	kernel.keys = "q";
	kernel.shown = "\x1b[30d";
	kernel.then = make_wide;
	assert_true(trace_on_screen("-f probed_one", &status));
	assert_int_equal(status, RP_EXIT_OK);
	assert_shown(kernel.shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_says_what_it_did),
		TEST(rows_are_grouped_from_then_on),
		TEST(figures_are_saved),
		TEST(figures_end_with_the_target),
		TEST(figures_go_on_after_a_reset),
		TEST(a_frozen_screen_stays_so),
		TEST(what_a_command_wrote_stays),
		TEST(the_screen_outlasts_the_target),
		TEST(a_resized_screen_is_drawn_anew),
		TEST(the_run_ends_with_its_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
