// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/offer.h"

#include <stdio.h>
#include <string.h>

#include "discover/elf_image.h"
#include "run/opt_in.h"

/*
 * Names with an underscore in front, and symbols without size, are those of the compiler and its
 * libraries.
 */
static bool is_worth_naming(const struct rp_symbol *symbol)
{
	return symbol->name[0] != '_' && symbol->size &&
	       strlen(symbol->name) < sizeof(((struct rp_offer *)0)->names[0]);
}

/* Before anything has run, size is the best guess at which functions matter. */
static void name_largest(struct rp_offer *offer, uint64_t *sizes, const struct rp_symbol *symbol)
{
	size_t at = offer->n_names;

	if (!is_worth_naming(symbol))
		return;
	/* Functions of several files may share one. */
	for (size_t i = 0; i < offer->n_names; i++)
		if (!strcmp(offer->names[i], symbol->name))
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

static bool has_provider(struct rp_elf *elf, const char *provider)
{
	const struct rp_usdt_note *notes;
	size_t n;

	if (rp_elf__usdt(elf, &notes, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(notes[i].provider, provider))
			return true;
	return false;
}

static void add_functions(struct rp_offer *offer, uint64_t *sizes, struct rp_elf *elf)
{
	const struct rp_symbol *symbols;
	size_t n;

	if (rp_elf__symbols(elf, &symbols, &n, NULL))
		return;
	offer->n_functions += n;
	if (!n)
		snprintf(offer->build_id, sizeof(offer->build_id), "%s", rp_elf__build_id(elf));
	for (size_t i = 0; i < n; i++)
		name_largest(offer, sizes, &symbols[i]);
}

void rp_offer__fill(const struct rp_targets *targets, struct rp_offer *out)
{
	uint64_t sizes[RP_OFFER_NAMES] = {0};
	size_t n_objects = rp_targets__n_objects(targets);
	const char *provider = NULL, *path;

	*out = (struct rp_offer){0};
	for (uint32_t i = 0; i < n_objects && !out->lacks; i++) {
		rp_targets__object(targets, i, &path);
		if (rp_targets__is_executable(targets, i))
			out->lacks = rp_opt_in__build(path, &provider);
	}
	for (uint32_t i = 0; i < n_objects; i++) {
		bool is_exe = rp_targets__is_executable(targets, i);
		struct rp_elf *elf;

		if (rp_targets__read(targets, i, RP_ELF_USDT | (is_exe ? RP_ELF_FUNCTIONS : 0),
				     &elf))
			continue;
		if (is_exe)
			add_functions(out, sizes, elf);
		if (out->lacks && has_provider(elf, provider))
			out->lacks = NULL;
		rp_elf__free(elf);
	}
}

void rp_offer__where_names_are(const struct rp_offer *offer, char where[RP_OFFER_WHERE])
{
	where[0] = '\0';
	if (strlen(offer->build_id) > 2)
		snprintf(where, RP_OFFER_WHERE,
			 ": they are in its debug file, "
			 "/usr/lib/debug/.build-id/%.2s/%s.debug (Debian: a -dbgsym package)",
			 offer->build_id, offer->build_id + 2);
}
