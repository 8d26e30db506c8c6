/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The pair rule: which two USDT probes are the ends of one region, by their names. '-' and "__" in
 * names are the same, case does not count, and the last word decides: see the table in usdt_pair.c.
 */
#ifndef RP_USDT_PAIR_H
#define RP_USDT_PAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/elf_object.h"

/*
 * Does `end` close what `begin` opens? Then the region's name is what both share: it is written to
 * stem (size bytes): "query__start", "query__done" give "query"; "start", "done" give "".
 */
bool rp_usdt_pair__match(const char *begin, const char *end, char *stem, size_t size);

/* The words are those of calls (entry/return and the like): such regions nest like calls do. */
bool rp_usdt_pair__is_call(const char *begin, const char *end);

/* An interpreter tells of every call of a function with it, by the name that such pairs have. */
bool rp_usdt_pair__is_every_call(const char *stem);

/* Both names are the same but for their last word; what they share, never "", is the stem. */
bool rp_usdt_pair__share_stem(const char *begin, const char *end, char *stem, size_t size);

/* The last word is one that closes something. */
bool rp_usdt_pair__is_end(const char *name);

/*
 * Folded forms, equal where names mean the same: of the whole name, or of its stem alone. An end
 * only ever closes a begin whose stem or whole name folds to what the end's stem folds to. At most
 * strlen(name) + 1 bytes are written.
 */
void rp_usdt_pair__fold(const char *name, char *out);
void rp_usdt_pair__fold_stem(const char *name, char *out);

/*
 * Interpreters tell of a call the same at both of its ends: its name, its file, ... An end with as
 * many arguments as its begin is taken to be of that kind.
 */
bool rp_usdt_pair__tell_the_same(const struct rp_usdt_note *begin, const struct rp_usdt_note *end);

#endif
