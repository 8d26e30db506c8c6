// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * An ELF file of somebody else's, read without trust. rptrace runs as root and any user may put any
 * bytes into a file that is mapped, so:
 *
 *   - The file is read with pread(), never mapped: a mapped file that is cut short meanwhile kills
 *     the reader with SIGBUS.
 *   - Each offset and size is checked against the size of the file before it is used, and each
 *     count against a bound of its own. A table that fails costs what it would have told, not the
 *     file: without section names, sections still serve by type; without sections, segments still
 *     map addresses to offsets.
 *   - Little is read at the start: headers, and names of sections. Symbols, notes and traits are
 *     read when they are asked for, as many objects of a target are never looked into any further.
 *
 * Probes go to offsets in the file, symbols have addresses: PT_LOAD segments translate, since the
 * kernel maps by them. Only executable segments count for code, as two segments may hold the same
 * address.
 */
#include "discover/elf_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discover/file.h"

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#else
#error "rptrace knows x86-64 and aarch64"
#endif

#define BLOCK_SIZE	   (64u << 10)
#define BUILD_ID_NOTES_MAX (64u << 10) /* bytes of notes among which to look for it */
#define NOTE_SEGMENTS_MAX  16

struct rp_elf_block {
	struct rp_elf_block *next;
	size_t used;
	size_t size;
	char data[];
};

/* Is [offset, offset + len) within the file? */
static bool in_file(const struct rp_elf *elf, uint64_t offset, uint64_t len)
{
	return len <= elf->size && offset <= elf->size - len;
}

size_t rp_elf__read(const struct rp_elf *elf, uint64_t offset, void *buf, size_t len)
{
	if (elf->reader.read)
		return elf->reader.read(elf->reader.ctx, offset, buf, len);
	return rp_file_budget__take(elf->budget, len) ? rp_file__read(elf->fd, offset, buf, len)
						      : 0;
}

char *rp_elf__alloc(struct rp_elf *elf, size_t size)
{
	struct rp_elf_block *block = elf->blocks;

	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		if (room > SIZE_MAX - sizeof(*block))
			return NULL;
		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		block->next = elf->blocks;
		block->used = 0;
		block->size = room;
		elf->blocks = block;
	}
	block->used += size;
	return block->data + block->used - size;
}

const char *rp_elf__section_name(const struct rp_elf *elf, const Elf64_Shdr *section)
{
	if (section->sh_name >= elf->section_names_size)
		return "";
	return elf->section_names + section->sh_name;
}

const Elf64_Shdr *rp_elf__section_by_name(const struct rp_elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->n_sections; i++)
		if (!strcmp(rp_elf__section_name(elf, &elf->sections[i]), name))
			return &elf->sections[i];
	return NULL;
}

const Elf64_Shdr *rp_elf__section_by_type(const struct rp_elf *elf, uint32_t type)
{
	for (size_t i = 0; i < elf->n_sections; i++)
		if (elf->sections[i].sh_type == type)
			return &elf->sections[i];
	return NULL;
}

int rp_elf__section_check(const struct rp_elf *elf, const Elf64_Shdr *section, size_t max)
{
	if (section->sh_type == SHT_NOBITS)
		return -ENODATA;
	if (section->sh_flags & SHF_COMPRESSED)
		return -ENOTSUP;
	if (!in_file(elf, section->sh_offset, section->sh_size))
		return -EBADMSG;
	return section->sh_size > max ? -EFBIG : 0;
}

int rp_elf__section_read(const struct rp_elf *elf, const Elf64_Shdr *section, char *buf)
{
	size_t got = rp_elf__read(elf, section->sh_offset, buf, section->sh_size);

	/* The file may have been cut short since it was opened. */
	if (got < section->sh_size)
		return -EBADMSG;
	buf[got] = '\0';
	return 0;
}

int rp_elf__section_load(const struct rp_elf *elf, const Elf64_Shdr *section, size_t max,
			 char **out)
{
	char *buf;
	int err;

	err = rp_elf__section_check(elf, section, max);
	if (err)
		return err;
	buf = malloc(section->sh_size + 1);
	if (!buf)
		return -ENOMEM;
	err = rp_elf__section_read(elf, section, buf);
	if (err) {
		free(buf);
		return err;
	}
	*out = buf;
	return 0;
}

