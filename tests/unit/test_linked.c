// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What is found is compared, file by file and in order, with what the dynamic loader itself lists
 * for the same program and the same environment.
 */
#include <elf.h>

#include "linked_fixture.h"

#define LISTED_MAX 256

static bool found(const struct rp_linked *linked, const char *path)
{
	for (size_t i = 0; i < linked->n; i++)
		if (same_file(linked->items[i].path, path))
			return true;
	return false;
}

/* What the loader lists for a program, in its order; returns how many. */
static size_t ask_loader(const char *program, const char *library_path, const char *preload,
			 char listed[LISTED_MAX][PATH_MAX])
{
	char command[COMMAND_MAX], line[COMMAND_MAX];
	size_t n = 0;
	FILE *f;

	/* Set for the program alone: the shell must run. */
	snprintf(command, sizeof(command),
		 "LD_LIBRARY_PATH='%s' LD_PRELOAD='%s' LD_TRACE_LOADED_OBJECTS=1 '%s'",
		 library_path, preload, program);
	f = popen(command, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char *arrow = strstr(line, "=> ");
		char *path = arrow ? arrow + 3 : line + strspn(line, " \t");

		path[strcspn(path, " \n")] = '\0';
		if (access(path, F_OK))
			continue; /* the kernel's own object, or one that was not found */
		assert_true(n < LISTED_MAX);
		snprintf(listed[n++], PATH_MAX, "%s", path);
	}
	pclose(f);
	return n;
}

/* The program is first, its interpreter second, the rest is as the loader lists it. */
static void check_as_loader(const char *program, const char *library_path, const char *preload,
			    struct rp_linked *linked)
{
	static char listed[LISTED_MAX][PATH_MAX];
	size_t n = ask_loader(program, library_path, preload, listed), at = 2;
	int ret;

	assert_true(n > 0);
	setenv("LD_LIBRARY_PATH", library_path, 1);
	setenv("LD_PRELOAD", preload, 1);
	ret = rp_linked__of_command(program, linked);
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("LD_PRELOAD");
	assert_int_equal(ret, 0);
	assert_int_equal(linked->n, n + 1);
	assert_true(same_file(linked->items[0].path, program));
	for (size_t i = 0; i < linked->n; i++) {
		assert_int_equal(linked->items[i].is_exe, i == 0);
		assert_int_equal(linked->items[i].path[0], '/');
	}
	for (size_t i = 0; i < n; i++)
		if (!same_file(listed[i], linked->items[1].path) &&
		    !same_file(listed[i], linked->items[at++].path))
			fail_msg("%s: %s instead of %s", program, linked->items[at - 1].path,
				 listed[i]);
}

static void check_program(const char *program)
{
	struct rp_linked linked;

	if (access(program, X_OK))
		skip();
	check_as_loader(program, "", "", &linked);
	rp_linked__free(&linked);
}

/* ---- installed programs -------------------------------------------------------------------- */

static void test_ls(void **state)
{
	(void)state;
	check_program("/bin/ls");
}

static void test_python(void **state)
{
	(void)state;
	check_program("/usr/bin/python3.11");
}

static void test_sqlite(void **state)
{
	struct rp_linked linked;
	bool lib = false;

	(void)state;
	if (access("/usr/bin/sqlite3", X_OK))
		skip();
	check_as_loader("/usr/bin/sqlite3", "", "", &linked);
	for (size_t i = 0; i < linked.n; i++)
		lib |= strstr(linked.items[i].path, "/libsqlite3.so.0") != NULL;
	assert_true(lib);
	rp_linked__free(&linked);
}

/* A library that no default folder has. */
static void test_cache(void **state)
{
	static const char list[] = "PATH=$PATH:/sbin ldconfig -p | grep -v 'hwcap' | awk "
				   "'$NF !~ \"^(/usr)?/lib(64|/[^/]*-linux-gnu)?/[^/]*$\" "
				   "&& /64/ {print $1; exit}'";
	struct rp_linked linked;
	char name[NAME_MAX] = "";
	FILE *f = popen(list, "r");

	(void)state;
	assert_non_null(f);
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	pclose(f);
	name[strcspn(name, "\n")] = '\0';
	if (!name[0])
		skip();
	check_as_loader("/bin/ls", "", name, &linked);
	rp_linked__free(&linked);
}

