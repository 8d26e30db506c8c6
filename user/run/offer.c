// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/offer.h"

#include <string.h>

#include "discover/elf_object.h"

/* Names with an underscore in front are those of the compiler and its libraries. */
static bool is_worth_naming(const struct rp_symbol *symbol)
{
	return symbol->name[0] != '_' &&
	       strlen(symbol->name) < sizeof(((struct rp_offer *)0)->names[0]);
}

/* Size is what tells most, of all that is known of a function that has not run. */
static void name_largest(struct rp_offer *offer, uint64_t *sizes, const struct rp_symbol *symbol)
{
	size_t at = offer->n_names;

	if (!is_worth_naming(symbol))
		return;
	for (; at > 0 && sizes[at - 1] < symbol->size; at--) {
		if (at == RP_OFFER_NAMES)
			continue;
		sizes[at] = sizes[at - 1];
		memcpy(offer->names[at], offer->names[at - 1], sizeof(offer->names[at]));
	}
	if (at == RP_OFFER_NAMES)
		return;
	sizes[at] = symbol->size;
	strcpy(offer->names[at], symbol->name);
	offer->n_names += offer->n_names < RP_OFFER_NAMES;
}

void rp_offer__fill(const struct rp_targets *targets, struct rp_offer *out)
{
	uint64_t sizes[RP_OFFER_NAMES] = {0};
	size_t n_objects = rp_targets__n_objects(targets);

	*out = (struct rp_offer){0};
	for (uint32_t i = 0; i < n_objects; i++) {
		const struct rp_symbol *symbols;
		const char *path;
		struct rp_elf *elf;
		size_t n;
		int fd = rp_targets__object(targets, i, &path);

		if (!rp_targets__is_executable(targets, i) || fd < 0 ||
		    rp_elf__open(fd, path, &elf, NULL))
			continue;
		if (!rp_elf__symbols(elf, &symbols, &n, NULL)) {
			out->n_functions += n;
			for (size_t k = 0; k < n; k++)
				name_largest(out, sizes, &symbols[k]);
		}
		rp_elf__free(elf);
	}
}
