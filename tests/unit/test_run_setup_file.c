// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The file of the screen's set-up: what is taken from it, and what is left alone. */
#include "opts_fixture.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/setup_file.h"

#define TEXT   "rptrace-setup/1\nsort cpu\ntree yes\n"
#define NOBODY 65534

static char home[] = "/tmp/rptrace-setup.XXXXXX", folder[64], path[80], said[8192];
static struct line line;
static struct rp_setup_file *file;

/*
 * It stands still: nobody is too late to read or write the file, however busy the machine is; but
 * where it is `hurried`.
 */
static bool hurried;
static long passed; /* tenths of a second */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	passed += hurried;
	*now = (struct timespec){.tv_sec = 1 + passed / 10, .tv_nsec = passed % 10 * 100000000};
	return 0;
}

/* What the system knows of who has run sudo. */
static char *users_home; /* NULL: it does not know that user */
static bool is_slow;	 /* it asks a server, which does not answer */

struct passwd *getpwuid(uid_t uid)
{
	static struct passwd user;

	if (is_slow) {
		alarm(20);
		pause();
	}
	user = (struct passwd){.pw_uid = uid, .pw_dir = users_home};
	return users_home ? &user : NULL;
}

static const char *const variables[] = {"XDG_CONFIG_HOME", "HOME", "SUDO_USER", "SUDO_UID",
					"SUDO_GID"};
enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

static int set_up(void **state)
{
	(void)state;
	hurried = is_slow = false;
	users_home = NULL;
	for (size_t i = 0; i < VARIABLES; i++)
		unsetenv(variables[i]);
	strcpy(home, "/tmp/rptrace-setup.XXXXXX");
	if (!mkdtemp(home))
		return -1;
	snprintf(folder, sizeof(folder), "%s/rptrace", home);
	snprintf(path, sizeof(path), "%s/screen", folder);
	said[0] = '\0';
	return setenv("XDG_CONFIG_HOME", home, 1);
}

static void end(void)
{
	rp_setup_file__free(file);
	file = NULL;
	rp_opts__free(&line.opts);
	line.opts = (struct rp_opts){0};
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	end();
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
	end();
	begin("rptrace");
	assert_string_equal(value(RP_SETUP_SORT), "p99");
}

/* Each of them before what the file says of it, and of nothing else. */
static void test_options_go_before(void **state)
{
	static const struct {
		const char *option;
		unsigned before; /* a bit for each item */
	} options[] = {
		{"", 0},
		{"-s count", 1u << RP_SETUP_SORT | 1u << RP_SETUP_ORDER},
		{"--by thread", 1u << RP_SETUP_GROUP},
		{"--tree", 1u << RP_SETUP_TREE},
		{"--columns=p50", 1u << RP_SETUP_COLUMNS | 1u << RP_SETUP_RECORD_COLUMNS},
	};
	static const char *const values[RP_SETUP_ITEMS] = {
		"cpu", "inverted", "process", "yes", "interval", "heat", "log", "+p99", "-p90"};
	char text[512] = "rptrace-setup/1\n", command[64];
	struct rp_setup written = {0};

	(void)state;
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		strcpy(written.value[i], values[i]);
	rp_setup__print(&written, text);
	write_text(text, 0600);
	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
		snprintf(command, sizeof(command), "rptrace %s", options[k].option);
		begin(command);
		for (size_t i = 0; i < RP_SETUP_ITEMS; i++) {
			assert_string_equal(value(i), options[k].before & 1u << i ? "" : values[i]);
			/* What is not taken stays in the file. */
			assert_string_equal(rp_setup_file__kept(file)->value[i], values[i]);
		}
		if (k + 1 < sizeof(options) / sizeof(options[0]))
			end();
	}
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
	end();
	begin("rptrace");
	assert_string_equal(value(RP_SETUP_SORT), "p99");
	assert_int_equal(rename(other, path), 0);
	end();
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
	end();
	write_text(TEXT, 0602);
	begin_refused("plain file");
}

/* Up to what there is room for, all of it is taken. */
static void test_too_large(void **state)
{
	static char text[RP_SETUP_BYTES + 1] = TEXT;
	static const char last[] = "\norder inverted";

	(void)state;
	memset(text + strlen(text), '\n', RP_SETUP_BYTES - strlen(text));
	write_text(text, 0600);
	begin_refused("File too large");
	end();
	strcpy(text + RP_SETUP_BYTES - sizeof(last), last);
	write_text(text, 0600);
	begin("rptrace");
	assert_null(rp_setup_file__problem(file));
	assert_string_equal(value(RP_SETUP_ORDER), "inverted");
}

static void test_of_another_kind(void **state)
{
	(void)state;
	write_text("root:x:0:0:root\n", 0600);
	begin_refused("none that rptrace wrote");
	assert_null(strstr(rp_setup_file__problem(file), "root:x"));
}

static void set_sudo(const char *uid, const char *gid, const char *user)
{
	setenv("SUDO_UID", uid, 1);
	setenv("SUDO_GID", gid, 1);
	setenv("SUDO_USER", user, 1);
}

