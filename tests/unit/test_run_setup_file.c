// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The file of the screen's set-up: what is taken from it, and what is left alone. */
#include "opts_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "run/setup_file.h"

#define TEXT "rptrace-setup/1\nsort cpu\ntree yes\n"

static char home[] = "/tmp/rptrace-setup.XXXXXX", folder[64], path[80], said[8192];
static struct line line;
static struct rp_setup_file *file;

/* It stands still: nobody is too late to read or write the file, however busy the machine is. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){.tv_sec = 1};
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(home, "/tmp/rptrace-setup.XXXXXX");
	if (!mkdtemp(home))
		return -1;
	snprintf(folder, sizeof(folder), "%s/rptrace", home);
	snprintf(path, sizeof(path), "%s/screen", folder);
	unsetenv("SUDO_UID");
	said[0] = '\0';
	return setenv("XDG_CONFIG_HOME", home, 1);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	rp_setup_file__free(file);
	file = NULL;
	rp_opts__free(&line.opts);
	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	return system(command);
}

static void say(const char *cause, const char *cure)
{
	(void)cure;
	snprintf(said, sizeof(said), "%s", cause);
}

static void write_text(const char *text, mode_t mode)
{
	FILE *out;

	mkdir(folder, 0700);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static const char *value(enum rp_setup_item item)
{
	return rp_setup_file__setup(file)->value[item];
}

static void begin(const char *command)
{
	assert_int_equal(parse(&line, command), 0);
	file = rp_setup_file__open(&line.opts);
}

static void begin_refused(const char *why)
{
	begin("rptrace");
	assert_non_null(file);
	assert_non_null(rp_setup_file__problem(file));
	assert_non_null(strstr(rp_setup_file__problem(file), why));
	assert_string_equal(value(RP_SETUP_SORT), "");
}

static void test_none_yet(void **state)
{
	(void)state;
	begin("rptrace");
	assert_non_null(file);
	assert_null(rp_setup_file__problem(file));
	assert_string_equal(value(RP_SETUP_SORT), "");
	assert_int_equal(access(folder, F_OK), -1);
}

static void test_written_and_read(void **state)
{
	struct stat st;

	(void)state;
	begin("rptrace");
	strcpy(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "p99");
	rp_setup_file__write(file, say);
	assert_string_equal(said, "");
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	rp_setup_file__free(file);
	rp_opts__free(&line.opts);
	begin("rptrace");
	assert_string_equal(value(RP_SETUP_SORT), "p99");
}

static void test_options_go_before(void **state)
{
	(void)state;
	write_text(TEXT "columns +p99\n", 0600);
	begin("rptrace -s count --columns=p50");
	assert_string_equal(value(RP_SETUP_SORT), "");
	assert_string_equal(value(RP_SETUP_COLUMNS), "");
	assert_string_equal(value(RP_SETUP_TREE), "yes");
	/* What is not taken stays in the file. */
	assert_string_equal(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "cpu");
}

static void test_switched_off(void **state)
{
	(void)state;
	write_text(TEXT, 0600);
	begin("rptrace --no-setup");
	assert_null(file);
	assert_null(rp_setup_file__setup(file));
	assert_null(rp_setup_file__problem(file));
}

static void test_link(void **state)
{
	char other[96];

	(void)state;
	write_text(TEXT, 0600);
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	begin_refused("link");
	/* It is replaced, and what it leads to is left alone. */
	strcpy(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "p99");
	rp_setup_file__write(file, say);
	rp_setup_file__free(file);
	rp_opts__free(&line.opts);
	begin("rptrace");
	assert_string_equal(value(RP_SETUP_SORT), "p99");
	assert_int_equal(rename(other, path), 0);
	rp_setup_file__free(file);
	rp_opts__free(&line.opts);
	begin("rptrace");
	assert_string_equal(value(RP_SETUP_SORT), "cpu");
}

static void test_link_to_folder(void **state)
{
	char other[96];

	(void)state;
	write_text(TEXT, 0600);
	snprintf(other, sizeof(other), "%s/other", home);
	assert_int_equal(rename(folder, other), 0);
	assert_int_equal(symlink(other, folder), 0);
	begin_refused("link");
	strcpy(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "p99");
	rp_setup_file__write(file, say);
	assert_non_null(strstr(said, "link"));
}

/* What was written so far, under another name, does not stay where it cannot take its place. */
static void test_folder_of_that_name(void **state)
{
	char inside[sizeof(path) + 8];

	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(inside, sizeof(inside), "%s/inside", path);
	assert_int_equal(mkdir(inside, 0700), 0);
	begin("rptrace");
	rp_setup_file__write(file, say);
	assert_non_null(strstr(said, "was not kept in "));
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* Nothing comes from it, and nobody waits for that. */
static void test_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	begin_refused("plain file");
}

static void test_others_can_write(void **state)
{
	(void)state;
	write_text(TEXT, 0620);
	begin_refused("plain file");
	rp_setup_file__free(file);
	rp_opts__free(&line.opts);
	write_text(TEXT, 0602);
	begin_refused("plain file");
}

static void test_too_large(void **state)
{
	static char text[RP_SETUP_BYTES + 64] = TEXT;

	(void)state;
	memset(text + strlen(text), '\n', RP_SETUP_BYTES);
	write_text(text, 0600);
	begin_refused("File too large");
}

static void test_of_another_kind(void **state)
{
	(void)state;
	write_text("root:x:0:0:root\n", 0600);
	begin_refused("none that rptrace wrote");
	assert_null(strstr(rp_setup_file__problem(file), "root:x"));
}

/* That of who ran sudo is meant: nobody has no home. */
static void test_sudo(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	write_text(TEXT, 0600);
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	setenv("SUDO_USER", "nobody", 1);
	begin("rptrace");
	assert_non_null(file);
	assert_string_equal(value(RP_SETUP_SORT), "");
	strcpy(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "p99");
	rp_setup_file__write(file, say);
	assert_non_null(strstr(said, "~nobody/.config/rptrace/screen"));
}

/* Root in somebody else's home, as some have it by su: the folder is not root's. */
static void test_home_of_another(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	write_text(TEXT, 0600);
	assert_int_equal(chown(folder, 65534, 65534), 0);
	begin_refused("plain file");
	assert_int_equal(chown(folder, 0, 0), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	rp_setup_file__free(file);
	rp_opts__free(&line.opts);
	begin_refused("plain file");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_none_yet),
		TEST(test_written_and_read),
		TEST(test_options_go_before),
		TEST(test_switched_off),
		TEST(test_link),
		TEST(test_link_to_folder),
		TEST(test_folder_of_that_name),
		TEST(test_fifo),
		TEST(test_others_can_write),
		TEST(test_too_large),
		TEST(test_of_another_kind),
		TEST(test_sudo),
		TEST(test_home_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
