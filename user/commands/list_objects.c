// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The files of the targets: how many functions each has, and whose USDT probes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/list_internal.h"
#include "discover/elf_image.h"
#include "util/array.h"

static int compare_providers(const void *a_, const void *b_)
{
	const struct rp_usdt_note *const *a = a_, *const *b = b_;

	return strcmp((*a)->provider, (*b)->provider);
}

/* "libc (26), rtld (9)" */
static int write_providers(FILE *out, const struct rp_usdt_note *notes, size_t n)
{
	const struct rp_usdt_note **sorted = calloc(n, sizeof(*sorted));
	size_t end;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &notes[i];
	rp_array__sort(sorted, n, sizeof(*sorted), compare_providers);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n; end++)
			if (compare_providers(&sorted[i], &sorted[end]) != 0)
				break;
		fprintf(out, "%s%s (%zu)", i ? ", " : "", sorted[i]->provider, end - i);
	}
	free(sorted);
	return 0;
}

static int set_providers(struct rp_listed_object *object, struct rp_elf *elf)
{
	const struct rp_usdt_note *notes;
	size_t n, size;
	FILE *out;
	int rc;

	if (rp_elf__usdt(elf, &notes, &n, NULL) || !n)
		return 0;
	out = open_memstream(&object->providers, &size);
	if (!out)
		return -ENOMEM;
	rc = write_providers(out, notes, n);
	return fclose(out) ? -ENOMEM : rc;
}

int rp_listing__add_objects(struct rp_listing *listing, const struct rp_targets *targets)
{
	size_t n = rp_targets__n_objects(targets);
	int rc = 0;

	listing->objects = calloc(n + 1, sizeof(*listing->objects));
	if (!listing->objects)
		return -ENOMEM;
	for (uint32_t i = 0; !rc && i < n; i++) {
		struct rp_listed_object *object = &listing->objects[listing->n_objects];
		const struct rp_symbol *symbols;
		struct rp_elf *elf;

		rp_targets__object(targets, i, &object->path);
		if (rp_targets__read(targets, i, RP_ELF_FUNCTIONS | RP_ELF_USDT, &elf))
			continue;
		listing->n_objects++;
		object->is_exe = rp_targets__is_executable(targets, i);
		if (rp_elf__symbols(elf, &symbols, &object->functions, NULL))
			object->functions = 0;
		rc = set_providers(object, elf);
		rp_elf__free(elf);
	}
	return rc;
}

void rp_listing__free(struct rp_listing *listing)
{
	for (size_t i = 0; i < listing->n_objects; i++)
		free(listing->objects[i].providers);
	free(listing->objects);
}
