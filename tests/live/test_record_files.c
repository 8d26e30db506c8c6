// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The files of a record: one after the other, and on file systems that go away. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "record_sums.h"

/* The shell's order is not that of the files; all that are there. */
static const char *all_of(const char *path)
{
	static char files[4096];
	char file[256];
	size_t n = 0;

	files[0] = '\0';
	for (unsigned i = 99; i; i--) {
		snprintf(file, sizeof(file), i > 1 ? "%s.%u" : "%s", path, i);
		if (!access(file, F_OK))
			n += (size_t)snprintf(files + n, sizeof(files) - n, " %s", file);
	}
	return files;
}

static json_t *report(const char *files)
{
	struct live_proc *rptrace = live_rptrace("report --json%s", files);
	json_t *json;

	assert_int_equal(live_wait(rptrace), 0);
	json = json_loads(rptrace->out, 0, NULL);
	assert_non_null(json);
	return json;
}

static json_int_t count_of(const json_t *snapshot, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(snapshot, "regions"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "name")), name))
			return json_integer_value(json_object_get(row, "count"));
	return 0;
}

static int pass(void *ctx, const struct rp_event_instance *instance)
{
	(void)ctx;
	(void)instance;
	return 0;
}

/* When its run began by the calendar. */
static uint64_t wall_of(const char *path)
{
	const struct rp_event_sink sink = {.instance = pass};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct rp_err err = {0};
	struct rp_reader *reader;
	uint64_t wall;

	assert_true(fd >= 0);
	assert_int_equal(rp_reader__open(fd, path, &reader, &err), 0);
	assert_int_equal(rp_reader__read(reader, &sink, &err), 0);
	wall = rp_reader__run(reader)->wall;
	rp_reader__free(reader);
	return wall;
}

/* The last file has it from the end of the run, when the calendar's clock may have been set. */
static void assert_began_at_one_time(const char *path)
{
	char file[256];
	unsigned n = 3;

	do
		snprintf(file, sizeof(file), "%s.%u", path, ++n);
	while (!access(file, F_OK));
	snprintf(file, sizeof(file), "%s.%u", path, n - 1);
	assert_int_equal(wall_of(path), wall_of(file));
}

/* Of so many instances a block is larger than a file may be. */
static void record_goes_on_in_other_files(void **state)
{
	const char *path = live_path("all.rpt"), *files;
	struct live_proc *rptrace = live_rptrace(
		"record -f outer -f middle --max-size 64k --rotate 90 -o %s -- %s", path,
		live_target_path("threads busy 2 20000"));
	struct stat st;
	json_t *json;

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "all.rpt to /"));
	assert_int_equal(stat(live_path("all.rpt.3"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_began_at_one_time(path);
	/* As it is left by a recorder that is killed once it has made its next file. */
	assert_int_equal(close(open(live_path("all.rpt.98"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)),
			 0);
	files = all_of(path);
	json = report(files);
	assert_int_equal(count_of(json, "outer"), 40000);
	assert_int_equal(count_of(json, "middle"), 40000);
	assert_null(json_object_get(json, "kept"));
	json_decref(json);
	/* A file that is given twice is still refused. */
	assert_int_equal(live_wait(live_rptrace("report%s %s", files, path)), 2);
}

static void oldest_file_goes(void **state)
{
	const char *path = live_path("some.rpt"), *files;
	struct live_proc *rptrace = live_rptrace(
		"record -f outer -f middle --max-size 64k --rotate 2 -o %s -- %s", path,
		live_target_path("threads busy 2 20000"));
	unsigned n = 0;
	json_t *json;

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, ", the last of them in "));
	assert_int_equal(access(path, F_OK), -1);
	files = all_of(path);
	for (const char *at = files; (at = strchr(at, ' ')); at++)
		n++;
	assert_int_equal(n, 2);
	json = report(files);
	assert_in_range(count_of(json, "outer"), 1, 39999);
	assert_string_equal(json_string_value(json_object_get(json, "kept")), "--rotate");
	json_decref(json);
}

/* Of a recorder that is killed while files come and go, each that is there is read. */
static void killed_between_two_files(void **state)
{
	const char *path = live_path("killed.rpt"), *third = live_path("killed.rpt.3");
	struct live_proc *target = live_target("threads busy 2 1000000");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f outer -f middle --max-size 64k --rotate 2 -o %s", target->pid,
		path);
	uint64_t until = live_deadline();
	struct stat st = {0};
	json_t *json;

	(void)state;
	live_release(target);
	while (stat(third, &st) || !st.st_size)
		assert_true(live_tick(until));
	kill(rptrace->pid, SIGKILL);
	assert_int_equal(live_wait(rptrace), 128 + SIGKILL);
	kill(target->pid, SIGKILL);
	json = report(all_of(path));
	assert_true(count_of(json, "outer") > 0);
	json_decref(json);
}

