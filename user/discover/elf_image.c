// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * An image is a head, then functions, cold parts and notes, each of fixed size, then their strings.
 * Strings are named by where they begin among these; the last byte of all is 0, so that each of
 * them ends.
 */
#include "discover/elf_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"

#define ERRNO_MAX 4095

struct head {
	uint64_t code_offset, code_size;
	uint64_t strings; /* bytes */
	uint32_t n_functions, n_cold_parts, n_notes;
	int32_t functions_error, notes_error;
	uint16_t machine;
	uint8_t is_go, has_unwinding, has_fibers, has_signal_stack;
	uint8_t has_symtab, names_functions, has_lines, separate_debug;
	uint8_t is_too_much;
	uint8_t unused;
	char build_id[2 * RP_ELF_BUILD_ID_MAX + 8]; /* hexadecimal */
};

struct function {
	uint64_t addr, size, offset;
	uint32_t name, linker;
	uint64_t is_resolver;
};

struct note {
	uint64_t addr, offset, semaphore;
	uint32_t provider, name, args, unused;
};

_Static_assert(sizeof(struct head) % 8 == 0 && sizeof(struct function) % 8 == 0 &&
		       sizeof(struct note) % 8 == 0,
	       "what follows is aligned");

/* ---- making one ------------------------------------------------------------------------------ */

static uint64_t functions_strings(const struct rp_symbol *symbols, size_t n)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		bytes += strlen(symbols[i].linker) + 1;
		if (symbols[i].name != symbols[i].linker)
			bytes += strlen(symbols[i].name) + 1;
	}
	return bytes;
}

static uint64_t notes_strings(const struct rp_usdt_note *notes, size_t n)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(notes[i].provider) + strlen(notes[i].name) + strlen(notes[i].args) +
			 3;
	return bytes;
}

static uint64_t size_of(const struct head *h)
{
	return sizeof(*h) + (uint64_t)h->n_functions * sizeof(struct function) +
	       (uint64_t)h->n_cold_parts * sizeof(struct function) +
	       (uint64_t)h->n_notes * sizeof(struct note) + h->strings;
}

struct strings {
	char *bytes;
	uint32_t used;
};

static uint32_t put_string(struct strings *s, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t at = s->used;

	memcpy(s->bytes + at, text, size);
	s->used += size;
	return at;
}

static void put_functions(struct function *to, const struct rp_symbol *from, size_t n,
			  struct strings *s)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = (struct function){.addr = from[i].addr,
					  .size = from[i].size,
					  .offset = from[i].offset,
					  .is_resolver = from[i].is_resolver};
		to[i].linker = to[i].name = put_string(s, from[i].linker);
		if (from[i].name != from[i].linker)
			to[i].name = put_string(s, from[i].name);
	}
}

static void put_notes(struct note *to, const struct rp_usdt_note *from, size_t n, struct strings *s)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = (struct note){.addr = from[i].addr,
				      .offset = from[i].offset,
				      .semaphore = from[i].semaphore};
		to[i].provider = put_string(s, from[i].provider);
		to[i].name = put_string(s, from[i].name);
		to[i].args = put_string(s, from[i].args);
	}
}

static void put_traits(struct head *h, const struct rp_elf_traits *traits)
{
	h->machine = traits->machine;
	h->is_go = traits->is_go;
	h->has_unwinding = traits->has_unwinding;
	h->has_fibers = traits->has_fibers;
	h->has_signal_stack = traits->has_signal_stack;
	h->has_symtab = traits->has_symtab;
	h->names_functions = traits->names_functions;
	h->has_lines = traits->has_lines;
	h->separate_debug = traits->separate_debug;
}