static int find_offset(const struct rp_elf *elf, uint64_t addr, bool exec_only, uint64_t *offset)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct rp_elf_load *load = &elf->loads[i];

		if (exec_only && !load->exec)
			continue;
		if (addr >= load->vaddr && addr - load->vaddr < load->filesz) {
			*offset = addr - load->vaddr + load->offset;
			return 0;
		}
	}
	return -ENOENT;
}

/* The smallest stretch of the file that holds both. */
static void widen(uint64_t *from, uint64_t *to, uint64_t offset, uint64_t size)
{
	*from = offset < *from ? offset : *from;
	*to = offset + size > *to ? offset + size : *to;
}

void rp_elf__code(const struct rp_elf *elf, uint64_t *offset, uint64_t *size)
{
	uint64_t from = UINT64_MAX, to = 0;
	bool no_sections;

	if (elf->image) {
		*offset = elf->code_offset;
		*size = elf->code_size;
		return;
	}
	for (size_t i = 0; i < elf->n_sections; i++) {
		const Elf64_Shdr *s = &elf->sections[i];

		if (s->sh_flags & SHF_EXECINSTR && s->sh_type == SHT_PROGBITS &&
		    in_file(elf, s->sh_offset, s->sh_size))
			widen(&from, &to, s->sh_offset, s->sh_size);
	}
	no_sections = !to; /* segments may hold data, too */
	for (size_t i = 0; no_sections && i < elf->n_loads; i++)
		if (elf->loads[i].exec)
			widen(&from, &to, elf->loads[i].offset, elf->loads[i].filesz);
	*offset = from;
	*size = to ? to - from : 0;
}

int rp_elf__offset(const struct rp_elf *elf, uint64_t addr, uint64_t *offset)
{
	return find_offset(elf, addr, true, offset);
}

int rp_elf__data_offset(const struct rp_elf *elf, uint64_t addr, uint64_t *offset)
{
	return find_offset(elf, addr, false, offset);
}

int rp_elf__address(const struct rp_elf *elf, uint64_t offset, uint64_t *addr)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct rp_elf_load *load = &elf->loads[i];

		if (load->exec && offset >= load->offset && offset - load->offset < load->filesz) {
			*addr = offset - load->offset + load->vaddr;
			return 0;
		}
	}
	return -ENOENT;
}

static int read_header(const struct rp_elf *elf, Elf64_Ehdr *hdr, struct rp_err *err)
{
	size_t got = rp_elf__read(elf, 0, hdr, sizeof(*hdr));

	if (got < SELFMAG || memcmp(hdr->e_ident, ELFMAG, SELFMAG))
		return rp_elf__not_ours(elf, err, "not an ELF file");
	if (got < sizeof(*hdr))
		return rp_elf__damaged(elf, -ENOEXEC, err, "its ELF header is cut short");
	if (hdr->e_ident[EI_CLASS] != ELFCLASS64)
		return rp_elf__not_ours(elf, err, "a program of 32 bits");
	if (hdr->e_ident[EI_DATA] != ELFDATA2LSB)
		return rp_elf__not_ours(elf, err, "of another byte order than this machine");
	if (hdr->e_machine != NATIVE_MACHINE)
		return rp_elf__not_ours(elf, err, "built for another machine than this one");
	if (hdr->e_type != ET_EXEC && hdr->e_type != ET_DYN)
		return rp_elf__not_ours(elf, err,
					"an ELF file, but neither a program nor a library");
	return 0;
}

/* Numbers that do not fit the header stand in section 0. */
static int read_section_zero(const struct rp_elf *elf, const Elf64_Ehdr *hdr, Elf64_Shdr *zero)
{
	memset(zero, 0, sizeof(*zero));
	if (!hdr->e_shoff)
		return 0;
	if (!in_file(elf, hdr->e_shoff, sizeof(*zero)) ||
	    rp_elf__read(elf, hdr->e_shoff, zero, sizeof(*zero)) < sizeof(*zero))
		return -EBADMSG;
	return 0;
}

