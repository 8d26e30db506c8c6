/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The functions that a Go program names in its line table (.gopclntab), which it needs to run and
 * keeps when its symbols are stripped. The bytes are hostile: nothing outside of them is read.
 */
#ifndef RP_GO_TABLE_H
#define RP_GO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_go_table {
	const char *data; /* the caller's */
	size_t size;
	size_t names;	  /* where they begin */
	size_t functions; /* where their list begins, which what is said of each counts from */
	uint64_t n;
	bool wide; /* addresses are whole, not 32 bits from `text` on */
	/*
	 * Where `text` stands in the data, 0: nowhere. A program that is loaded anywhere has 0
	 * there, and a relocation that says the address.
	 */
	size_t text_at;
	uint64_t text; /* may be set by the caller before the functions are asked for */
	uint64_t next;
};

struct rp_go_function {
	const char *name; /* in the data, with its end */
	uint64_t addr;
	uint64_t size; /* up to the next function: with the padding between them */
};

/* -ENOENT: it begins with no header of Go 1.16 or later; -EBADMSG: what that says is not there. */
int rp_go_table__open(struct rp_go_table *table, const char *data, size_t size);

/* Where the first such header is at or behind *at, which moves there; false: there is none. */
bool rp_go_table__find(const char *data, size_t size, size_t *at);

/* The next function; those that are broken are skipped. false: there are no more. */
bool rp_go_table__next(struct rp_go_table *table, struct rp_go_function *function);

#endif
