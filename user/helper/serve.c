// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The helper's side: what is asked for is done with the functions that do it in any process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "discover/elf_image.h"
#include "discover/file.h"
#include "discover/linked.h"
#include "discover/perf_map.h"
#include "discover/proc.h"
#include "helper/message.h"
#include "helper/restrict.h"
#include "unwind/object.h"
#include "util/memory_file.h"

#define MEMORY_MAX (2ull << 30) /* of a file: its largest tables twice, and their image */

/* Bytes as a file in memory; a negative errno. */
static int put_into_memory(const char *bytes, size_t size)
{
	int fd = rp_memory_file__new("rptrace");
	size_t done = 0;

	if (fd < 0)
		return fd;
	while (done < size) {
		ssize_t put = write(fd, bytes + done, size - done);

		if (put <= 0) {
			close(fd);
			return -ENOMEM;
		}
		done += put;
	}
	return fd;
}

static struct rp_mapped what_is_mapped(const struct rp_helper_request *request)
{
	return (struct rp_mapped){
		.dev = request->dev,
		.ino = request->ino,
		.path = (char *)request->path,
		.is_exe = request->is_exe,
		.start = request->start,
		.end = request->end,
		.offset = request->mapped_offset,
	};
}

static int open_mapped(const struct rp_helper_request *request)
{
	const struct rp_mapped mapped = what_is_mapped(request);
	char via[PATH_MAX];

	if (request->what == RP_HELPER_OPEN_PATH)
		return rp_proc__open_path("/proc", request->pid, &mapped, via, sizeof(via));
	return rp_proc__open_mapping("/proc", request->pid, &mapped, via, sizeof(via));
}

/* It may be the last thing that it does: what is mapped there may never come. */
static bool differs(const struct rp_helper_request *request, int file)
{
	const struct rp_mapped mapped = what_is_mapped(request);

	return rp_proc__differs("/proc", request->pid, &mapped, file, request->offset);
}

static void hash_code(const struct rp_helper_request *request, int file,
		      struct rp_helper_reply *reply)
{
	uint64_t hash = request->hash;

	if (request->n_places > RP_HELPER_PLACES)
		return;
	hash = rp_file__hash_code(file, request->places, request->n_places, hash);
	memcpy(reply->piece, &hash, sizeof(hash));
	reply->size = sizeof(hash);
}

static int open_object(const struct rp_helper_request *request, int file, struct rp_elf **elf,
		       struct rp_err *err)
{
	int rc = rp_elf__open(file, request->path, elf, err);

	if (!rc && request->leaves_folder)
		rp_elf__leave_folder(*elf);
	return rc;
}

static int read_object(const struct rp_helper_request *request, int file, struct rp_elf **elf,
		       char *cause, size_t size_of_cause)
{
	char *bytes = NULL;
	size_t size;
	struct rp_err err;
	int rc = open_object(request, file, elf, &err);

	if (!rc) {
		rc = rp_elf_image__make(*elf, request->tables, &bytes, &size);
		if (!rc)
			rc = put_into_memory(bytes, size);
		free(bytes);
		if (rc < 0)
			rp_err__set(&err, RP_EXIT_FAILED, rc, NULL, "%s: %s", request->path,
				    strerror(-rc));
	}
	if (rc < 0)
		snprintf(cause, size_of_cause, "%s", err.cause);
	return rc;
}

static int open_debug_file(const struct rp_helper_request *request, int file)
{
	struct rp_elf *elf;
	int rc = open_object(request, file, &elf, NULL), fd;

	if (rc)
		return rc;
	fd = rp_elf__debug_fd(elf);
	rc = fd < 0 ? -ENOENT : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	rp_elf__free(elf);
	return rc < 0 && fd >= 0 ? -EMFILE : rc;
}

static int read_unwinding(int file)
{
	struct rp_unwind_object object;
	char *bytes = NULL;
	size_t size;
	int rc = rp_unwind_object__read(file, &object);

	if (!rc)
		rc = rp_unwind_object__pack(&object, &bytes, &size);
	if (!rc)
		rc = put_into_memory(bytes, size);
	free(bytes);
	rp_unwind_object__free(&object);
	return rc;
}

