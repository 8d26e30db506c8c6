// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/kernel_symbols.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/arena.h"
#include "util/array.h"

struct symbol {
	uint64_t address;
	const char *name;
};

/* Symbols that say where code of a kind is; where one lacks there is none of it. */
enum bound { SCHED_START, SCHED_END, ENTRY_START, ENTRY_END, NOINSTR_START, NOINSTR_END, BOUNDS };

static const char *const bound_names[BOUNDS] = {
	[SCHED_START] = "__sched_text_start",	  [SCHED_END] = "__sched_text_end",
	[ENTRY_START] = "__entry_text_start",	  [ENTRY_END] = "__entry_text_end",
	[NOINSTR_START] = "__noinstr_text_start", [NOINSTR_END] = "__noinstr_text_end",
};

struct rp_kernel_symbols {
	struct symbol *item; /* by address */
	size_t n, room;
	uint64_t bound[BOUNDS];
	struct rp_arena names;
};

/* false: out of memory. */
static bool add(struct rp_kernel_symbols *s, uint64_t address, const char *name)
{
	for (size_t i = 0; i < BOUNDS; i++)
		if (!strcmp(name, bound_names[i])) {
			s->bound[i] = address;
			return true;
		}
	if (rp_array__grow(&s->item, s->n, &s->room, sizeof(*s->item)))
		return false;
	s->item[s->n] = (struct symbol){.address = address, .name = rp_arena__dup(&s->names, name)};
	return s->item[s->n++].name;
}

/* Lines of address, type, name and, of a module, where it is from. false: out of memory. */
static bool read_all(struct rp_kernel_symbols *s, FILE *file)
{
	char line[1024], name[512], type;
	uint64_t address;

	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%" SCNx64 " %c %511s", &address, &type, name) == 3 && address &&
		    strchr("tTwW", type) && !add(s, address, name))
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

struct rp_kernel_symbols *rp_kernel_symbols__new(const char *path)
{
	struct rp_kernel_symbols *s = calloc(1, sizeof(*s));
	FILE *file = s ? fopen(path, "re") : NULL;
	bool all = file && read_all(s, file);

	if (file)
		fclose(file);
	if (!all || !s->n) {
		rp_kernel_symbols__free(s);
		return NULL;
	}
	rp_array__sort(s->item, s->n, sizeof(*s->item), compare);
	return s;
}

void rp_kernel_symbols__free(struct rp_kernel_symbols *s)
{
	if (!s)
		return;
	rp_arena__free(&s->names);
	free(s->item);
	free(s);
}

const char *rp_kernel_symbols__find(const struct rp_kernel_symbols *s, uint64_t address)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->item[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? s->item[low - 1].name : "[unknown]";
}

/* Return addresses: behind a call, which may be the last instruction. */
static bool is_between(const struct rp_kernel_symbols *s, enum bound start, uint64_t address)
{
	return address > s->bound[start] && address <= s->bound[start + 1];
}

size_t rp_kernel_symbols__cut(const struct rp_kernel_symbols *s, const uint64_t *address, size_t *n)
{
	size_t inner = 0, outer = *n;

	while (inner < outer && !is_between(s, SCHED_START, address[inner]))
		inner++;
	while (inner < outer && is_between(s, SCHED_START, address[inner]))
		inner++;
	while (outer > inner && (is_between(s, ENTRY_START, address[outer - 1]) ||
				 is_between(s, NOINSTR_START, address[outer - 1])))
		outer--;
	*n = outer - inner;
	return inner;
}
