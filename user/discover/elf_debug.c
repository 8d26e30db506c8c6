// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The separate debug file of an object: found by build id, or by its debug link. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/elf_internal.h"
#include "discover/file.h"

#define LINK_SECTION_MAX 4096
#define CRC_FILE_MAX	 (2ll << 30)

struct debug_link {
	char name[NAME_MAX + 1];
	uint32_t crc;
};

/* Has a file of that size the CRC-32 of IEEE 802.3 that its debug link carries? */
static bool has_crc(struct rp_file_budget *budget, int fd, uint64_t size, uint32_t wanted)
{
	static const size_t chunk = 64 << 10;
	uint32_t table[256], crc = ~0u;
	unsigned char *buf = malloc(chunk);
	uint64_t offset = 0;
	size_t got = 1;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	/* No further than it was when it was opened: somebody may be adding to it all the time. */
	while (buf && offset < size && got && rp_file_budget__take(budget, chunk)) {
		got = rp_file__read(fd, offset, buf, size - offset < chunk ? size - offset : chunk);
		for (size_t i = 0; i < got; i++)
			crc = crc >> 8 ^ table[(crc ^ buf[i]) & 0xff];
		offset += got;
	}
	free(buf);
	return offset == size && ~crc == wanted;
}

/* Made to cost time: no linker leaves most of a file unwritten. */
static bool is_too_large(int fd, const struct stat *st)
{
	return st->st_size > CRC_FILE_MAX ||
	       rp_file__data_bytes(fd, st) < (uint64_t)st->st_size / 2;
}

/*
 * Open the file at a path below the folder as the debug file of elf if it is: by the build id, or
 * by the CRC where link is given.
 */
static struct rp_elf *try_file(const struct rp_elf *elf, const char *folder, const char *path,
			       const struct debug_link *link)
{
	struct rp_elf *debug = NULL;
	struct stat st;
	int fd;

	fd = rp_file__open_below(folder, path, &st);
	if (fd < 0)
		return NULL;
	if (link &&
	    (is_too_large(fd, &st) || !has_crc(elf->budget, fd, (uint64_t)st.st_size, link->crc)))
		goto out;
	if (rp_elf__open_bare(fd, path, &debug, NULL))
		goto out;
	debug->budget = elf->budget;
	if ((!link && strcmp(debug->build_id, elf->build_id)) ||
	    !rp_elf__section_by_type(debug, SHT_SYMTAB)) {
		rp_elf__free(debug);
		debug = NULL;
	}
out:
	close(fd);
	return debug;
}

static struct rp_elf *by_build_id(const struct rp_elf *elf)
{
	char path[PATH_MAX];

	if (strlen(elf->build_id) < 3)
		return NULL;
	snprintf(path, sizeof(path), ".build-id/%.2s/%s.debug", elf->build_id, elf->build_id + 2);
	return try_file(elf, RP_ELF_DEBUG_DIR, path, NULL);
}

/* The section holds a file name, padding to 4 bytes, and the CRC. */
static bool read_link(const struct rp_elf *elf, struct debug_link *link)
{
	const Elf64_Shdr *section = rp_elf__section_by_name(elf, ".gnu_debuglink");
	size_t len, at;
	bool ok = false;
	char *data;

	if (!section || rp_elf__section_load(elf, section, LINK_SECTION_MAX, &data))
		return false;
	len = strnlen(data, section->sh_size);
	at = (len + 4) & ~(size_t)3;
	/* A name that is a path would lead anywhere. */
	if (len && len < sizeof(link->name) && !memchr(data, '/', len) &&
	    at + sizeof(link->crc) <= section->sh_size) {
		memcpy(link->name, data, len + 1);
		memcpy(&link->crc, data + at, sizeof(link->crc));
		ok = true;
	}
	free(data);
	return ok;
}

/* The folder the object lies in, by its name or else by what the kernel says of the open file. */
static bool object_folder(const struct rp_elf *elf, char *folder, size_t size)
{
	char link[64];
	ssize_t len;
	char *slash;

	if (elf->name[0] == '/' && strncmp(elf->name, "/proc/", 6)) {
		if ((size_t)snprintf(folder, size, "%s", elf->name) >= size)
			return false;
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", elf->fd);
		len = readlink(link, folder, size - 1);
		if (len <= 0)
			return false;
		folder[len] = '\0';
	}
	slash = strrchr(folder, '/');
	if (folder[0] != '/')
		return false;
	slash[slash == folder] = '\0';
	return true;
}

static struct rp_elf *by_debug_link(const struct rp_elf *elf)
{
	char folder[PATH_MAX], path[2 * PATH_MAX];
	struct debug_link link;
	struct rp_elf *debug = NULL;

	if (!read_link(elf, &link) || !object_folder(elf, folder, sizeof(folder)))
		return NULL;
	if (!elf->leaves_folder)
		debug = try_file(elf, folder, link.name, &link);
	snprintf(path, sizeof(path), ".debug/%s", link.name);
	if (!debug && !elf->leaves_folder)
		debug = try_file(elf, folder, path, &link);
	snprintf(path, sizeof(path), "%s/%s", folder + strspn(folder, "/"), link.name);
	if (!debug)
		debug = try_file(elf, RP_ELF_DEBUG_DIR, path, &link);
	return debug;
}

struct rp_elf *rp_elf__debug_file(struct rp_elf *elf)
{
	if (!elf->debug && !elf->debug_given)
		elf->debug = by_build_id(elf);
	if (!elf->debug && !elf->debug_given)
		elf->debug = by_debug_link(elf);
	return elf->debug;
}

int rp_elf__debug_fd(struct rp_elf *elf)
{
	const struct rp_elf *debug = NULL;

	if (!rp_elf__section_by_type(elf, SHT_SYMTAB) || !rp_elf__has_lines(elf))
		debug = rp_elf__debug_file(elf);
	return debug ? debug->fd : -1;
}

void rp_elf__leave_folder(struct rp_elf *elf)
{
	elf->leaves_folder = true;
}

void rp_elf__use_debug_fd(struct rp_elf *elf, int fd)
{
	elf->debug_given = true;
	if (fd < 0 || rp_elf__open_bare(fd, "", &elf->debug, NULL))
		elf->debug = NULL;
	else
		elf->debug->budget = elf->budget;
}
