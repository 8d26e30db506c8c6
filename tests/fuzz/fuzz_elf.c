// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Fuzz the reading of ELF objects: symbols, USDT notes, offsets. A libFuzzer entry; with
 * RP_FUZZ_REPLAY defined, a plain program that runs the files it is given.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "discover/elf_object.h"

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
		rp_elf__free(elf);
	} else if (!err.cause[0]) {
		abort();
	}
	close(fd);
	return 0;
}

#ifdef RP_FUZZ_REPLAY
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		uint8_t *data = NULL;
		long size;

		if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 ||
		    fseek(file, 0, SEEK_SET) || !(data = malloc(size + 1)) ||
		    fread(data, 1, size, file) != (size_t)size) {
			perror(argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput(data, size);
		free(data);
		fclose(file);
	}
	return 0;
}
#endif
