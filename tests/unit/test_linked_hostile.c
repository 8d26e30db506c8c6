// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Commands that are scripts, no programs at all, or damaged ones. */
#include <elf.h>

#include "linked_fixture.h"

/* ---- scripts ------------------------------------------------------------------------------- */

static void check_runs(const char *path, const char *exe)
{
	struct rp_linked linked;

	assert_int_equal(rp_linked__of_command(path, &linked), 0);
	if (exe) {
		assert_true(linked.n >= 3);
		assert_true(linked.items[0].is_exe);
		assert_true(same_file(linked.items[0].path, exe));
	} else {
		assert_int_equal(linked.n, 0);
		assert_null(linked.items);
	}
	rp_linked__free(&linked);
}

static void test_script(void **state)
{
	char line[512];

	(void)state;
	check_runs(write_text("script", "#!/bin/sh\nexit 0\n"), "/bin/sh");
	check_runs(write_text("script", "#! \t/bin/sh -e\n"), "/bin/sh");
	check_runs(write_text("script", "#!/bin/sh"), "/bin/sh");
	check_runs(write_text("script", "#!\n/bin/sh\n"), NULL);
	check_runs(write_text("script", "#"), NULL);
	check_runs(write_text("script", "#!/bin/sh\r\n"), NULL);
	/* The kernel refuses a name that does not end in what it reads of the line. */
	memset(line, '/', sizeof(line));
	memcpy(line, "#!", 2);
	strcpy(line + 256 - strlen("bin/sh"), "bin/sh\n");
	check_runs(write_text("script", line), NULL);
	strcpy(line + 255 - strlen("bin/sh"), "bin/sh\n");
	check_runs(write_text("script", line), "/bin/sh");
}

/* As many scripts as the kernel itself follows, which the shell's answer tells. */
static void test_script_of_scripts(void **state)
{
	char name[16], before[PATH_MAX] = "/bin/true", line[PATH_MAX + 16];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "nested%u", i);
		snprintf(line, sizeof(line), "#!%s\n", before);
		snprintf(before, sizeof(before), "%s", write_text(name, line));
		snprintf(line, sizeof(line), "%s 2>/dev/null", before);
		check_runs(before, system(line) ? NULL : "/bin/true");
	}
	check_runs(write_text("itself", "#!itself\n"), NULL);
}

/* ---- hostile files ------------------------------------------------------------------------- */

static void test_nonsense(void **state)
{
	(void)state;
	check_runs(in_dir("none"), NULL);
	check_runs(dir, NULL);
	check_runs("", NULL);
	check_runs(write_text("text", "hello\n"), NULL);
	check_runs(write_text("empty", ""), NULL);
	check_runs(write_file("magic", ELFMAG, SELFMAG), NULL);
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	check_runs(in_dir("fifo"), NULL);
}

/* Neither a cut nor wrong bytes in what is parsed does more than lose files. */
static void test_damaged(void **state)
{
	static char image[1 << 20], damaged[1 << 20];
	size_t size = read_file(in_dir("rpath"), image, sizeof(image));
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)image;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(image + ehdr->e_phoff);
	uint32_t random = 1;
	struct rp_linked linked;

	(void)state;
	for (size_t cut = 0; cut < size; cut += 61) {
		assert_int_equal(rp_linked__of_command(write_file("damaged", image, cut), &linked),
				 0);
		rp_linked__free(&linked);
	}
	for (unsigned round = 0; round < 1000; round++) {
		const Elf64_Phdr *dynamic = ph;
		size_t at;

		while (dynamic->p_type != PT_DYNAMIC)
			dynamic++;
		memcpy(damaged, image, size);
		random = random * 1664525 + 1013904223;
		at = (random >> 8) % 512;
		at = round % 2 ? dynamic->p_offset + at % dynamic->p_filesz
			       : sizeof(*ehdr) + at % (ehdr->e_phnum * sizeof(*ph));
		damaged[at] ^= 1u << (random >> 29);
		damaged[at ^ 1] ^= random >> 24;
		assert_int_equal(
			rp_linked__of_command(write_file("damaged", damaged, size), &linked), 0);
		assert_true(linked.n <= 16);
		rp_linked__free(&linked);
	}
}

/* A list of folders without an end costs a bounded number of tries. */
static void test_bounded(void **state)
{
	static char list[100001];
	struct rp_linked linked;

	(void)state;
	memset(list, ':', sizeof(list) - 1);
	setenv("LD_LIBRARY_PATH", list, 1);
	assert_int_equal(rp_linked__of_command(in_dir("runpath"), &linked), 0);
	unsetenv("LD_LIBRARY_PATH");
	assert_int_equal(linked.n, 2);
	rp_linked__free(&linked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),	 cmocka_unit_test(test_script_of_scripts),
		cmocka_unit_test(test_nonsense), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
