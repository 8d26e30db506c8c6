/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Programs and their libraries, for the tests of targets. */
#ifndef RP_TEST_LIBRARIES_FIXTURE_H
#define RP_TEST_LIBRARIES_FIXTURE_H

#include "elf_image.h"
#include "targets_fixture.h"

#include "targets/internal.h"

static inline const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	return path;
}

/* The loader maps this library into all that is started, or looked through by its file. */
static inline void preload(const char *name)
{
	assert_int_equal(setenv("LD_PRELOAD", path_of(name), 1), 0);
}

static inline int tear_down_preload(void **state)
{
	unsetenv("LD_PRELOAD");
	return tear_down(state);
}

static inline void add_command(void)
{
	struct rp_err err;

	put_process(PID, 1);
	start();
	assert_int_equal(rp_targets__add_command(f.targets, PID, path_of("prog"), &err), 0);
}

static inline void send_library(pid_t pid, const char *name, uint64_t time)
{
	struct rp_event event = {
		.header.type = RP_EVENT_LIBRARY, .pid = (uint32_t)pid, .time = time};
	struct stat st;

	assert_int_equal(stat(path_of(name), &st), 0);
	event.dev = (uint32_t)(major(st.st_dev) << RP_DEV_MINOR_BITS | minor(st.st_dev));
	event.detail = st.st_ino;
	memcpy(event.path, name, strlen(name) + 1);
	rp_targets__on_event(f.targets, &event);
}

static inline void run_program(pid_t pid, const char *name)
{
	char exe[PATH_MAX];

	put_process(pid, 1);
	map(pid, name);
	snprintf(exe, sizeof(exe), "%s/%d/exe", f.root, pid);
	assert_int_equal(symlink(path_of(name), exe), 0);
}

/* A file of one function. */
static inline void make_file(const char *name, const char *function, const uint8_t *code,
			     size_t size)
{
	char strings[16] = "";
	const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1,
		 .st_info = FUNC,
		 .st_shndx = 1,
		 .st_value = TEXT_ADDR,
		 .st_size = size},
	};
	static struct image image;

	strcpy(strings + 1, function);
	image__start(&image);
	image__add_symbols(&image, SHT_SYMTAB, symbols, 2, strings, sizeof(strings));
	image__finish(&image);
	memset(image.bytes + TEXT_OFFSET, 0x90, 512);
	memcpy(image.bytes + TEXT_OFFSET, code, size);
	write_file(f.root, name, image.bytes, image.size);
}

/* push %rbp; mov %rsp,%rbp; pop %rbp; ret */
static const uint8_t plain[] = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3};

#endif