int rp_elf_image__make(struct rp_elf *elf, unsigned tables, char **bytes, size_t *size)
{
	const struct rp_symbol *functions = NULL, *cold;
	const struct rp_usdt_note *notes = NULL;
	size_t n_functions = 0, n_cold, n_notes = 0;
	struct head *h, head = {0};
	struct function *at;
	struct strings s = {0};

	if (tables & RP_ELF_FUNCTIONS)
		head.functions_error = rp_elf__symbols(elf, &functions, &n_functions, NULL);
	if (tables & RP_ELF_USDT)
		head.notes_error = rp_elf__usdt(elf, &notes, &n_notes, NULL);
	if (head.functions_error == -ENOMEM || head.notes_error == -ENOMEM)
		return -ENOMEM;
	put_traits(&head, rp_elf__traits(elf));
	rp_elf__code(elf, &head.code_offset, &head.code_size);
	cold = rp_elf__cold_parts(elf, &n_cold);
	head.n_functions = n_functions;
	head.n_cold_parts = n_cold;
	head.n_notes = n_notes;
	head.is_too_much = rp_elf__is_too_much(elf);
	memcpy(head.build_id, elf->build_id, sizeof(elf->build_id));
	head.strings = functions_strings(functions, n_functions) + functions_strings(cold, n_cold) +
		       notes_strings(notes, n_notes);
	if (size_of(&head) > RP_ELF_IMAGE_MAX)
		return -EFBIG;
	*size = size_of(&head);
	h = calloc(1, *size);
	if (!h)
		return -ENOMEM;
	*h = head;
	at = (struct function *)(h + 1);
	s.bytes = (char *)h + *size - head.strings;
	put_functions(at, functions, n_functions, &s);
	put_functions(at + n_functions, cold, n_cold, &s);
	put_notes((struct note *)(at + n_functions + n_cold), notes, n_notes, &s);
	*bytes = (char *)h;
	return 0;
}

/* ---- opening one ----------------------------------------------------------------------------- */

struct image {
	struct head head;
	const struct function *functions, *cold_parts;
	const struct note *notes;
	const char *strings;
	uint64_t file_size;
};

static bool is_error(int32_t code)
{
	return code <= 0 && code >= -ERRNO_MAX;
}

static bool take_apart(const char *bytes, size_t size, uint64_t file_size, struct image *out)
{
	const struct head *h = &out->head;

	if (size < sizeof(*h))
		return false;
	memcpy(&out->head, bytes, sizeof(out->head));
	out->head.build_id[sizeof(out->head.build_id) - 1] = '\0';
	if (h->strings > RP_ELF_IMAGE_MAX || size_of(h) != size ||
	    (h->strings ? bytes[size - 1] != '\0'
			: h->n_functions || h->n_cold_parts || h->n_notes))
		return false;
	if (!is_error(h->functions_error) || !is_error(h->notes_error) ||
	    (h->functions_error && h->n_functions) || (h->notes_error && h->n_notes))
		return false;
	if (h->code_size &&
	    (h->code_offset > file_size || h->code_size > file_size - h->code_offset))
		return false;
	out->functions = (const struct function *)(bytes + sizeof(*h));
	out->cold_parts = out->functions + h->n_functions;
	out->notes = (const struct note *)(out->cold_parts + h->n_cold_parts);
	out->strings = bytes + size - h->strings;
	out->file_size = file_size;
	return true;
}

/* NULL: there is none there, or none that a table of symbols may have. */
static const char *string_at(const struct image *image, uint32_t at, bool may_be_empty)
{
	const char *text = image->strings + at;

	if (at >= image->head.strings || strnlen(text, RP_ELF_NAME_MAX) == RP_ELF_NAME_MAX)
		return NULL;
	return *text || may_be_empty ? text : NULL;
}

static int take_functions(const struct image *image, const struct function *from, size_t n,
			  struct rp_symbol **out)
{
	struct rp_symbol *to = n ? calloc(n, sizeof(*to)) : NULL;

	*out = to;
	if (n && !to)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		to[i] = (struct rp_symbol){.addr = from[i].addr,
					   .size = from[i].size,
					   .offset = from[i].offset,
					   .linker = string_at(image, from[i].linker, false),
					   .is_resolver = from[i].is_resolver};
		to[i].name = from[i].name == from[i].linker ? to[i].linker
							    : string_at(image, from[i].name, false);
		if (!to[i].name || !to[i].linker || to[i].offset >= image->file_size)
			return -EBADMSG;
	}
	return 0;
}

