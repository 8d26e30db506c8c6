// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace list, of a process of this very program. */
#include "features_fixture.h"

#include <jansson.h>

#include "elf_image.h"
#include "run/internal.h"
#include "run/offer.h"
#include "util/sanitizer.h"

static pid_t pid;

/* Nobody types. */
bool rp_run__is_cancelled(void)
{
	return false;
}

static struct rp_offer offer; /* what the executables have */

void rp_offer__fill(const struct rp_targets *targets, struct rp_offer *out)
{
	(void)targets;
	*out = offer;
}

void rp_offer__where_names_are(const struct rp_offer *of, char where[RP_OFFER_WHERE])
{
	(void)of;
	where[0] = '\0';
}

static int begin(void **state)
{
	(void)state;
	offer = (struct rp_offer){.n_functions = 2, .n_names = 1, .names = {"one"}};
	fake_features = modern;
	pid = wait_for_me(false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	let_go(pid);
	return 0;
}

static int list(const char *words)
{
	char text[256];

	snprintf(text, sizeof(text), "rptrace list -p %d %s", (int)pid, words);
	return run(rp_list__run, text);
}

/* Rows of the table that have a text. */
static size_t rows_with(const char *text)
{
	size_t n = 0;

	for (const char *at = ran.out; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void functions_are_listed_with_their_method(void **state)
{
	(void)state;
	if (RP_UNDER_ASAN)
		skip(); /* it can switch stacks, which has RET sites probed */
	assert_int_equal(list("-f 'probed_*'"), RP_EXIT_OK);
	assert_int_equal(strncmp(ran.out, "REGION", 6), 0);
	assert_int_equal(rows_with("function session"), 2);
	assert_prints("probed_one");
	assert_prints("probed_two");
	assert_prints("test_commands_list");
	assert_null(strstr(ran.out, "To select from"));
	assert_null(strstr(ran.out, "Next:"));
	/* Without sessions, and where seccomp might object. */
	fake_features.session = false;
	assert_int_equal(list("-f 'probed_*'"), RP_EXIT_OK);
	assert_int_equal(rows_with("function return"), 2);
	fake_features.returns = RP_RETURN_SYSCALL_FILTERED;
	assert_int_equal(list("-f 'probed_*'"), RP_EXIT_OK);
	assert_int_equal(rows_with("function ret-sites"), 2);
}

static void a_selection_of_nothing_is_a_mistake(void **state)
{
	(void)state;
	assert_int_equal(list("-f probed_onf"), RP_EXIT_NOTHING);
	assert_failed("probed_onf", "probed_one");
	assert_string_equal(ran.out, "");
}

/* What there is, and what to type next. */
static void without_a_selection_all_there_is_is_told(void **state)
{
	char line[64];

	(void)state;
	assert_int_equal(list(""), RP_EXIT_OK);
	assert_prints("To select from, with -f and -u:");
	assert_prints("FUNCTIONS");
	assert_prints("libc");
	assert_prints("\nNext:\n");
	snprintf(line, sizeof(line), "  rptrace list -p %d -f ", (int)pid);
	assert_prints(line);
	/* ... of a library at most: there are USDT probes of libc, but no pairs. */
	assert_prints("No markers, and no pairs of USDT probes. Functions of the program:");
	assert_prints("probed_one");
	/* Its own functions are shown; those of a library are proposed. */
	assert_prints(":*'");
	assert_null(strstr(ran.out, "test_commands_list:*"));
}

/* All functions of a few, the largest of many; and those of the library that has most. */
static void what_to_type_next_depends_on_what_there_is(void **state)
{
	static const struct {
		size_t n_functions, n_names;
		const char *next; /* of the process */
	} offers[] = {
		{1, 1, "-f '*' --max-overhead=5%\n"},
		{2000, 1, "-f '*' --max-overhead=5%\n"},
		{2001, 1, "-f one\n"},
		{2001, 0, NULL},
		{0, 0, NULL},
	};
	char next[256];
	const char *at;

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		offer.n_functions = offers[i].n_functions;
		offer.n_names = offers[i].n_names;
		assert_int_equal(list(""), RP_EXIT_OK);
		snprintf(next, sizeof(next), "\nNext:\n  rptrace -p %d %s  rptrace list -p %d -f '",
			 (int)pid, offers[i].next, (int)pid);
		if (!offers[i].next)
			snprintf(next, sizeof(next), "\nNext:\n  rptrace list -p %d -f '",
				 (int)pid);
		at = strstr(ran.out, "\nNext:\n");
		assert_non_null(at);
		if (strncmp(at, next, strlen(next)))
			fail_msg("%s", at);
		at += strlen(next);
		assert_true(*at != '/' && *at != ':');
		assert_string_equal(at + strcspn(at, ":"), ":*'\n");
	}
}

static void a_list_that_is_not_written_is_told(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), before = dup(STDOUT_FILENO), status;
	struct rp_err *err = &ran.line.err;
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "rptrace list -p %d -f probed_one", (int)pid);
	parse_good(&ran.line, text);
	fflush(stdout);
	dup2(full, STDOUT_FILENO);
	status = rp_list__run(&ran.line.opts, ran_say, err);
	dup2(before, STDOUT_FILENO);
	clearerr(stdout);
	close(before);
	close(full);
	rp_opts__free(&ran.line.opts);
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_non_null(strstr(err->cause, "the list"));
}

