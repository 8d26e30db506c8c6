/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* ELF images made by hand in memory, for the unit tests that read them. */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/elf_object.h"

#if defined(__x86_64__)
#define MACHINE	      EM_X86_64
#define OTHER_MACHINE EM_AARCH64
#else
#define MACHINE	      EM_AARCH64
#define OTHER_MACHINE EM_X86_64
#endif

#define TEXT_ADDR   0x401000
#define TEXT_OFFSET 0x1000
#define DATA_ADDR   0x404000 /* neither is the file offset plus a constant of the object */
#define DATA_OFFSET 0x2000
#define SEG_SIZE    0x1000
#define MAX_SECTION 24

#define FUNC	    ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)
#define IFUNC	    ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC)
#define VARIABLE    ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT)

/* Header and program headers first, then two segments, the sections' content, their headers. */
struct image {
	unsigned char bytes[0x8000];
	size_t size;
	Elf64_Shdr sections[MAX_SECTION];
	unsigned n_sections;
	char names[512];
	size_t names_size;
};

static inline unsigned image__add(struct image *img, const char *name, uint32_t type, uint64_t addr,
				  const void *content, size_t size)
{
	Elf64_Shdr *sh = &img->sections[img->n_sections];

	assert_true(img->n_sections < MAX_SECTION && img->size + size + 8 < sizeof(img->bytes));
	img->size = (img->size + 7) & ~(size_t)7;
	sh->sh_name = img->names_size;
	sh->sh_type = type;
	sh->sh_addr = addr;
	sh->sh_offset = img->size;
	sh->sh_size = size;
	sh->sh_addralign = type == SHT_NOTE ? 4 : 8;
	memcpy(img->bytes + img->size, content, size);
	img->size += size;
	strcpy(img->names + img->names_size, name);
	img->names_size += strlen(name) + 1;
	return img->n_sections++;
}

static inline void image__start(struct image *img)
{
	memset(img, 0, sizeof(*img));
	img->size = DATA_OFFSET + SEG_SIZE;
	img->names_size = 1;
	img->n_sections = 1;
}

static inline Elf64_Ehdr *image__header(struct image *img)
{
	return (Elf64_Ehdr *)img->bytes;
}

static inline Elf64_Shdr *image__section(struct image *img, unsigned i)
{
	return (Elf64_Shdr *)(img->bytes + image__header(img)->e_shoff) + i;
}

static inline void image__finish(struct image *img)
{
	Elf64_Ehdr *hdr = image__header(img);
	Elf64_Phdr *ph = (Elf64_Phdr *)(img->bytes + sizeof(*hdr));
	unsigned names;

	strcpy(img->names + img->names_size, ".shstrtab");
	names = image__add(img, ".shstrtab", SHT_STRTAB, 0, img->names,
			   img->names_size + sizeof(".shstrtab"));
	memcpy(hdr->e_ident, ELFMAG, SELFMAG);
	hdr->e_ident[EI_CLASS] = ELFCLASS64;
	hdr->e_ident[EI_DATA] = ELFDATA2LSB;
	hdr->e_ident[EI_VERSION] = EV_CURRENT;
	hdr->e_type = ET_EXEC;
	hdr->e_machine = MACHINE;
	hdr->e_ehsize = sizeof(*hdr);
	hdr->e_phoff = sizeof(*hdr);
	hdr->e_phentsize = sizeof(*ph);
	hdr->e_phnum = 2;
	hdr->e_shentsize = sizeof(Elf64_Shdr);
	hdr->e_shnum = img->n_sections;
	hdr->e_shstrndx = names;
	img->size = (img->size + 7) & ~(size_t)7;
	hdr->e_shoff = img->size;
	memcpy(img->bytes + img->size, img->sections, img->n_sections * sizeof(Elf64_Shdr));
	img->size += img->n_sections * sizeof(Elf64_Shdr);
	ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_X,
			     .p_offset = TEXT_OFFSET,
			     .p_vaddr = TEXT_ADDR,
			     .p_filesz = SEG_SIZE,
			     .p_memsz = SEG_SIZE};
	ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_W,
			     .p_offset = DATA_OFFSET,
			     .p_vaddr = DATA_ADDR,
			     .p_filesz = SEG_SIZE,
			     .p_memsz = 2 * SEG_SIZE};
}

