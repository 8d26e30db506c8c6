// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * PROGRAM SECONDS FILE...: gives the files to the program's LLVMFuzzerTestOneInput(), and for so
 * long again with bytes of theirs changed. The last input is in fuzz.last while it runs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
