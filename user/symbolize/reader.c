// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "symbolize/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "discover/file.h"
#include "helper/restrict.h"
#include "symbolize/functions.h"
#include "util/clock.h"
#include "util/cpu_time.h"
#include "util/kernel_file.h"

#define READER_CPU_S 60
#define READER_BYTES (512ul << 20)
#define ASK_CPU_NS   (5 * RP_NS_PER_S) /* for one address */
#define LOOK_MS	     50
#define ASK_IDLE_NS  (4 * RP_NS_PER_S) /* what it reads comes, but too slowly */
#define STILL_MAX    40		       /* looks in a row: what it reads does not come */

struct rp_reader {
	pid_t pid;
	int socket;
	uint64_t cpu, idle; /* ns, as far as it was waited for */
	uint64_t waited;    /* ns: see rp_reader__waited_in_all() */
};

static uint64_t waited_in_all;

/* ---- the reader ------------------------------------------------------------------------------ */

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

static _Noreturn void run(int fd, int debug, bool lines, int socket, pid_t parent)
{
	int keep[] = {fd, socket, debug}, urgency = getpriority(PRIO_PROCESS, 0);
	struct object o = {0};

	rp_restrict__descriptors(keep, 3);
	fd = rp_file__to_read(fd);
	debug = rp_file__to_read(debug);
	rp_restrict__limits(READER_CPU_S, READER_BYTES);
	/* It is waited for: no less urgent than who asks. */
	setpriority(PRIO_PROCESS, 0, urgency);
	rp_restrict__rights(parent);
	if (rp_elf__open(fd, "", &o.elf, NULL))
		_exit(1);
	rp_elf__use_debug_fd(o.elf, debug);
	if (lines && rp_lines__open(o.elf, &o.lines))
		o.lines = NULL;
	if (rp_functions__read(o.elf, &o.functions))
		_exit(1);
	serve(&o, socket);
}

/* ---- asking it ------------------------------------------------------------------------------- */

struct rp_reader *rp_reader__start(int fd, int debug, bool lines)
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
		run(fd, debug, lines, ends[1], parent);
	close(ends[1]);
	reader->socket = ends[0];
	if (reader->pid > 0)
		return reader;
	close(ends[0]);
	free(reader);
	return NULL;
}

void rp_reader__end(struct rp_reader *reader, struct rp_killed *killed)
{
	if (!reader)
		return;
	rp_killed__add(killed, reader->pid);
	close(reader->socket);
	free(reader);
}

pid_t rp_reader__pid(const struct rp_reader *reader)
{
	return reader->pid;
}

uint64_t rp_reader__spent(const struct rp_reader *reader)
{
	return reader->cpu + reader->idle;
}

uint64_t rp_reader__memory(const struct rp_reader *reader)
{
	uint64_t resident, shared;
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)reader->pid);
	if (rp_kernel_file__read(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) != 2 || shared > resident)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
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

static bool wants_cpu(const struct rp_reader *reader)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)reader->pid);
	if (rp_kernel_file__read(path, text, sizeof(text)) <= 0)
		return false;
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'R';
}

static bool has_run(struct rp_reader *reader)
{
	uint64_t cpu = rp_cpu_time__process(reader->pid); /* 0: it has ended */

	if (cpu <= reader->cpu)
		return false;
	reader->cpu = cpu;
	return true;
}

/* Nothing has come yet. Returns in how many looks in a row it has neither run nor wanted to. */
static unsigned look(struct rp_reader *reader, unsigned still)
{
	bool runs = has_run(reader);

	if (wants_cpu(reader))
		return 0;
	reader->idle += LOOK_MS * RP_NS_PER_MS;
	return runs ? 0 : still + 1;
}

static void count_wait(struct rp_reader *reader)
{
	uint64_t waited = rp_cpu_time__waited(reader->pid); /* 0: it has ended */

	if (waited <= reader->waited)
		return;
	waited_in_all += waited - reader->waited;
	reader->waited = waited;
}

uint64_t rp_reader__waited_in_all(void)
{
	return waited_in_all;
}

/* 0: something can be read, be it that it has ended. */
static int wait_for(struct rp_reader *reader, bool (*is_cancelled)(void))
{
	struct pollfd ready = {.fd = reader->socket, .events = POLLIN};
	uint64_t idle_until = reader->idle + ASK_IDLE_NS, cpu_until;
	unsigned still = 0;

	has_run(reader);
	cpu_until = reader->cpu + ASK_CPU_NS;
	while (poll(&ready, 1, LOOK_MS) <= 0) {
		count_wait(reader);
		if (is_cancelled && is_cancelled())
			return -EINTR;
		still = look(reader, still);
		if (still > STILL_MAX)
			return -ETIMEDOUT;
		if (reader->cpu > cpu_until || reader->idle > idle_until)
			return -ETIME;
	}
	return 0;
}

int rp_reader__ask(struct rp_reader *reader, uint64_t offset, bool (*is_cancelled)(void),
		   struct rp_reader_answer *answer)
{
	ssize_t size;
	int err;

	if (is_cancelled && is_cancelled())
		return -EINTR;
	if (send(reader->socket, &offset, sizeof(offset), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -EIO;
	do {
		err = wait_for(reader, is_cancelled);
		if (err)
			return err;
		size = recv(reader->socket, answer, sizeof(*answer), MSG_DONTWAIT);
		/* Answers come in order: this one is to what was given up waiting for. */
	} while (size >= (ssize_t)sizeof(answer->offset) && answer->offset != offset);
	return is_sound(answer, offset, size) ? 0 : -EIO;
}