/* ---- folders, environment ------------------------------------------------------------------ */

/* One program in one environment: as the loader has it, with the file that the case is about. */
static void check_search(const char *program, const char *library_path, const char *preload,
			 const char *expected, const char *not_expected)
{
	struct rp_linked linked;

	check_as_loader(in_dir(program), library_path, preload, &linked);
	if (expected && !found(&linked, in_dir(expected)))
		fail_msg("%s: %s was not found", program, expected);
	if (not_expected && found(&linked, in_dir(not_expected)))
		fail_msg("%s: %s was found", program, not_expected);
	rp_linked__free(&linked);
}

static void test_rpath(void **state)
{
	(void)state;
	check_search("rpath", "", "", "a/libone.so", "c/libone.so");
	/* That of the program serves the libraries of its libraries, before the environment. */
	check_search("rpath", in_dir("c"), "", "b/libtwo.so", "c/libone.so");
}

static void test_runpath(void **state)
{
	(void)state;
	check_search("runpath", "", "", "a/libone.so", "b/libtwo.so");
	check_search("runpath", in_dir("c"), "", "c/libone.so", "a/libone.so");
	check_search("runpath", in_dir("b"), "", "b/libtwo.so", NULL);
}

static void test_runpath_hides_rpath(void **state)
{
	(void)state;
	/* libfive has a RUNPATH: the RPATH of the program does not serve what it needs. */
	build_lib("a", "five", "-Lb -ltwo -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../c'");
	build_program("hidden", "-La -lfive -Wl,--disable-new-dtags,-rpath,'$ORIGIN/a:$ORIGIN/b'");
	check_search("hidden", "", "", "c/libtwo.so", "b/libtwo.so");
}

/* A file with both, as linkers wrote once: the RPATH is not used, by its libraries neither. */
static void test_rpath_and_runpath(void **state)
{
	static char image[1 << 20];
	size_t size = read_file(in_dir("rpath"), image, sizeof(image));
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)image;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(image + ehdr->e_phoff);
	Elf64_Dyn *dyn, *spare = NULL, *rpath = NULL;

	(void)state;
	while (ph->p_type != PT_DYNAMIC)
		ph++;
	for (dyn = (Elf64_Dyn *)(image + ph->p_offset); dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_DEBUG)
			spare = dyn;
		else if (dyn->d_tag == DT_RPATH)
			rpath = dyn;
	assert_true(spare && rpath);
	*spare = (Elf64_Dyn){.d_tag = DT_RUNPATH, .d_un = rpath->d_un};
	write_file("both", image, size);
	check_search("both", "", "", "a/libone.so", "b/libtwo.so");
}

static void test_known_by_name(void **state)
{
	(void)state;
	/* libthree would find another libone and libnine, were there none yet. */
	shell("${CC:-cc} -shared -fPIC -o a/libnine.so lib.c && cp a/libnine.so c");
	build_lib("a", "three", "-Lc -lone -lnine -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../c'");
	build_program("known", "-La -lone -lnine -lthree "
			       "-Wl,--disable-new-dtags,-rpath,'$ORIGIN/a:$ORIGIN/b'");
	check_search("known", "", "", "a/libone.so", "c/libone.so");
	check_search("known", "", "", "a/libnine.so", "c/libnine.so");
}

static void test_library_path_forms(void **state)
{
	char list[2 * PATH_MAX + 64], cwd[PATH_MAX];

	(void)state;
	snprintf(list, sizeof(list), "/nowhere;%s:%s", in_dir("c"), in_dir("b"));
	check_search("runpath", list, "", "c/libone.so", "b/libtwo.so");
	check_search("runpath", "$ORIGIN/c", "", "c/libone.so", "a/libone.so");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(in_dir("c")), 0);
	check_search("runpath", "/nowhere:", "", "c/libone.so", "a/libone.so");
	assert_int_equal(chdir(cwd), 0);
}

