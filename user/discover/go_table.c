// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A table begins with a magic number that says its version, two bytes of 0, the least length of an
 * instruction, the bytes of an address, and words of 8 bytes: the number of functions, of files,
 * from Go 1.18 on the address of the code, and where the parts of the table are. One part are the
 * names; the last are pairs {begin of a function, where it is described}, in the order of their
 * addresses, with the end of the code behind the last. A description begins with the function's
 * address, once more, and where its name is.
 */
#include "discover/go_table.h"

#include <errno.h>
#include <string.h>

#define ALIGNMENT     8
#define FIXED_SIZE    8 /* bytes of the header before its words */
#define ADDRESS_SIZE  8
#define FUNCTIONS_MAX (8u << 20)

static const struct version {
	uint32_t magic;
	unsigned text, names, functions, n; /* numbers of words; n: of all */
} versions[] = {
	{0xfffffffa, 0, 2, 6, 7}, /* 1.16 */
	{0xfffffff0, 2, 3, 7, 8}, /* 1.18 */
	{0xfffffff1, 2, 3, 7, 8}, /* 1.20 */
};

static const struct version *version_of(const char *data, size_t size)
{
	uint32_t magic;

	if (size < FIXED_SIZE)
		return NULL;
	memcpy(&magic, data, sizeof(magic));
	if (data[4] || data[5] || (data[6] != 1 && data[6] != 4) || data[7] != ADDRESS_SIZE)
		return NULL;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].magic == magic)
			return &versions[i];
	return NULL;
}

bool rp_go_table__find(const char *data, size_t size, size_t *at)
{
	for (; *at < size; *at += ALIGNMENT)
		if (version_of(data + *at, size - *at))
			return true;
	return false;
}

static uint64_t word(const char *data, unsigned i)
{
	uint64_t value;

	memcpy(&value, data + FIXED_SIZE + i * sizeof(value), sizeof(value));
	return value;
}

static size_t number_size(const struct rp_go_table *t)
{
	return t->wide ? ADDRESS_SIZE : sizeof(uint32_t);
}

int rp_go_table__open(struct rp_go_table *t, const char *data, size_t size)
{
	const struct version *v = version_of(data, size);
	uint64_t names, functions;

	if (!v)
		return -ENOENT;
	if (size < FIXED_SIZE + v->n * sizeof(uint64_t))
		return -EBADMSG;
	*t = (struct rp_go_table){.data = data, .size = size, .wide = !v->text, .n = word(data, 0)};
	names = word(data, v->names);
	functions = word(data, v->functions);
	if (names >= size || functions >= size || t->n > FUNCTIONS_MAX ||
	    (2 * t->n + 1) * number_size(t) > size - functions)
		return -EBADMSG;
	t->names = names;
	t->functions = functions;
	if (v->text) {
		t->text_at = FIXED_SIZE + v->text * sizeof(uint64_t);
		t->text = word(data, v->text);
	}
	return 0;
}

/* Of the list of functions; open() has seen that it is there. */
static uint64_t number(const struct rp_go_table *t, uint64_t i)
{
	uint64_t value = 0; /* of little endian machines */

	memcpy(&value, t->data + t->functions + i * number_size(t), number_size(t));
	return value;
}

static const char *name_of(const struct rp_go_table *t, uint64_t described)
{
	size_t room = t->size - t->functions;
	uint32_t name;

	if (described > room || room - described < number_size(t) + sizeof(name))
		return NULL;
	memcpy(&name, t->data + t->functions + described + number_size(t), sizeof(name));
	if (name >= t->size - t->names ||
	    !memchr(t->data + t->names + name, '\0', t->size - t->names - name))
		return NULL;
	return t->data + t->names + name;
}

bool rp_go_table__next(struct rp_go_table *t, struct rp_go_function *f)
{
	while (t->next < t->n) {
		uint64_t i = t->next++, begin = number(t, 2 * i), end = number(t, 2 * i + 2);

		f->name = name_of(t, number(t, 2 * i + 1));
		if (!f->name || !*f->name || end <= begin)
			continue;
		f->addr = t->text + begin;
		f->size = end - begin;
		return true;
	}
	return false;
}
