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
#include "unwind/heights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What an object says must agree with itself; a string without an end is the sanitizer's to find.
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

/* Whatever is there, as code. */
static size_t read_code(void *ctx, uint64_t addr, void *buf, size_t n)
{
	const struct rp_eh_frame *bytes = ctx;

	(void)addr;
	n = n < bytes->size ? n : bytes->size;
	memcpy(buf, bytes->data, n);
	return n;
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
		rp_unwind_heights__add(&rows, read_code, &eh_frame);
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