/* Whoever looks something up in them relies on it. */
static bool are_in_order(const struct rp_elf *elf)
{
	for (size_t i = 1; i < elf->n_symbols; i++)
		if (elf->symbols[i - 1].offset > elf->symbols[i].offset)
			return false;
	for (size_t i = 1; i < elf->n_cold_parts; i++)
		if (strcmp(elf->cold_parts[i - 1].linker, elf->cold_parts[i].linker) > 0)
			return false;
	return true;
}

static int take_notes(struct rp_elf *elf, const struct image *image)
{
	size_t n = image->head.n_notes;

	elf->notes = n ? calloc(n, sizeof(*elf->notes)) : NULL;
	if (n && !elf->notes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct note *from = &image->notes[i];
		struct rp_usdt_note *to = &elf->notes[i];

		*to = (struct rp_usdt_note){
			.provider = string_at(image, from->provider, false),
			.name = string_at(image, from->name, false),
			.args = string_at(image, from->args, true),
			.addr = from->addr,
			.offset = from->offset,
			.semaphore = from->semaphore,
		};
		if (!to->provider || !to->name || !to->args || to->offset >= image->file_size ||
		    to->semaphore >= image->file_size)
			return -EBADMSG;
	}
	elf->n_notes = n;
	return 0;
}

/* "" where it is none. */
static void take_build_id(struct rp_elf *elf, const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	if (n < sizeof(elf->build_id) && !text[n])
		memcpy(elf->build_id, text, n + 1);
}

static void take_head(struct rp_elf *elf, const struct head *h)
{
	elf->traits = (struct rp_elf_traits){
		.machine = h->machine,
		.is_go = h->is_go,
		.has_unwinding = h->has_unwinding,
		.has_fibers = h->has_fibers,
		.has_signal_stack = h->has_signal_stack,
		.has_symtab = h->has_symtab,
		.names_functions = h->names_functions,
		.has_lines = h->has_lines,
		.separate_debug = h->separate_debug,
	};
	elf->traits_read = elf->symbols_read = elf->notes_read = true;
	elf->symbols_error = h->functions_error;
	elf->notes_error = h->notes_error;
	elf->code_offset = h->code_offset;
	elf->code_size = h->code_size;
	elf->own_budget.is_spent = h->is_too_much;
	take_build_id(elf, h->build_id);
}

int rp_elf_image__open(char *bytes, size_t size, uint64_t file_size, const char *name,
		       const struct rp_elf_reader *reader, struct rp_elf **out)
{
	struct rp_elf *elf = calloc(1, sizeof(*elf));
	struct image image;
	int rc = -ENOMEM;

	if (!elf) {
		free(bytes);
		return -ENOMEM;
	}
	elf->fd = -1;
	elf->budget = &elf->own_budget;
	elf->size = file_size;
	elf->image = bytes;
	elf->name = strdup(name);
	if (!elf->name)
		goto out;
	rc = take_apart(bytes, size, file_size, &image) ? 0 : -EBADMSG;
	if (!rc)
		take_head(elf, &image.head);
	if (!rc)
		rc = take_functions(&image, image.functions, image.head.n_functions, &elf->symbols);
	if (!rc)
		rc = take_functions(&image, image.cold_parts, image.head.n_cold_parts,
				    &elf->cold_parts);
	if (!rc)
		rc = take_notes(elf, &image);
	if (rc)
		goto out;
	elf->n_symbols = image.head.n_functions;
	elf->n_cold_parts = image.head.n_cold_parts;
	rc = are_in_order(elf) ? 0 : -EBADMSG;
	if (!rc)
		elf->reader = *reader;
out:
	if (rc)
		rp_elf__free(elf);
	else
		*out = elf;
	return rc;
}
