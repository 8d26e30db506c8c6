// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "symbolize/functions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/demangle.h"
#include "unwind/rows.h"
#include "util/array.h"

#define NESTED_MAX 16 /* symbols that begin inside another one, in a row */
#define LINKER_MAX 1024

struct function {
	uint64_t start, size; /* start comes first: rp_array__up_to() */
	const char *name;
	bool is_part; /* a cold part: what follows the dot is not the function's name */
};

struct rp_functions {
	struct function *symbols; /* by start */
	size_t n;
	struct function *labels; /* by start; of each all that may be its own */
	size_t n_labels;
	struct rp_unwind_function *frames; /* of .eh_frame, by start */
	size_t n_frames;
};

static int compare_functions(const void *x, const void *y)
{
	const struct function *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* Of several at one place the one that reaches further, and then the shortest name. */
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return strlen(a->name) > strlen(b->name) ? -1 : strlen(a->name) < strlen(b->name);
}

static void read_frames(struct rp_elf *elf, struct rp_functions *f)
{
	struct rp_eh_frame eh_frame;
	size_t broken;
	char *data;

	if (rp_elf__eh_frame(elf, &data, &eh_frame.size, &eh_frame.addr))
		return;
	eh_frame.data = data;
	if (rp_unwind_functions__read(&eh_frame, &f->frames, &f->n_frames, &broken))
		f->n_frames = 0;
	free(data);
}

static size_t add(struct function *to, const struct rp_symbol *symbols, size_t n, bool is_part)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (struct function){
			.start = symbols[i].addr,
			.size = symbols[i].size,
			.name = is_part ? symbols[i].linker : symbols[i].name,
			.is_part = is_part,
		};
	return n;
}

static int read_symbols(struct rp_elf *elf, struct rp_functions *f)
{
	const struct rp_symbol *symbols, *parts;
	size_t n, n_parts;

	if (rp_elf__symbols(elf, &symbols, &n, NULL))
		n = 0;
	parts = rp_elf__cold_parts(elf, &n_parts);
	f->symbols = calloc(n + n_parts + 1, sizeof(*f->symbols));
	if (!f->symbols)
		return -ENOMEM;
	f->n = add(f->symbols, symbols, n, false);
	f->n += add(f->symbols + f->n, parts, n_parts, true);
	rp_array__sort(f->symbols, f->n, sizeof(*f->symbols), compare_functions);
	return 0;
}

static int read_labels(struct rp_elf *elf, struct rp_functions *f)
{
	struct rp_symbol *labels;
	size_t n;
	int rc = rp_elf__labels(elf, &labels, &n);

	if (rc)
		return rc;
	f->labels = calloc(n + 1, sizeof(*f->labels));
	if (f->labels)
		f->n_labels = add(f->labels, labels, n, false);
	free(labels);
	rp_array__sort(f->labels, f->n_labels, sizeof(*f->labels), compare_functions);
	return f->labels ? 0 : -ENOMEM;
}

int rp_functions__read(struct rp_elf *elf, struct rp_functions **out)
{
	struct rp_functions *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return -ENOMEM;
	rc = read_symbols(elf, f);
	if (!rc)
		rc = read_labels(elf, f);
	if (rc) {
		free(f->symbols);
		free(f);
		return rc;
	}
	read_frames(elf, f);
	*out = f;
	return 0;
}

/* The function of .eh_frame that an address is in; NULL: none. */
static const struct rp_unwind_function *find_frame(const struct rp_functions *f, uint64_t addr)
{
	size_t n = rp_array__up_to(f->frames, f->n_frames, sizeof(*f->frames), addr);

	if (!n || addr - f->frames[n - 1].start >= f->frames[n - 1].size)
		return NULL;
	return &f->frames[n - 1];
}

/* Assembly may leave the size out: then .eh_frame tells how far it reaches. */
static bool reaches(const struct function *symbol, const struct rp_unwind_function *frame,
		    uint64_t addr)
{
	if (!symbol->size)
		return frame && frame->start == symbol->start;
	return addr - symbol->start < symbol->size;
}

static const struct function *find_symbol(const struct rp_functions *f,
					  const struct rp_unwind_function *frame, uint64_t addr)
{
	size_t n = rp_array__up_to(f->symbols, f->n, sizeof(*f->symbols), addr);

	for (size_t i = n; i && n - i < NESTED_MAX; i--)
		if (reaches(&f->symbols[i - 1], frame, addr))
			return &f->symbols[i - 1];
	return NULL;
}

/* Does something begin behind `after`, and at addr or before? */
static bool begins_between(const void *items, size_t n, size_t size, uint64_t after, uint64_t addr)
{
	return rp_array__up_to(items, n, size, addr) > rp_array__up_to(items, n, size, after);
}

/*
 * Where a frame begins a label is its name. Code without frames is the label's that it follows, up
 * to what comes next.
 */
static const struct function *find_label(const struct rp_functions *f,
					 const struct rp_unwind_function *frame, uint64_t addr)
{
	uint64_t at = frame ? frame->start : addr;
	size_t n = rp_array__up_to(f->labels, f->n_labels, sizeof(*f->labels), at);
	const struct function *label = n ? &f->labels[n - 1] : NULL;

	if (!label || at - label->start >= label->size)
		return NULL;
	if (frame)
		return label->start == at ? label : NULL;
	if (find_frame(f, label->start) || find_symbol(f, NULL, label->start) ||
	    begins_between(f->symbols, f->n, sizeof(*f->symbols), label->start, addr) ||
	    begins_between(f->frames, f->n_frames, sizeof(*f->frames), label->start, addr))
		return NULL;
	return label;
}

/* "f.cold" and "f.cold.12" are code of f. */
static void name_whole(const char *linker, char *name, size_t size)
{
	const char *part = strstr(linker, ".cold");
	char whole[LINKER_MAX];

	snprintf(whole, sizeof(whole), "%.*s", part ? (int)(part - linker) : (int)strlen(linker),
		 linker);
	if (rp_demangle__name(whole, name, size) != 1)
		snprintf(name, size, "%s", whole);
}

bool rp_functions__find(const struct rp_functions *f, uint64_t addr, char *name, size_t size)
{
	const struct rp_unwind_function *frame = find_frame(f, addr);
	const struct function *symbol = find_symbol(f, frame, addr);
	const struct function *label = symbol ? NULL : find_label(f, frame, addr);

	if (symbol && symbol->is_part)
		name_whole(symbol->name, name, size);
	else if (symbol || label)
		snprintf(name, size, "%s", symbol ? symbol->name : label->name);
	else if (frame)
		snprintf(name, size, "+0x%" PRIx64, frame->start);
	return symbol || label || frame;
}