/* ---- file systems that go away --------------------------------------------------------------- */

static const char *mount_tmpfs(const char *name, const char *options)
{
	const char *folder = live_path(name);

	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(mount("tmpfs", folder, "tmpfs", 0, options), 0);
	return folder;
}

/* All that was written is read; what the target did after it was so is at most what is missing. */
static void assert_reads(const char *path, bool cut)
{
	struct record *r = read_record(path);

	assert_true(sums_of(r, "/outer").timed > 0);
	assert_int_equal(r->figures.cut, cut);
	free_record(r);
}

/* The end is told: what is recorded goes to a file that nobody can open any more. */
static void file_system_is_unmounted(void **state)
{
	const char *folder = mount_tmpfs("gone", "");
	struct live_proc *target = live_target("threads busy 2 300");
	struct live_proc *rptrace = live_rptrace_ready("record -p %d -f outer -o %s/run.rpt",
						       target->pid, folder);
	char path[PATH_MAX];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/run.rpt", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(umount2(folder, MNT_DETACH), 0);
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "run.rpt is not there any more: "));
	assert_non_null(strstr(rptrace->err, "-o /var/tmp/rptrace."));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_reads(path, false);
	close(fd);
	rmdir(folder);
}

static void file_is_removed(void **state)
{
	const char *path = live_path("removed.rpt");
	struct live_proc *target = live_target("threads busy 2 300");
	struct live_proc *rptrace = live_rptrace_ready("record -p %d -f outer -o %s", target->pid,
						       path);

	(void)state;
	assert_int_equal(unlink(path), 0);
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "removed.rpt is not there any more: "));
}

/* Write to a file as much as goes into its file system. */
static void fill(const char *folder)
{
	static const char zeros[4096];
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/filler", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

/* What is still to come is more than the last page of the file has room for. */
static void file_system_is_full(void **state)
{
	const char *folder = mount_tmpfs("full", "size=4m");
	struct live_proc *target = live_target("threads busy 2 300000");
	struct live_proc *rptrace = live_rptrace_ready("record -p %d -f outer -o %s/run.rpt",
						       target->pid, folder);
	uint64_t until = live_deadline();
	struct stat st = {0};
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/run.rpt", folder);
	live_release(target);
	while (stat(path, &st) || st.st_size < 50000)
		assert_true(live_tick(until));
	fill(folder);
	assert_int_equal(live_wait(target), 0);
	assert_int_equal(live_wait(rptrace), 1);
	assert_int_equal(live_expected(target->out, "outer"), 600000);
	assert_non_null(strstr(rptrace->err, "cannot be written: No space left on device"));
	assert_reads(path, true);
	assert_int_equal(umount2(folder, MNT_DETACH), 0);
	rmdir(folder);
}

/* What has reached its server is read; the last block may have done so in part. */
static void file_system_is_killed(void **state)
{
	const char *folder = live_path("served"), *behind = live_path("behind.rpt");
	uint64_t until = live_deadline();
	struct live_proc *files, *target, *rptrace;
	struct stat st = {0};
	struct record *r;

	(void)state;
	if (access("/dev/fuse", R_OK | W_OK)) {
		fputs("SKIPPED: no /dev/fuse here\n", stderr);
		skip();
	}
	assert_int_equal(close(open(behind, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	files = live_target("silent_files %s %s written", folder, behind);
	target = live_target("threads busy 2 1000000");
	rptrace = live_rptrace_ready("record -p %d -f outer -o %s/program", target->pid, folder);
	live_release(target);
	while (stat(behind, &st) || st.st_size < 1000000) /* more than a block */
		assert_true(live_tick(until));
	kill(files->pid, SIGKILL);
	live_wait(files);
	assert_int_equal(live_wait(rptrace), 1);
	kill(target->pid, SIGKILL);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
	assert_non_null(strstr(rptrace->err, "program ends early, as it cannot be written: "));
	r = read_torn_record(behind);
	assert_true(sums_of(r, "/outer").timed > 0);
	assert_true(r->figures.cut && r->figures.n_damaged <= 1);
	free_record(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_goes_on_in_other_files),
		cmocka_unit_test(oldest_file_goes),
		cmocka_unit_test(killed_between_two_files),
		cmocka_unit_test(file_system_is_unmounted),
		cmocka_unit_test(file_is_removed),
		cmocka_unit_test(file_system_is_full),
		cmocka_unit_test(file_system_is_killed),
	};

	return live_main("record_files", tests, LIVE_COUNT(tests));
}