static void hex(char *out, const char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[(unsigned char)bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0xf];
	}
	*out = '\0';
}

static void find_build_id(struct rp_elf *elf, uint64_t offset, uint64_t size, uint64_t align)
{
	struct rp_elf_note note;
	size_t pos = 0;
	char *data;

	if (elf->build_id[0] || size > BUILD_ID_NOTES_MAX || !in_file(elf, offset, size))
		return;
	data = malloc(size + 1);
	if (!data)
		return;
	if (rp_elf__read(elf, offset, data, size) == size)
		while (rp_elf_note__next(data, size, align, &pos, &note))
			if (note.type == NT_GNU_BUILD_ID && note.name_size == sizeof("GNU") &&
			    !memcmp(note.name, "GNU", sizeof("GNU")) && note.desc_size > 0 &&
			    note.desc_size <= RP_ELF_BUILD_ID_MAX) {
				hex(elf->build_id, note.desc, note.desc_size);
				break;
			}
	free(data);
}

/*
 * Segments of debug files and of files that were cut short may lie past the end: those map nothing.
 */
static void add_load(struct rp_elf *elf, const Elf64_Phdr *ph)
{
	struct rp_elf_load *load = &elf->loads[elf->n_loads];

	if (!ph->p_filesz || ph->p_offset >= elf->size)
		return;
	load->vaddr = ph->p_vaddr;
	load->offset = ph->p_offset;
	load->filesz = ph->p_filesz;
	if (load->filesz > elf->size - load->offset)
		load->filesz = elf->size - load->offset;
	load->exec = ph->p_flags & PF_X;
	elf->n_loads++;
}

static int read_segments(struct rp_elf *elf, const Elf64_Ehdr *hdr, const Elf64_Shdr *zero,
			 struct rp_err *err)
{
	size_t n = hdr->e_phnum == PN_XNUM ? zero->sh_info : hdr->e_phnum;
	Elf64_Phdr *ph = NULL;
	unsigned notes = 0;
	int ret = 0;

	if (!n)
		return 0;
	if (n > RP_ELF_SEGMENTS_MAX || hdr->e_phentsize != sizeof(*ph) ||
	    !in_file(elf, hdr->e_phoff, n * sizeof(*ph)))
		return rp_elf__damaged(elf, -ENOEXEC, err,
				       "its program headers do not lie within the file");
	ph = malloc(n * sizeof(*ph));
	elf->loads = calloc(RP_ELF_LOADS_MAX, sizeof(*elf->loads));
	if (!ph || !elf->loads) {
		ret = rp_elf__damaged(elf, -ENOMEM, err, NULL);
		goto out;
	}
	if (rp_elf__read(elf, hdr->e_phoff, ph, n * sizeof(*ph)) < n * sizeof(*ph)) {
		ret = rp_elf__damaged(elf, -ENOEXEC, err, "its program headers cannot be read");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		if (ph[i].p_type == PT_NOTE && notes++ < NOTE_SEGMENTS_MAX)
			find_build_id(elf, ph[i].p_offset, ph[i].p_filesz, ph[i].p_align);
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (elf->n_loads == RP_ELF_LOADS_MAX) {
			ret = rp_elf__damaged(elf, -ENOEXEC, err,
					      "it has more loadable segments than any program");
			goto out;
		}
		add_load(elf, &ph[i]);
	}
out:
	free(ph);
	return ret;
}

static int read_sections(struct rp_elf *elf, const Elf64_Ehdr *hdr, const Elf64_Shdr *zero,
			 struct rp_err *err)
{
	uint64_t n = hdr->e_shnum ? hdr->e_shnum : zero->sh_size;
	uint32_t names = hdr->e_shstrndx == SHN_XINDEX ? zero->sh_link : hdr->e_shstrndx;
	const Elf64_Shdr *note;

