// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which functions of a target are offered: the largest of its executables, the largest first. */
#include "targets_fixture.h"

#include "elf_image.h"
#include "run/offer.h"

struct function {
	const char *name;
	unsigned size;
};

static void write_image(const char *name, const struct function *functions, size_t n)
{
	static struct image img;
	Elf64_Sym symbols[32] = {{0}};
	char strings[512] = "";
	size_t at = 1, code = 0;

	image__start(&img);
	for (size_t i = 0; i < n; i++) {
		symbols[1 + i] = (Elf64_Sym){.st_name = (uint32_t)at,
					     .st_info = FUNC,
					     .st_shndx = 1,
					     .st_value = TEXT_ADDR + code,
					     .st_size = functions[i].size};
		strcpy(strings + at, functions[i].name);
		at += strlen(functions[i].name) + 1;
		code += functions[i].size + 8;
	}
	assert_true(code < SEG_SIZE && at < sizeof(strings) && n < 31);
	if (n)
		image__add_symbols(&img, SHT_SYMTAB, symbols, 1 + n, strings, at);
	image__finish(&img);
	write_file(f.root, name, img.bytes, img.size);
}

/* A process of that file, which it maps. */
static void run_file(pid_t pid, const char *name)
{
	char exe[PATH_MAX], file[PATH_MAX];

	put_process(pid, 1);
	snprintf(exe, sizeof(exe), "%s/%d/exe", f.root, (int)pid);
	snprintf(file, sizeof(file), "%s/%s", f.root, name);
	assert_int_equal(symlink(file, exe), 0);
	map(pid, name);
}

static struct rp_offer offered(pid_t processes)
{
	struct rp_offer offer;

	start();
	for (pid_t i = 0; i < processes; i++)
		add(PID + i);
	memset(&offer, 0xff, sizeof(offer));
	rp_offer__fill(f.targets, &offer);
	return offer;
}

#define assert_names(offer, ...)                                                                   \
	do {                                                                                       \
		const char *names_[] = {__VA_ARGS__};                                              \
                                                                                                   \
		assert_int_equal((offer).n_names, sizeof(names_) / sizeof(names_[0]));             \
		for (size_t i_ = 0; i_ < (offer).n_names; i_++)                                    \
			assert_string_equal((offer).names[i_], names_[i_]);                        \
	} while (0)

static void the_largest_come_first(void **state)
{
	static const struct function functions[] = {
		{"probed_one", 40}, {"small", 16}, {"great", 200}, {"_hidden", 400},
		{"middle", 100},    {"none", 0},   {"little", 24}, {"greatest", 300},
		{"tiny", 8},	    {"large", 120}};
	struct rp_offer offer;

	(void)state;
	write_image("program", functions, 10);
	run_file(PID, "program");
	offer = offered(1);
	assert_names(offer, "greatest", "great", "large", "middle", "probed_one");
	assert_int_equal(offer.n_functions, 10);
	assert_null(offer.lacks);
	assert_string_equal(offer.build_id, "");
}

static void a_few_are_all(void **state)
{
	static const struct function functions[] = {{"probed_one", 40}, {"other", 80}};
	struct rp_offer offer;

	(void)state;
	write_image("program", functions, 2);
	run_file(PID, "program");
	offer = offered(1);
	assert_names(offer, "other", "probed_one");
	assert_int_equal(offer.n_functions, 2);
}

/* Of several programs together, each name once; libraries are none of them. */
static void those_of_several_programs(void **state)
{
	static const struct function one[] = {{"probed_one", 10},
					      {"a", 50},
					      {"b", 40},
					      {"c", 30},
					      {"d", 20}},
				     two[] = {{"probed_one", 35}, {"e", 45}, {"b", 300}},
				     library[] = {{"probed_one", 9}, {"z", 900}};
	struct rp_offer offer;

	(void)state;
	write_image("program", one, 5);
	write_image("another", two, 3);
	write_image("library", library, 2);
	run_file(PID, "program");
	map(PID, "library");
	run_file(PID + 1, "another");
	offer = offered(2);
	assert_names(offer, "a", "e", "b", "c", "d");
	assert_int_equal(offer.n_functions, 8);
}

/* An interpreter that is built without its probes. */
static void what_a_build_lacks(void **state)
{
	static const struct function functions[] = {{"probed_one", 40}};
	struct rp_offer offer;

	(void)state;
	write_image("python3.11", functions, 1);
	run_file(PID, "python3.11");
	offer = offered(1);
	assert_non_null(offer.lacks);
	assert_string_equal(offer.lacks, "this Python is built without --with-dtrace");
}

static void where_names_are(void **state)
{
	struct rp_offer offer = {.build_id = "abcdef01"};
	char where[RP_OFFER_WHERE];

	(void)state;
	rp_offer__where_names_are(&offer, where);
	assert_string_equal(where, ": they are in its debug file, "
				   "/usr/lib/debug/.build-id/ab/cdef01.debug (Debian: a -dbgsym "
				   "package)");
	strcpy(offer.build_id, "ab");
	rp_offer__where_names_are(&offer, where);
	assert_string_equal(where, "");
}

#define OFFER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFER_TEST(the_largest_come_first),    OFFER_TEST(a_few_are_all),
		OFFER_TEST(those_of_several_programs), OFFER_TEST(what_a_build_lacks),
		cmocka_unit_test(where_names_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