/* Add a symbol table and the string table it is linked to. */
static inline void image__add_symbols(struct image *img, uint32_t type, const Elf64_Sym *symbols,
				      size_t n, const char *strings, size_t strings_size)
{
	bool dynamic = type == SHT_DYNSYM;
	unsigned table = image__add(img, dynamic ? ".dynsym" : ".symtab", type, 0, symbols,
				    n * sizeof(*symbols));

	img->sections[table].sh_entsize = sizeof(*symbols);
	img->sections[table].sh_link = image__add(img, dynamic ? ".dynstr" : ".strtab", SHT_STRTAB,
						  0, strings, strings_size);
}

static inline size_t put_note(char *out, const char *owner, uint32_t type, const void *desc,
			      size_t size)
{
	Elf64_Nhdr hdr = {.n_namesz = strlen(owner) + 1, .n_descsz = size, .n_type = type};
	size_t at = sizeof(hdr);

	memcpy(out, &hdr, sizeof(hdr));
	strcpy(out + at, owner);
	at += (hdr.n_namesz + 3) & ~3u;
	memcpy(out + at, desc, size);
	return at + ((size + 3) & ~(size_t)3);
}

/* strings: provider, name and arguments, each with its 0 byte. */
static inline size_t put_probe(char *out, uint64_t addr, uint64_t base, uint64_t semaphore,
			       const char *strings, size_t size)
{
	char desc[256];
	uint64_t addrs[3] = {addr, base, semaphore};

	memcpy(desc, addrs, sizeof(addrs));
	memcpy(desc + sizeof(addrs), strings, size);
	return put_note(out, "stapsdt", 3, desc, sizeof(addrs) + size);
}
#define PROBE(out, addr, base, sem, strings)                                                       \
	put_probe(out, addr, base, sem, strings, sizeof(strings))

static inline int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	return fd;
}

static inline struct rp_elf *open_bytes(const void *bytes, size_t size)
{
	int fd = memory_file(bytes, size);
	struct rp_err err = {0};
	struct rp_elf *elf = NULL;

	assert_int_equal(rp_elf__open(fd, "image", &elf, &err), 0);
	close(fd);
	return elf;
}

static inline struct rp_elf *open_image(const struct image *img)
{
	return open_bytes(img->bytes, img->size);
}

static inline struct rp_elf *open_path(const char *path)
{
	struct rp_err err = {0};
	struct rp_elf *elf = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(rp_elf__open(fd, path, &elf, &err), 0);
	close(fd);
	return elf;
}

static inline void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* An image with two symbol tables and two sections of notes, for the tests that break it. */
static inline void full_image(struct image *img)
{
	static const char strings[] = "\0alpha\0_ZN3foo3barEi\0gamma.cold";
	static const char dynamic[] = "\0alpha\0__gxx_personality_v0";
	const Elf64_Sym alpha = {
		.st_name = 1, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR, .st_size = 32};
	const Elf64_Sym symbols[] = {
		{0},
		alpha,
		{.st_name = 7, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
		{.st_name = 21, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 96},
	};
	const Elf64_Sym imports[] = {{0}, alpha, {.st_name = 7, .st_info = FUNC}};
	char notes[1024];
	size_t size;

	image__start(img);
	image__add_symbols(img, SHT_SYMTAB, symbols, 4, strings, sizeof(strings));
	image__add_symbols(img, SHT_DYNSYM, imports, 3, dynamic, sizeof(dynamic));
	size = PROBE(notes, TEXT_ADDR + 8, DATA_ADDR, DATA_ADDR + 16, "app\0job__start\0-4@%eax");
	size += PROBE(notes + size, TEXT_ADDR + 16, DATA_ADDR, 0, "app\0job__done\0");
	image__add(img, ".note.stapsdt", SHT_NOTE, 0, notes, size);
	size = PROBE(notes, TEXT_ADDR + 24, DATA_ADDR, 0, "lib\0step\0 8@%rdi");
	image__add(img, ".note.stapsdt", SHT_NOTE, 0, notes, size);
	image__add(img, ".stapsdt.base", SHT_PROGBITS, DATA_ADDR, "", 1);
	size = put_note(notes, "GNU", NT_GNU_BUILD_ID, "\x01\x23\xab\xff", 4);
	image__add(img, ".note.gnu.build-id", SHT_NOTE, 0, notes, size);
	image__finish(img);
}

static inline uint32_t crc32_of(const unsigned char *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

/* A stripped one, with a debug link. */
static inline void linked_image(struct image *img, const char *name, uint32_t crc)
{
	size_t len = (strlen(name) + 4) & ~(size_t)3;
	char link[64] = "";

	strcpy(link, name);
	memcpy(link + len, &crc, sizeof(crc));
	image__start(img);
	image__add(img, ".gnu_debuglink", SHT_PROGBITS, 0, link, len + sizeof(crc));
	image__finish(img);
}

#endif