#if defined(__x86_64__)
static const uint8_t nop[] = {0x90};
#else
static const uint8_t nop[] = {0x1f, 0x20, 0x03, 0xd5};
#endif

/* Of what has regions by itself, those; and functions as well, but of no library. */
static void regions_are_proposed_to_be_traced(void **state)
{
	char path[] = "/tmp/rptrace-list-XXXXXX", next[128];
	int file = mkstemp(path), status;
	static struct image img;
	void *mapped;

	full_image(&img);
	memcpy(img.bytes + TEXT_OFFSET + 8, nop, sizeof(nop));
	memcpy(img.bytes + TEXT_OFFSET + 16, nop, sizeof(nop));
	assert_int_equal(write(file, img.bytes, img.size), img.size);
	mapped = mmap(NULL, img.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	assert_true(mapped != MAP_FAILED);
	begin(state);
	munmap(mapped, img.size);
	close(file);
	status = list("");
	end(state);
	unlink(path);
	assert_int_equal(status, RP_EXIT_OK);
	assert_prints("job ");
	snprintf(next, sizeof(next), "\nNext:\n  rptrace -p %d\n  rptrace list -p %d -f '*'\n",
		 (int)pid, (int)pid);
	assert_prints("\nNext:\n");
	assert_string_equal(strstr(ran.out, "\nNext:\n"), next);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void programs_read_the_list(void **state)
{
	const json_t *regions, *one = NULL, *object = NULL;
	json_t *listed;

	(void)state;
	assert_int_equal(list("--json -f 'probed_*'"), RP_EXIT_OK);
	listed = json_loads(ran.out, 0, NULL);
	assert_non_null(listed);
	assert_string_equal(text_of(listed, "schema"), "rptrace-list/1");
	regions = json_object_get(listed, "regions");
	assert_int_equal(json_array_size(regions), 2);
	for (size_t i = 0; i < 2; i++)
		if (!strcmp(text_of(json_array_get(regions, i), "name"), "probed_one"))
			one = json_array_get(regions, i);
	assert_non_null(one);
	assert_string_equal(text_of(one, "kind"), "function");
	assert_string_equal(text_of(one, "method"), RP_UNDER_ASAN ? "ret-sites" : "session");
	assert_true(json_integer_value(json_object_get(one, "sites")) >= 1);
	assert_true(json_integer_value(json_object_get(one, "offset")) > 0);
	assert_true(json_is_false(json_object_get(one, "ends_at_jump")));
	assert_non_null(strstr(text_of(one, "object"), "test_commands_list"));
	assert_int_equal(json_array_size(json_object_get(listed, "refused")), 0);
	json_decref(listed);
	/* Objects, by the file with its functions. */
	assert_int_equal(list("--json"), RP_EXIT_OK);
	listed = json_loads(ran.out, 0, NULL);
	assert_non_null(listed);
	for (size_t i = 0; i < json_array_size(json_object_get(listed, "objects")); i++) {
		const json_t *o = json_array_get(json_object_get(listed, "objects"), i);

		if (strstr(text_of(o, "path"), "test_commands_list"))
			object = o;
	}
	assert_non_null(object);
	assert_true(json_integer_value(json_object_get(object, "functions")) > 10);
	assert_true(json_array_size(json_object_get(listed, "next")) > 0);
	json_decref(listed);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(functions_are_listed_with_their_method),
		TEST(a_selection_of_nothing_is_a_mistake),
		TEST(without_a_selection_all_there_is_is_told),
		TEST(what_to_type_next_depends_on_what_there_is),
		TEST(a_list_that_is_not_written_is_told),
		cmocka_unit_test(regions_are_proposed_to_be_traced),
		TEST(programs_read_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
