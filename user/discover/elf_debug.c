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

/* The CRC-32 of IEEE 802.3 over a whole file, as debug links carry it. */
static uint32_t file_crc(int fd)
{
	static const size_t chunk = 64 << 10;
	uint32_t table[256], crc = ~0u;
	unsigned char *buf = malloc(chunk);
	uint64_t offset = 0;
	size_t got;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	while (buf && (got = rp_file__read(fd, offset, buf, chunk))) {
		for (size_t i = 0; i < got; i++)
			crc = crc >> 8 ^ table[(crc ^ buf[i]) & 0xff];
		offset += got;
	}
	free(buf);
	return ~crc;
}

/* Open path as the debug file of elf if it is: by the build id, or by the CRC where link is given.
 */
static struct rp_elf *try_file(const struct rp_elf *elf, const char *path,
			       const struct debug_link *link)
{
	struct rp_elf *debug = NULL;
	struct stat st;
	int fd;

	fd = rp_file__open_regular(path, &st);
	if (fd < 0)
		return NULL;
	if (link && (st.st_size > CRC_FILE_MAX || file_crc(fd) != link->crc))
		goto out;
	if (rp_elf__open_bare(fd, path, &debug, NULL))
		goto out;
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
	snprintf(path, sizeof(path), RP_ELF_DEBUG_DIR "/.build-id/%.2s/%s.debug", elf->build_id,
		 elf->build_id + 2);
	return try_file(elf, path, NULL);
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
	*slash = '\0';
	return true;
}

static struct rp_elf *by_debug_link(const struct rp_elf *elf)
{
	static const char *const forms[] = {"%s/%s", "%s/.debug/%s", RP_ELF_DEBUG_DIR "%s/%s"};
	char folder[PATH_MAX], path[PATH_MAX];
	struct debug_link link;
	struct rp_elf *debug = NULL;

	if (!read_link(elf, &link) || !object_folder(elf, folder, sizeof(folder)))
		return NULL;
	for (size_t i = 0; !debug && i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((size_t)snprintf(path, sizeof(path), forms[i], folder, link.name) <
		    sizeof(path))
			debug = try_file(elf, path, &link);
	return debug;
}

struct rp_elf *rp_elf__debug_file(struct rp_elf *elf)
{
	if (!elf->debug)
		elf->debug = by_build_id(elf);
	if (!elf->debug)
		elf->debug = by_debug_link(elf);
	return elf->debug;
}
