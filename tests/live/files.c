/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Files that the tests make, and what runs from them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"

void live_write(const char *from, const char *to, int flags)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, flags | O_CLOEXEC, 0755);
	ssize_t got;

	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)got), got);
	close(in);
	close(out);
}

static const char *copy(const char *from, const char *name)
{
	const char *path = live_path(name);

	unlink(path);
	live_write(from, path, O_WRONLY | O_CREAT | O_EXCL);
	return path;
}

const char *live_copy(const char *target, const char *name)
{
	return copy(live_target_path(target), name);
}

const char *live_copy_program(void)
{
	return copy(live_program(), "rptrace");
}

const char *live_stripped(const char *target)
{
	const char *path = live_path("stripped");

	assert_int_equal(live_wait(live_start("strip -s -o %s %s", path, live_target_path(target))),
			 0);
	return path;
}

const char *live_script(const char *name, const char *text)
{
	const char *path = live_path(name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fprintf(file, "#!/bin/sh\nset -e\n%s\n", text) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

struct live_proc *live_contained(const char *namespaces, const char *image, const char *args)
{
	const char *script = live_script("contain", "mount -t tmpfs none /mnt\n"
						    "mkdir /mnt/empty /mnt/root\n"
						    "mount -t overlay image /mnt/root "
						    "-o lowerdir=\"${1%/*}\":/mnt/empty\n"
						    "image=/mnt/root/${1##*/}\n"
						    "shift\n"
						    "exec $image \"$@\"");

	return live_target("/usr/bin/unshare %s %s %s %s", namespaces, script, image, args);
}