/* That of who ran sudo is meant, who may have none. */
static void test_sudo(void **state)
{
	char *const homes[] = {NULL, "", "nowhere", "/nowhere"};

	(void)state;
	if (geteuid())
		skip();
	write_text(TEXT, 0600);
	set_sudo("65534", "65534", "nobody");
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		users_home = homes[i];
		begin("rptrace");
		assert_non_null(file);
		assert_null(rp_setup_file__problem(file));
		assert_string_equal(value(RP_SETUP_SORT), "");
		strcpy(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "p99");
		rp_setup_file__write(file, say);
		assert_string_equal(said,
				    "the screen's set-up was not kept in "
				    "~nobody/.config/rptrace/screen: No such file or directory");
		if (i + 1 < sizeof(homes) / sizeof(homes[0]))
			end();
	}
}

static void assert_theirs(const char *name, mode_t mode)
{
	char at[128];
	struct stat st;

	snprintf(at, sizeof(at), "%s/.config%s", home, name);
	assert_int_equal(lstat(at, &st), 0);
	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_uid, NOBODY);
	assert_int_equal(st.st_gid, NOBODY);
}

/* What comes of it is that user's, and with that user's rights. */
static void test_home_of_who_ran_sudo(void **state)
{
	const gid_t roots[] = {0};

	(void)state;
	if (geteuid())
		skip();
	set_sudo("65534", "65534", "nobody");
	users_home = home;
	assert_int_equal(chown(home, NOBODY, NOBODY), 0);
	begin("rptrace");
	strcpy(rp_setup_file__kept(file)->value[RP_SETUP_SORT], "p99");
	rp_setup_file__write(file, say);
	assert_string_equal(said, "");
	assert_theirs("", S_IFDIR | 0700);
	assert_theirs("/rptrace", S_IFDIR | 0700);
	assert_theirs("/rptrace/screen", S_IFREG | 0600);
	end();
	begin("rptrace");
	assert_string_equal(value(RP_SETUP_SORT), "p99");
	end();
	/* None of what root may, by itself or by its groups. */
	assert_int_equal(setgroups(1, roots), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(chown(home, 0, 0), 0);
		assert_int_equal(chmod(home, i ? 0750 : 0700), 0);
		begin_refused("Permission denied");
		if (!i)
			end();
	}
	assert_non_null(strstr(rp_setup_file__problem(file),
			       "Permission denied: rm ~nobody/.config/rptrace/screen"));
}

/* Which file it is, as it is told where it cannot be written: nothing is there. */
static void test_whose_file_it_is(void **state)
{
	static const struct {
		const char *value[VARIABLES];
		const char *file; /* NULL: there is none */
	} cases[] = {
		{{"/none/etc", "/none/a"}, "/none/etc/rptrace/screen"},
		{{NULL, "/none/a"}, "/none/a/.config/rptrace/screen"},
		{{"", "/none/a"}, "/none/a/.config/rptrace/screen"},
		{{"etc", "/none/a"}, "/none/a/.config/rptrace/screen"},
		{{"/none/etc", NULL}, "/none/etc/rptrace/screen"},
		{{NULL, NULL}, NULL},
		{{NULL, ""}, NULL},
		{{NULL, "a"}, NULL},
		{{"/none/etc", "/none/a", "joe", "1000", "1000"}, "~joe/.config/rptrace/screen"},
		{{"/none/etc", "/none/a", "joe", "2147483647", "0"}, "~joe/.config/rptrace/screen"},
		/* Where sudo's are not as sudo has them, it is root. */
		{{NULL, "/none/a", NULL, "1000", "1000"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", NULL, "1000"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", "1000", NULL}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "root", "0", "0"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", "", "1000"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", "1000x", "1000"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", ":", "1000"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", "1000", "-1"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", "2147483648", "1000"}, "/none/a/.config/rptrace/screen"},
		{{NULL, "/none/a", "joe", "1000", "4294967296"}, "/none/a/.config/rptrace/screen"},
	};
	char whole[256];

	(void)state;
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < VARIABLES; k++)
			if (cases[i].value[k])
				setenv(variables[k], cases[i].value[k], 1);
			else
				unsetenv(variables[k]);
		begin("rptrace");
		assert_int_equal(file != NULL, cases[i].file != NULL);
		if (file) {
			rp_setup_file__write(file, say);
			snprintf(
				whole, sizeof(whole),
				"the screen's set-up was not kept in %s: No such file or directory",
				cases[i].file);
			assert_string_equal(said, whole);
		}
		end();
	}
}

/* As long as there is room for, and no longer. */
static void test_long_paths(void **state)
{
	static char path_of_base[4097];

	(void)state;
	memset(path_of_base, '/', sizeof(path_of_base) - 1);
	setenv("XDG_CONFIG_HOME", path_of_base, 1);
	begin("rptrace");
	assert_null(file);
	end();
	path_of_base[sizeof(path_of_base) - 2] = '\0';
	setenv("XDG_CONFIG_HOME", path_of_base, 1);
	begin("rptrace");
	assert_non_null(file);
}

/* A file system, or a server of users, may take for ever: it is not waited for. */
static void test_no_answer(void **state)
{
	int status;

	(void)state;
	if (geteuid())
		skip();
	set_sudo("65534", "65534", "nobody");
	hurried = is_slow = true;
	begin_refused(strerror(ETIMEDOUT));
	/* It may have ended so soon that it is not there any more. */
	if (waitpid(-1, &status, 0) < 0) {
		assert_int_equal(errno, ECHILD);
		return;
	}
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
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
	end();
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
		TEST(test_home_of_who_ran_sudo),
		TEST(test_whose_file_it_is),
		TEST(test_long_paths),
		TEST(test_no_answer),
		TEST(test_home_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