static int read_perf_map(const struct rp_helper_request *request)
{
	struct rp_perf_map *map = NULL;
	char *bytes = NULL;
	size_t size;
	int rc = rp_perf_map__read("/proc", request->pid, &request->known, &map);

	if (!rc)
		rc = rp_perf_map__pack(map, &bytes, &size);
	if (!rc)
		rc = put_into_memory(bytes, size);
	free(bytes);
	rp_perf_map__free(map);
	return rc;
}

static int list_linked(const struct rp_helper_request *request)
{
	struct rp_linked linked;
	size_t size = 0, at = 0;
	char *bytes;
	int rc = rp_linked__of_command(request->path, &linked);

	if (rc)
		return rc;
	for (size_t i = 0; i < linked.n; i++)
		size += strlen(linked.items[i].path) + 2;
	bytes = malloc(size + 1);
	for (size_t i = 0; bytes && i < linked.n; i++)
		at += sprintf(bytes + at, "%c%s", linked.items[i].is_exe ? '*' : ' ',
			      linked.items[i].path) +
		      1;
	rc = bytes ? put_into_memory(bytes, size) : -ENOMEM;
	free(bytes);
	rp_linked__free(&linked);
	return rc;
}

/* file: or -1, a negative errno: it cannot be read. Returns what goes with the answer, or -1. */
static int answer(const struct rp_helper_request *request, int file, struct rp_elf **elf,
		  struct rp_helper_reply *reply)
{
	int rc = -EINVAL;

	if (file < -1) {
		reply->rc = file;
		return -1;
	}
	switch (request->what) {
	case RP_HELPER_OPEN:
		rc = rp_file__to_keep(rp_file__open_regular(request->path, NULL));
		break;
	case RP_HELPER_OPEN_MAPPING:
	case RP_HELPER_OPEN_PATH:
		rc = rp_file__to_keep(open_mapped(request));
		break;
	case RP_HELPER_OBJECT:
		rc = read_object(request, file, elf, reply->cause, sizeof(reply->cause));
		break;
	case RP_HELPER_DIFFERS:
		reply->piece[0] = differs(request, file);
		reply->size = 1;
		return -1;
	case RP_HELPER_CODE:
		hash_code(request, file, reply);
		return -1;
	case RP_HELPER_DEBUG_FILE:
		rc = rp_file__to_keep(open_debug_file(request, file));
		break;
	case RP_HELPER_UNWINDING:
		rc = read_unwinding(file);
		break;
	case RP_HELPER_PERF_MAP:
		rc = read_perf_map(request);
		break;
	case RP_HELPER_LINKED:
		rc = list_linked(request);
		break;
	case RP_HELPER_CLOSE:
		return -1;
	case RP_HELPER_READ:
		if (*elf)
			reply->size = rp_elf__read(*elf, request->offset, reply->piece,
						   sizeof(reply->piece));
		reply->rc = *elf ? 0 : -ESTALE;
		return -1;
	}
	reply->rc = rc < 0 ? rc : 0;
	return rc;
}

void rp_helper__serve(int socket, pid_t parent)
{
	static struct rp_helper_request request;
	static struct rp_helper_reply reply;
	struct rp_elf *elf = NULL;
	sigset_t all;

	/* Those of the terminal are for rptrace, which ends it. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, RP_HELPER_NAME);
	rp_restrict__descriptors(&socket, 1);
	rp_restrict__memory(MEMORY_MAX, RP_ELF_IMAGE_MAX);
	rp_restrict__to_opening(parent);
	for (;;) {
		int file, with;
		ssize_t got = rp_helper_message__receive(socket, &request, sizeof(request), &file);

		if (got != (ssize_t)sizeof(request))
			_exit(got != -EPIPE);
		if (request.what != RP_HELPER_CODE)
			request.path[sizeof(request.path) - 1] = '\0';
		if (request.what == RP_HELPER_OBJECT || request.what == RP_HELPER_CLOSE) {
			rp_elf__free(elf);
			elf = NULL;
		}
		memset(&reply, 0, offsetof(struct rp_helper_reply, piece));
		file = rp_file__to_read(file);
		with = answer(&request, file, &elf, &reply);
		/* That may take for ever, and is this request's own fault. */
		if (file >= 0)
			close(file);
		if (!rp_helper_message__send(socket, &reply,
					     offsetof(struct rp_helper_reply, piece) + reply.size,
					     with))
			_exit(1);
		if (with >= 0)
			close(with);
	}
}