	if (!hdr->e_shoff || !n)
		return 0;
	if (n > RP_ELF_SECTIONS_MAX || hdr->e_shentsize != sizeof(Elf64_Shdr) ||
	    !in_file(elf, hdr->e_shoff, n * sizeof(Elf64_Shdr)))
		return rp_elf__damaged(elf, -ENOEXEC, err,
				       "its section headers do not lie within the file");
	elf->sections = malloc(n * sizeof(Elf64_Shdr));
	if (!elf->sections)
		return rp_elf__damaged(elf, -ENOMEM, err, NULL);
	if (rp_elf__read(elf, hdr->e_shoff, elf->sections, n * sizeof(Elf64_Shdr)) <
	    n * sizeof(Elf64_Shdr))
		return rp_elf__damaged(elf, -ENOEXEC, err, "its section headers cannot be read");
	elf->n_sections = n;
	/* Without their names the sections still serve by their type. */
	if (names < n && !rp_elf__section_load(elf, &elf->sections[names], RP_ELF_NAMES_MAX,
					       &elf->section_names))
		elf->section_names_size = elf->sections[names].sh_size + 1;
	note = rp_elf__section_by_name(elf, ".note.gnu.build-id");
	if (note && note->sh_type == SHT_NOTE)
		find_build_id(elf, note->sh_offset, note->sh_size, note->sh_addralign);
	return 0;
}

static int read_headers(struct rp_elf *elf, struct rp_err *err)
{
	Elf64_Ehdr hdr;
	Elf64_Shdr zero;
	int ret;

	ret = read_header(elf, &hdr, err);
	if (ret)
		return ret;
	elf->traits.machine = hdr.e_machine;
	if (read_section_zero(elf, &hdr, &zero))
		return rp_elf__damaged(elf, -ENOEXEC, err,
				       "its section headers do not lie within the file");
	ret = read_sections(elf, &hdr, &zero, err);
	return ret ? ret : read_segments(elf, &hdr, &zero, err);
}

int rp_elf__open_bare(int fd, const char *name, struct rp_elf **out, struct rp_err *err)
{
	struct rp_elf *elf = calloc(1, sizeof(*elf));
	struct stat st;
	int ret;

	if (elf) {
		elf->fd = -1;
		elf->budget = &elf->own_budget;
		rp_file_budget__start(elf->budget);
		elf->name = strdup(name);
	}
	if (!elf || !elf->name) {
		ret = rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL, "%s: out of memory", name);
		goto fail;
	}
	elf->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (elf->fd < 0 || fstat(elf->fd, &st)) {
		ret = -errno;
		rp_err__set(err, RP_EXIT_FAILED, ret, NULL, "%s: %s", name, strerror(-ret));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = rp_elf__not_ours(elf, err, "not a regular file");
		goto fail;
	}
	elf->size = st.st_size;
	ret = read_headers(elf, err);
	if (ret)
		goto fail;
	*out = elf;
	return 0;
fail:
	rp_elf__free(elf);
	return ret;
}

int rp_elf__open(int fd, const char *name, struct rp_elf **out, struct rp_err *err)
{
	return rp_elf__open_bare(fd, name, out, err);
}

void rp_elf__free(struct rp_elf *elf)
{
	if (!elf)
		return;
	rp_elf__free(elf->debug);
	if (elf->reader.close)
		elf->reader.close(elf->reader.ctx);
	while (elf->blocks) {
		struct rp_elf_block *next = elf->blocks->next;

		free(elf->blocks);
		elf->blocks = next;
	}
	free(elf->symbols);
	free(elf->cold_parts);
	free(elf->notes);
	free(elf->section_names);
	free(elf->sections);
	free(elf->loads);
	free(elf->image);
	if (elf->fd >= 0)
		close(elf->fd);
	free(elf->name);
	free(elf);
}

void rp_elf__stop_when(struct rp_elf *elf, bool (*is_cancelled)(void))
{
	elf->own_budget.is_cancelled = is_cancelled;
}

bool rp_elf__is_too_much(const struct rp_elf *elf)
{
	return elf->own_budget.is_spent;
}

const char *rp_elf__build_id(const struct rp_elf *elf)
{
	return elf->build_id;
}