static void test_other_machines_passed_over(void **state)
{
	static char image[1 << 20];
	size_t size = read_file(in_dir("c/libone.so"), image, sizeof(image));
	char list[2 * PATH_MAX];

	(void)state;
	shell("mkdir -p d e");
	image[EI_CLASS] = ELFCLASS32;
	write_file("d/libone.so", image, size);
	image[EI_CLASS] = ELFCLASS64;
	((Elf64_Ehdr *)image)->e_machine = EM_S390;
	write_file("e/libone.so", image, size);
	snprintf(list, sizeof(list), "%s:%s", in_dir("d"), in_dir("c"));
	check_search("runpath", list, "", "c/libone.so", "d/libone.so");
	snprintf(list, sizeof(list), "%s:%s", in_dir("e"), in_dir("c"));
	check_search("runpath", list, "", "c/libone.so", "e/libone.so");
}

static void test_lib_token(void **state)
{
	static const char *const names[] = {"lib", "lib64", "lib/$(uname -m)-linux-gnu"};
	struct rp_linked linked;

	(void)state;
	build_program("token", "-La -lone -Wl,-rpath,'$ORIGIN/t/$LIB'");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		shell("mkdir -p t/%s && cp c/libone.so t/%s", names[i], names[i]);
	check_as_loader(in_dir("token"), "", "", &linked);
	assert_non_null(strstr(linked.items[2].path, "/t/lib"));
	rp_linked__free(&linked);
}

static void test_needed_paths(void **state)
{
	(void)state;
	shell("mkdir -p p && ${CC:-cc} -shared -fPIC -o p/plain.so lib.c");
	build_program("paths", in_dir("p/plain.so"));
	check_search("paths", "", "", "p/plain.so", NULL);
	shell("${CC:-cc} -shared -fPIC -o p/origin.so -Wl,-soname,'$ORIGIN/p/origin.so' lib.c");
	build_program("origin", in_dir("p/origin.so"));
	check_search("origin", "", "", "p/origin.so", NULL);
}

static void test_preload(void **state)
{
	char list[3 * PATH_MAX];

	(void)state;
	build_lib("f", "four", "-Lb -ltwo");
	/* The same file by two names is one. */
	snprintf(list, sizeof(list), "%s %s:%s", in_dir("f/libfour.so"), in_dir("b/libtwo.so"),
		 in_dir("b/../b/libtwo.so"));
	check_search("rpath", "", list, "f/libfour.so", NULL);
	check_search("rpath", in_dir("f"), "libfour.so", "f/libfour.so", NULL);
	/* Preloaded by its path, it is known by the name it has of itself. */
	check_search("rpath", "", in_dir("c/libone.so"), "c/libone.so", "a/libone.so");
}

static void test_static(void **state)
{
	struct rp_linked linked;

	(void)state;
	build_program("static", "-static");
	setenv("LD_PRELOAD", in_dir("b/libtwo.so"), 1);
	assert_int_equal(rp_linked__of_command(in_dir("static"), &linked), 0);
	unsetenv("LD_PRELOAD");
	assert_int_equal(linked.n, 1);
	assert_true(linked.items[0].is_exe);
	assert_string_equal(linked.items[0].path, in_dir("static"));
	rp_linked__free(&linked);
}

/* The paths are those that maps show: without the links on the way. */
static void test_links_resolved(void **state)
{
	struct rp_linked linked;

	(void)state;
	shell("mkdir -p g && ln -s ../rpath g/link");
	assert_int_equal(rp_linked__of_command(in_dir("g/link"), &linked), 0);
	assert_string_equal(linked.items[0].path, in_dir("rpath"));
	assert_true(found(&linked, in_dir("a/libone.so")));
	rp_linked__free(&linked);
}

static void test_loop(void **state)
{
	(void)state;
	build_lib("h", "seven", "");
	build_lib("h", "six", "-Lh -lseven -Wl,-rpath,'$ORIGIN'");
	build_lib("h", "seven", "-Lh -lsix -Wl,-rpath,'$ORIGIN'");
	build_program("loop", "-Lh -lsix -Wl,-rpath,'$ORIGIN/h'");
	check_search("loop", "", "", "h/libseven.so", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ls),
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_sqlite),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_rpath),
		cmocka_unit_test(test_runpath),
		cmocka_unit_test(test_runpath_hides_rpath),
		cmocka_unit_test(test_rpath_and_runpath),
		cmocka_unit_test(test_known_by_name),
		cmocka_unit_test(test_library_path_forms),
		cmocka_unit_test(test_other_machines_passed_over),
		cmocka_unit_test(test_lib_token),
		cmocka_unit_test(test_needed_paths),
		cmocka_unit_test(test_preload),
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_links_resolved),
		cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
