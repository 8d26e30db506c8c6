/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * silent_files FOLDER FILE [written|root|close|named]: a file system at FOLDER (which it makes)
 * with one file, "program", that holds what FILE does; what is written to it goes there. It answers
 * until it reads a byte, prints "silent", and answers nothing from then on: "asked" for each thing
 * that it is asked all the same. With "root" it never answers what anybody else wants to read, with
 * "close" nobody who closes a file, with "named" nobody who is called "rptrace". It ends with its
 * input, and so does the wait of whoever is waiting.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM	    "program"
#define PROGRAM_ID  2
#define REQUEST_MAX (1 << 17)
#define FOREVER_S   1000000

struct files {
	int server, file;
	bool root_alone, never_closed, not_named;
	uint64_t size;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void reply(const struct files *f, const struct fuse_in_header *to, int error,
		  const void *body, size_t size)
{
	static char out[REQUEST_MAX + sizeof(struct fuse_out_header)];
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size), .error = error, .unique = to->unique};

	memcpy(out, &header, sizeof(header));
	if (size)
		memcpy(out + sizeof(header), body, size);
	if (write(f->server, out, header.len) < 0 && errno != ENOENT)
		fail("write");
}

static struct fuse_attr attributes(const struct files *f, uint64_t id)
{
	return (struct fuse_attr){
		.ino = id,
		.size = id == PROGRAM_ID ? f->size : 0,
		.mode = id == PROGRAM_ID ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void look_up(const struct files *f, const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out entry = {.nodeid = PROGRAM_ID,
				       .entry_valid = FOREVER_S,
				       .attr_valid = f->not_named ? 0 : FOREVER_S,
				       .attr = attributes(f, PROGRAM_ID)};

	if (strcmp(name, PROGRAM))
		reply(f, in, -ENOENT, NULL, 0);
	else
		reply(f, in, 0, &entry, sizeof(entry));
}

static void read_file(const struct files *f, const struct fuse_in_header *in,
		      const struct fuse_read_in *what)
{
	static char bytes[REQUEST_MAX];
	size_t size = what->size < sizeof(bytes) ? what->size : sizeof(bytes);
	ssize_t got = pread(f->file, bytes, size, (off_t)what->offset);

	reply(f, in, got < 0 ? -EIO : 0, bytes, got < 0 ? 0 : (size_t)got);
}

static void write_file(const struct files *f, const struct fuse_in_header *in,
		       const struct fuse_write_in *what)
{
	ssize_t wrote = pwrite(f->file, what + 1, what->size, (off_t)what->offset);
	struct fuse_write_out out = {.size = wrote > 0 ? (uint32_t)wrote : 0};

	reply(f, in, wrote < 0 ? -EIO : 0, &out, wrote < 0 ? 0 : sizeof(out));
}

/* Modes are as they are. */
static void resize(struct files *f, const struct fuse_in_header *in,
		   const struct fuse_setattr_in *what)
{
	struct fuse_attr_out attr = {.attr_valid = FOREVER_S};

	if (what->valid & FATTR_SIZE && !ftruncate(f->file, (off_t)what->size))
		f->size = what->size;
	attr.attr = attributes(f, in->nodeid);
	reply(f, in, 0, &attr, sizeof(attr));
}

static void answer(struct files *f, const struct fuse_in_header *in)
{
	const void *body = in + 1;
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
				     .minor = 31,
				     .max_readahead = 65536,
				     .max_write = 65536};
	/* Else the kernel would not ask for them whenever somebody wants to know what he may do. */
	struct fuse_attr_out attr = {.attr_valid = f->not_named ? 0 : FOREVER_S,
				     .attr = attributes(f, in->nodeid)};
	struct fuse_open_out opened = {.open_flags = f->root_alone ? FOPEN_DIRECT_IO
								   : FOPEN_KEEP_CACHE};
	struct fuse_statfs_out fs = {.st = {.bsize = 4096, .frsize = 4096, .namelen = 255}};

	switch (in->opcode) {
	case FUSE_INIT:
		reply(f, in, 0, &init, sizeof(init));
		return;
	case FUSE_LOOKUP:
		look_up(f, in, body);
		return;
	case FUSE_GETATTR:
		reply(f, in, 0, &attr, sizeof(attr));
		return;
	case FUSE_OPEN:
		reply(f, in, 0, &opened, sizeof(opened));
		return;
	case FUSE_READ:
		read_file(f, in, body);
		return;
	case FUSE_STATFS:
		reply(f, in, 0, &fs, sizeof(fs));
		return;
	case FUSE_WRITE:
		write_file(f, in, body);
		return;
	case FUSE_SETATTR:
		resize(f, in, body);
		return;
	case FUSE_RELEASE:
		reply(f, in, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return; /* nobody waits for an answer */
	default:
		reply(f, in, -ENOSYS, NULL, 0);
	}
}

static bool is_named(uint32_t pid)
{
	char path[64], name[32] = "";
	FILE *comm;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	comm = fopen(path, "re");
	if (comm && !fgets(name, sizeof(name), comm))
		name[0] = '\0';
	if (comm)
		fclose(comm);
	return !strcmp(name, "rptrace\n");
}

static bool is_left_waiting(const struct files *f, const struct fuse_in_header *in)
{
	return (f->root_alone && in->uid && in->opcode == FUSE_READ) ||
	       (f->never_closed && in->opcode == FUSE_FLUSH) || (f->not_named && is_named(in->pid));
}

/* One request; false: there is no more to serve. */
static bool serve(struct files *f, bool silent)
{
	static char request[REQUEST_MAX + 4096];
	const struct fuse_in_header *in = (const struct fuse_in_header *)request;
	ssize_t got = read(f->server, request, sizeof(request));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN || errno == ENOENT;
	if (silent || is_left_waiting(f, in))
		puts("asked");
	else
		answer(f, in);
	return got > 0;
}

static void mount_at(const struct files *f, const char *folder)
{
	char options[128];

	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other%s", f->server,
		 f->not_named ? ",default_permissions" : "");
	if ((mkdir(folder, 0755) && errno != EEXIST) ||
	    mount("silent", folder, "fuse", MS_NODEV, options))
		fail("mount");
}

int main(int argc, char **argv)
{
	struct files f = {.server = open("/dev/fuse", O_RDWR | O_CLOEXEC)};
	struct pollfd both[2] = {{.fd = f.server, .events = POLLIN},
				 {.fd = STDIN_FILENO, .events = POLLIN}};
	bool silent = false, more = true;
	struct stat st;
	char byte;

	if (argc != 3 && argc != 4)
		return 2;
	f.root_alone = argc == 4 && !strcmp(argv[3], "root");
	f.never_closed = argc == 4 && !strcmp(argv[3], "close");
	f.not_named = argc == 4 && !strcmp(argv[3], "named");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A program that is open for writing cannot be run. */
	f.file = open(argv[2],
		      (argc == 4 && !strcmp(argv[3], "written") ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (f.server < 0 || f.file < 0 || fstat(f.file, &st))
		fail("open");
	f.size = (uint64_t)st.st_size;
	mount_at(&f, argv[1]);
	puts("ready");
	while (more && poll(both, 2, -1) > 0) {
		if (both[0].revents)
			more = serve(&f, silent);
		if (both[1].revents && read(STDIN_FILENO, &byte, 1) != 1)
			break;
		if (both[1].revents) {
			silent = true;
			puts("silent");
		}
	}
	umount2(argv[1], MNT_DETACH);
	close(f.server);
	rmdir(argv[1]);
	return 0;
}
