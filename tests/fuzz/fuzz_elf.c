// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * fuzz_elf SECONDS FILE...: read the files as ELF objects, plan all that is in them, and do so
 * again with bytes of theirs changed, for so long. What breaks is found by the sanitizers, or by
 * what an object says of itself; the last input is in fuzz.last then. LLVMFuzzerTestOneInput is an
 * entry for libFuzzer, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "discover/elf_object.h"
#include "plan/plan.h"
#include "unwind/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an object says must agree with itself; a string without an end is the sanitizer's to find.
 */
static void check_symbols(struct rp_elf *elf)
{
	const struct rp_symbol *symbols;
	struct rp_err err = {0};
	uint64_t offset;
	size_t n;

	if (rp_elf__symbols(elf, &symbols, &n, &err)) {
		if (!err.cause[0])
			abort();
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!strlen(symbols[i].name) || !strlen(symbols[i].linker) ||
		    rp_elf__offset(elf, symbols[i].addr, &offset) || offset != symbols[i].offset)
			abort();
}

static void check_notes(struct rp_elf *elf, size_t size)
{
	const struct rp_usdt_note *notes;
	struct rp_err err = {0};
	size_t n;
	char byte;

	if (rp_elf__usdt(elf, &notes, &n, &err)) {
		if (!err.cause[0])
			abort();
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!strlen(notes[i].provider) || !strlen(notes[i].name) ||
		    strlen(notes[i].args) > size || notes[i].semaphore >= size ||
		    rp_elf__read(elf, notes[i].offset, &byte, 1) != 1)
			abort();
}

/* Rows ascend, no two alike in a row, and the last says that the table ends there. */
static void check_unwinding(struct rp_elf *elf)
{
	struct rp_eh_frame eh_frame;
	struct rp_unwind_rows rows;
	char *data;

	if (rp_elf__eh_frame(elf, &data, &eh_frame.size, &eh_frame.addr))
		return;
	eh_frame.data = data;
	if (!rp_unwind_rows__read(&eh_frame, &rows)) {
		for (size_t i = 1; i < rows.n; i++)
			if (rows.rows[i].pc <= rows.rows[i - 1].pc ||
			    !memcmp(&rows.rows[i].cfa, &rows.rows[i - 1].cfa, 4))
				abort();
		if (!rows.n || rows.rows[rows.n - 1].cfa != RP_UNWIND_GAP)
			abort();
		rp_unwind_rows__free(&rows);
	}
	free(data);
}

/* All functions, pairs and markers: names, code, arguments of probes. */
static void check_plan(struct rp_elf *elf, enum rp_exit_method exits)
{
	static const char *const all[] = {"*"}, *const probes[] = {"*:*"};
	struct rp_plan_opts opts = {.functions = all,
				    .n_functions = 1,
				    .usdts = probes,
				    .n_usdts = 1,
				    .exit_method = exits,
				    .rules = {.return_probes = true}};
	struct rp_err err = {0};
	struct rp_plan *plan;
	size_t added;

	if (rp_plan__new(&opts, &plan, &err))
		abort();
	if (rp_plan__add_object(plan, 0, "fuzz", true, elf, &added, &err) && !err.cause[0])
		abort();
	rp_plan__free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rp_elf *elf = NULL;
	struct rp_err err = {0};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!rp_elf__open(fd, "fuzz", &elf, &err)) {
		check_symbols(elf);
		check_notes(elf, size);
		check_unwinding(elf);
		check_plan(elf, RP_EXIT_METHOD_RETURN);
		check_plan(elf, RP_EXIT_METHOD_RET_SITES);
		rp_elf__free(elf);
	} else if (!err.cause[0]) {
		abort();
	}
	close(fd);
	return 0;
}

#ifndef RP_LIBFUZZER

struct input {
	uint8_t *data;
	size_t size;
};

static struct input load(const char *path)
{
	struct input input = {0};
	FILE *file = fopen(path, "rb");
	long size = -1;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size > 0 && !fseek(file, 0, SEEK_SET))
		input.data = malloc((size_t)size);
	if (!input.data || fread(input.data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	input.size = (size_t)size;
	return input;
}

static void save(const struct input *input)
{
	FILE *file = fopen("fuzz.last", "wb");

	if (!file || fwrite(input->data, 1, input->size, file) != input->size || fclose(file)) {
		perror("fuzz.last");
		exit(1);
	}
}

/* Always the same numbers. */
static uint64_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The headers are a small part of a file, and where it says where everything is. */
static size_t somewhere(size_t size)
{
	uint64_t at = next_random();

	switch (next_random() % 4) {
	case 0:
		return at % (size < 1024 ? size : 1024);
	case 1:
		return size - 1 - at % (size < 8192 ? size : 8192);
	default:
		return at % size;
	}
}

static void change(struct input *input)
{
	static const uint64_t odd[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0xffffffff, UINT64_MAX};
	size_t at = somewhere(input->size), n = (size_t)1 << next_random() % 4;
	uint64_t value = next_random() % 2 ? odd[next_random() % 8] : next_random();

	if (n > input->size - at)
		n = input->size - at;
	memcpy(input->data + at, &value, n);
	if (next_random() % 64 == 0)
		input->size = 1 + somewhere(input->size);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atol(argv[1]) : 0);
	unsigned long runs = 0;

	for (int i = 2; i < argc || (argc > 2 && time(NULL) < end); i++) {
		struct input input = load(argv[2 + (i - 2) % (argc - 2)]);

		for (uint64_t n = i < argc ? 0 : 1 + next_random() % 16; n; n--)
			change(&input);
		save(&input);
		LLVMFuzzerTestOneInput(input.data, input.size);
		free(input.data);
		runs++;
	}
	unlink("fuzz.last");
	printf("%lu inputs\n", runs);
	return 0;
}

#endif
