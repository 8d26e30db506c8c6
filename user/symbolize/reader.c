// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "symbolize/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/restrict.h"
#include "symbolize/functions.h"

#define READER_CPU_S 60
#define READER_BYTES (512ul << 20)
#define PATIENCE_MS  900 /* whoever ends rptrace meanwhile waits no longer than that */

struct rp_reader {
	pid_t pid;
	int socket;
};

/* ---- the reader --------------------------------------------------------------------------------
 */

struct object {
	struct rp_elf *elf;
	struct rp_lines *lines; /* NULL: no debug information */
	struct rp_functions *functions;
};

static bool is_name(const char *function)
{
	return function[0] && function[0] != '+';
}

/*
 * The function's own name is that of its symbol, as it is where there is no debug information:
 * the same function has one name.
 */
static void look_up(const struct object *o, struct rp_reader_answer *answer)
{
	struct rp_code_frame *outermost;
	char name[sizeof(outermost->function)];
	uint64_t addr;

	if (rp_elf__address(o->elf, answer->offset, &addr))
		return;
	if (o->lines)
		answer->n = (uint32_t)rp_lines__frames(o->lines, addr, answer->frames,
						       RP_READER_FRAMES);
	if (!rp_functions__find(o->functions, addr, name, sizeof(name)))
		name[0] = '\0';
	outermost = &answer->frames[answer->n ? answer->n - 1 : 0];
	if (outermost->inlined || is_name(name) || !outermost->function[0])
		snprintf(outermost->function, sizeof(outermost->function), "%s", name);
	outermost->inlined = false;
	answer->named = is_name(outermost->function);
	if (!answer->n)
		answer->n = outermost->function[0] != '\0';
}

static _Noreturn void serve(const struct object *o, int socket)
{
	struct rp_reader_answer answer;
	uint64_t offset;

	while (read(socket, &offset, sizeof(offset)) == sizeof(offset)) {
		memset(&answer, 0, sizeof(answer));
		answer.offset = offset;
		look_up(o, &answer);
		if (write(socket, &answer,
			  offsetof(struct rp_reader_answer, frames) +
				  answer.n * sizeof(answer.frames[0])) < 0)
			break;
	}
	_exit(0);
}

static _Noreturn void run(int fd, bool lines, int socket, pid_t parent)
{
	int keep[] = {fd, socket};
	struct object o = {0};

	rp_restrict__descriptors(keep, 2);
	rp_restrict__limits(READER_CPU_S, READER_BYTES);
	if (rp_elf__open(fd, "", &o.elf, NULL))
		_exit(1);
	/* Both open the debug file. */
	rp_elf__traits(o.elf);
	if (lines && rp_lines__open(o.elf, &o.lines))
		o.lines = NULL;
	rp_restrict__rights(parent);
	if (rp_functions__read(o.elf, &o.functions))
		_exit(1);
	serve(&o, socket);
}

/* ---- asking it ----------------------------------------------------------------------------------
 */

struct rp_reader *rp_reader__start(int fd, bool lines)
{
	struct rp_reader *reader = calloc(1, sizeof(*reader));
	pid_t parent = getpid();
	int ends[2];

	if (!reader)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		free(reader);
		return NULL;
	}
	reader->pid = fork();
	if (!reader->pid)
		run(fd, lines, ends[1], parent);
	close(ends[1]);
	reader->socket = ends[0];
	if (reader->pid > 0)
		return reader;
	close(ends[0]);
	free(reader);
	return NULL;
}

void rp_reader__end(struct rp_reader *reader)
{
	if (!reader)
		return;
	kill(reader->pid, SIGKILL);
	while (waitpid(reader->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(reader->socket);
	free(reader);
}

pid_t rp_reader__pid(const struct rp_reader *reader)
{
	return reader->pid;
}

/* It may have been taken over: what it says is text of that size, and ends. */
static bool is_sound(struct rp_reader_answer *answer, uint64_t offset, ssize_t size)
{
	const size_t head = offsetof(struct rp_reader_answer, frames);

	if (size < (ssize_t)head || answer->offset != offset || answer->n > RP_READER_FRAMES ||
	    (size_t)size != head + answer->n * sizeof(answer->frames[0]))
		return false;
	for (size_t i = 0; i < answer->n; i++) {
		answer->frames[i].function[sizeof(answer->frames[i].function) - 1] = '\0';
		answer->frames[i].file[sizeof(answer->frames[i].file) - 1] = '\0';
	}
	return true;
}

int rp_reader__ask(struct rp_reader *reader, uint64_t offset, struct rp_reader_answer *answer)
{
	struct pollfd ready = {.fd = reader->socket, .events = POLLIN};
	ssize_t size;
	int n;

	if (send(reader->socket, &offset, sizeof(offset), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -EIO;
	do
		n = poll(&ready, 1, PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -ETIMEDOUT;
	size = recv(reader->socket, answer, sizeof(*answer), MSG_DONTWAIT);
	return is_sound(answer, offset, size) ? 0 : -EIO;
}
