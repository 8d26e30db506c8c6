// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Rows of groups of processes: a group that no event has told of is looked up by who was in it. */
#include "run_fixture.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "discover/cgroups.h"

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

/* Its number: the inode of its folder, or any number where no such folders are to be seen. */
static uint64_t number_of(const char *path)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char folder[2048];
	struct statfs fs;
	struct stat st;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(folder, sizeof(folder), "%s%s", mounts[i], path);
		if (!statfs(folder, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC && !stat(folder, &st))
			return st.st_ino;
	}
	return 987654321;
}

static void groups_have_names(void **state)
{
	char path[1024], name[RP_CGROUP_NAME_LEN], end[RP_CGROUP_NAME_LEN + 2];

	(void)state;
	if (!path_of_target(path, sizeof(path)))
		skip();
	rp_cgroup__name(path, name, sizeof(name));
	kernel.cgroup = number_of(path);
	kernel.end_after = 3;
	assert_int_equal(trace("-b --by cgroup --format csv -i 100 -f probed_one"), RP_EXIT_OK);
	/* Not its number. */
	snprintf(end, sizeof(end), ",%s\n", name);
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
