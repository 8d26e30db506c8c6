// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * jit [MS [silent]]: spends so much CPU time in code that it has made itself, and tells of it in
 * /tmp/perf-PID.map as compilers at run time do, or does not. The code keeps a frame pointer, and
 * calls back into the program.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "target.h"

static volatile unsigned long work;

__attribute__((noinline)) void called_back(void)
{
	for (int i = 0; i < 1000; i++)
		work += (unsigned long)i;
}

#if defined(__x86_64__)
/* push %rbp; mov %rsp,%rbp; mov $100000,%ecx; dec %ecx; jnz; call *%rdi; pop %rbp; ret */
static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0xb9, 0xa0, 0x86, 0x01, 0x00,
			       0xff, 0xc9, 0x75, 0xfc, 0xff, 0xd7, 0x5d, 0xc3};
#else
/* stp x29,x30,[sp,-16]!; mov x29,sp; mov w1,0x8000; subs w1,w1,1; b.ne; blr x0; ldp; ret */
static const uint32_t code[] = {0xa9bf7bfd, 0x910003fd, 0x52900001, 0x71000421,
				0x54ffffe1, 0xd63f0000, 0xa8c17bfd, 0xd65f03c0};
#endif

typedef void (*made_fn)(void (*callback)(void));

static char map[64];

static made_fn make(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	memcpy(memory, code, sizeof(code));
	if (mprotect(memory, 4096, PROT_READ | PROT_EXEC))
		exit(1);
	__builtin___clear_cache((char *)memory, (char *)memory + sizeof(code));
	return (made_fn)memory;
}

static void tell(made_fn made)
{
	FILE *file;

	snprintf(map, sizeof(map), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(map, "w");
	if (!file)
		exit(1);
	fprintf(file, "%lx %zx made at run time\n", (unsigned long)made, sizeof(code));
	fclose(file);
}

__attribute__((noinline)) void run(made_fn made)
{
	made(called_back);
	work++;
}

int main(int argc, char **argv)
{
	clock_t end = (clock_t)target_number(argc, argv, 1, 1000) * (CLOCKS_PER_SEC / 1000);
	made_fn made = make();

	if (argc < 3)
		tell(made);
	target_wait();
	for (end += clock(); clock() < end;)
		run(made);
	if (map[0])
		unlink(map);
	return 0;
}
