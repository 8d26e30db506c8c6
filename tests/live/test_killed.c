/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * rptrace is killed at any moment, while it has 20,000 functions probed, or half of them: the code
 * of the target is as its file has it then, nothing is left in the kernel, and the target goes on.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "live.h"

#define FUNCTIONS 20000u
#define IDS_MAX	  64

/* ---- the code of the target ------------------------------------------------------------------ */

struct code {
	int mem;
	uint64_t start;
	size_t size;
	unsigned char *file, *now;
};

static void read_all(int fd, unsigned char *buf, size_t size, uint64_t at)
{
	assert_int_equal(pread(fd, buf, size, (off_t)at), size);
}

static void open_code(struct code *code, const struct live_proc *target)
{
	unsigned long long start = 0, end = 0, offset = 0;
	char path[64], line[4608];
	int file;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", target->pid);
	maps = fopen(path, "re");
	assert_non_null(maps);
	do
		assert_non_null(fgets(line, sizeof(line), maps));
	while (!strstr(line, "/huge\n") ||
	       sscanf(line, "%llx-%llx r-xp %llx", &start, &end, &offset) != 3);
	fclose(maps);
	snprintf(path, sizeof(path), "/proc/%d/mem", target->pid);
	code->mem = open(path, O_RDONLY | O_CLOEXEC);
	file = open(live_target_path("huge"), O_RDONLY | O_CLOEXEC);
	code->start = start;
	code->size = end - start;
	code->file = malloc(code->size);
	code->now = malloc(code->size);
	assert_true(code->mem >= 0 && file >= 0 && code->file && code->now);
	read_all(file, code->file, code->size, offset);
	close(file);
}

/* Breakpoints in it: bytes that differ. */
static unsigned probes_in(struct code *code)
{
	unsigned n = 0;

	read_all(code->mem, code->now, code->size, code->start);
	for (size_t i = 0; i < code->size; i++)
		n += code->now[i] != code->file[i];
	return n;
}

static void close_code(struct code *code)
{
	close(code->mem);
	free(code->file);
	free(code->now);
}

/* ---- what rptrace has in the kernel ---------------------------------------------------------- */

struct held {
	unsigned ids[IDS_MAX];
	int commands[IDS_MAX]; /* that tell the next id */
	size_t n;
};

static void note_held(struct held *held, const char *path)
{
	static const struct {
		const char *key;
		int command;
	} kinds[] = {{"prog_id:", BPF_PROG_GET_NEXT_ID},
		     {"link_id:", BPF_LINK_GET_NEXT_ID},
		     {"map_id:", BPF_MAP_GET_NEXT_ID}};
	char *text = live_slurp(path), *at = NULL;

	for (size_t i = 0; !at && i < LIVE_COUNT(kinds) && held->n < IDS_MAX; i++) {
		at = strstr(text, kinds[i].key);
		if (!at)
			continue;
		held->commands[held->n] = kinds[i].command;
		held->ids[held->n++] = (unsigned)atoi(at + strlen(kinds[i].key));
	}
	free(text);
}

static void look_at_held(struct held *held, const struct live_proc *rptrace)
{
	char path[320], dir[64];
	struct dirent *entry;
	DIR *fds;

	held->n = 0;
	snprintf(dir, sizeof(dir), "/proc/%d/fdinfo", rptrace->pid);
	fds = opendir(dir);
	while (fds && (entry = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		note_held(held, path);
	}
	if (fds)
		closedir(fds);
}

/*
 * Not by opening it: the kernel may keep an array of programs for good that was opened as it went.
 */
static size_t still_held(const struct held *held)
{
	size_t n = 0;

	for (size_t i = 0; i < held->n; i++) {
		union bpf_attr attr = {.start_id = held->ids[i] - 1};

		n += syscall(SYS_bpf, held->commands[i], &attr, sizeof(attr)) == 0 &&
		     attr.next_id == held->ids[i];
	}
	return n;
}

/* ---- moments --------------------------------------------------------------------------------- */

enum phase { ATTACHING, RUNNING, DETACHING };

/* It is killed when so many probes are there, or are left. */
struct moment {
	const char *name;
	enum phase phase;
	unsigned probes;
};

static const struct moment moments[] = {
	{"as it attaches the first probes", ATTACHING, 1},
	{"as it has attached half of them", ATTACHING, FUNCTIONS / 2},
	{"as it attaches the last ones", ATTACHING, FUNCTIONS * 9 / 10},
	{"as it traces", RUNNING, FUNCTIONS},
	{"as it detaches the first probes", DETACHING, FUNCTIONS - 1},
	{"as it has detached half of them", DETACHING, FUNCTIONS / 2},
	{"as it detaches the last ones", DETACHING, FUNCTIONS / 10},
};

/* Not by a sleep: it is over in less. */
static void await_moment(const struct moment *m, struct code *code)
{
	uint64_t until = live_deadline();

	while (m->phase == DETACHING ? probes_in(code) > m->probes : probes_in(code) < m->probes)
		assert_true(live_now() < until);
}

static void await_nothing_left(struct code *code, const struct held *held)
{
	uint64_t until = live_deadline();

	while (probes_in(code) || still_held(held))
		if (!live_tick(until))
			fail_msg("%u probes left, %zu programs, maps and links", probes_in(code),
				 still_held(held));
}

static void killed(void **state)
{
	const struct moment *m = *state;
	struct live_proc *target = live_target("huge 0"), *rptrace;
	struct held held;
	struct code code;

	open_code(&code, target);
	live_release(target);
	if (m->phase == ATTACHING)
		rptrace = live_rptrace("-p %d -f part1_* -b", target->pid);
	else
		rptrace = live_rptrace_ready("-p %d -f part1_* -b", target->pid);
	if (m->phase == DETACHING)
		kill(rptrace->pid, SIGINT);
	await_moment(m, &code);
	look_at_held(&held, rptrace);
	kill(rptrace->pid, SIGKILL);
	live_wait(rptrace);
	await_nothing_left(&code, &held);
	close_code(&code);
	live_close(target);
	assert_int_equal(live_wait(target), 0);
	assert_string_equal(target->out, "ready\ndone\n");
}

/* The seed is told: the same one makes the same moments. */
static void at_random(void **state)
{
	unsigned seed = (unsigned)time(NULL), times = live_times(2, 60);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (unsigned i = 0; i < times; i++) {
		struct moment m = {.phase = (enum phase)(rand() % (DETACHING + 1))};
		void *moment = &m;

		m.probes = m.phase == RUNNING ? FUNCTIONS : 1 + (unsigned)rand() % (FUNCTIONS - 1);
		killed(&moment);
	}
}

int main(void)
{
	struct CMUnitTest tests[LIVE_COUNT(moments) + 1] = {cmocka_unit_test(at_random)};

	for (size_t i = 0; i < LIVE_COUNT(moments); i++)
		tests[i + 1] = live_test(killed, &moments[i], "%s", moments[i].name);
	return live_main("killed", tests, LIVE_COUNT(tests));
}
