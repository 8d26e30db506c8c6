// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Rows of groups of processes: a group that no event has told of is looked up by who was in it. */
#include "run_fixture.h"

#include <sys/stat.h>

#include "discover/cgroups.h"
#include "util/escape.h"

/* The path of the group that the target is in; false: this kernel has none. */
static bool path_of_target(char *path, size_t size)
{
	char name[64], line[1024];
	bool found = false;
	FILE *groups;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)target);
	groups = fopen(name, "re");
	while (groups && !found && fgets(line, sizeof(line), groups))
		found = !strncmp(line, "0::/", 4) &&
			snprintf(path, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3) > 0;
	if (groups)
		fclose(groups);
	return found;
}

/* Its number, the inode of its folder; any number, where no such folders are mounted; 0: this one
 * is elsewhere. */
static uint64_t number_of(const char *path)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096], point[2048], folder[4096];
	uint64_t number = 987654321;
	struct stat st;

	assert_non_null(mounts);
	while (fgets(line, sizeof(line), mounts))
		if (strstr(line, " - cgroup2 ") &&
		    sscanf(line, "%*s %*s %*s %*s %2047s", point) == 1) {
			snprintf(folder, sizeof(folder), "%s%s", point, path);
			number = stat(folder, &st) ? 0 : st.st_ino;
			break;
		}
	fclose(mounts);
	return number;
}

static void groups_have_names(void **state)
{
	char path[1024], name[RP_CGROUP_NAME_LEN], end[5 * RP_CGROUP_NAME_LEN], *escaped;

	(void)state;
	if (!path_of_target(path, sizeof(path)))
		skip();
	kernel.cgroup = number_of(path);
	if (!kernel.cgroup)
		skip();
	rp_cgroup__name(path, name, sizeof(name));
	kernel.end_after = 3;
	assert_int_equal(trace("-b --by cgroup --format csv -i 100 -f probed_one"), RP_EXIT_OK);
	/* Not its number. */
	escaped = rp_escape__copy(name, true);
	assert_non_null(escaped);
	snprintf(end, sizeof(end), ",%s\n", escaped);
	free(escaped);
	assert_prints("probed_one");
	assert_prints(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(groups_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
