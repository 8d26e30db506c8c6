// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/python_codes.h"

#include <stdlib.h>
#include <string.h>

#include "discover/proc.h"
#include "sample/python_lines.h"
#include "sample/python_text.h"
#include "util/array.h"
#include "util/room.h"
#include "util/table.h"

/* Of those that were met in samples. Past that they have no names. */
#define BYTES_MAX (64u << 20)

struct code {
	uint64_t address;
	char name[RP_PYTHON_TEXT_BYTES(RP_PYTHON_NAME_MAX)];
	char file[RP_PYTHON_TEXT_BYTES(RP_PYTHON_FILE_MAX)];
	uint32_t first_line;
	struct rp_python_line *lines;
	uint32_t *places; /* of each of these; 0: not asked for yet. Behind them that of no line */
	size_t n;
	UT_hash_handle hh;
};

struct process {
	pid_t pid;
	struct rp_owner owner;
	struct code *codes;
	UT_hash_handle hh;
};

struct rp_python_codes {
	struct rp_sample_store *store;
	struct process *processes;
	struct rp_room *bytes;
	struct rp_python_code record;
};

struct rp_python_codes *rp_python_codes__new(struct rp_sample_store *store, bool is_shared)
{
	struct rp_python_codes *codes = calloc(1, sizeof(*codes));

	if (!codes)
		return NULL;
	codes->store = store;
	codes->bytes = rp_room__new(BYTES_MAX, is_shared);
	if (codes->bytes)
		return codes;
	free(codes);
	return NULL;
}

static size_t bytes_of(const struct code *code)
{
	return sizeof(*code) + code->n * sizeof(*code->lines) +
	       (code->n + 1) * sizeof(*code->places);
}

static void free_code(struct code *code)
{
	free(code->lines);
	free(code->places);
	free(code);
}

static void drop_code(struct rp_python_codes *codes, struct process *p, struct code *code)
{
	rp_room__give(codes->bytes, p->owner, bytes_of(code));
	HASH_DEL(p->codes, code);
	free_code(code);
}

static void drop(struct rp_python_codes *codes, struct process *p)
{
	struct code *code, *next;

	HASH_ITER (hh, p->codes, code, next)
		drop_code(codes, p, code);
	HASH_DEL(codes->processes, p);
	free(p);
}

void rp_python_codes__free(struct rp_python_codes *codes)
{
	struct process *p, *next;

	if (!codes)
		return;
	HASH_ITER (hh, codes->processes, p, next)
		drop(codes, p);
	rp_room__free(codes->bytes);
	free(codes);
}

static struct process *find(const struct rp_python_codes *codes, pid_t pid)
{
	struct process *p;

	HASH_FIND_INT(codes->processes, &pid, p);
	return p;
}

void rp_python_codes__exit(struct rp_python_codes *codes, pid_t pid)
{
	struct process *p = find(codes, pid);

	if (p)
		drop(codes, p);
}

/* ---- records --------------------------------------------------------------------------------- */

/* NULL: out of memory. */
static struct process *get(struct rp_python_codes *codes, pid_t pid)
{
	struct process *p = find(codes, pid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	p->owner = (struct rp_owner){.process = (uint64_t)pid, .user = rp_proc__user("/proc", pid)};
	HASH_ADD_INT(codes->processes, pid, p);
	return p;
}

static bool is_sound(const struct rp_python_code *record, size_t size)
{
	return record->lines_bytes <= RP_PYTHON_LINES_MAX &&
	       size >= RP_PYTHON_CODE_BYTES(record->lines_bytes) &&
	       record->name.bytes <= RP_PYTHON_NAME_MAX && record->file.bytes <= RP_PYTHON_FILE_MAX;
}

static struct code *make(const struct rp_python_code *record)
{
	struct code *code = calloc(1, sizeof(*code));

	if (!code)
		return NULL;
	code->address = record->code;
	code->first_line = record->first_line;
	rp_python_text__copy(&record->name, record->name_text, code->name, sizeof(code->name));
	rp_python_text__copy(&record->file, record->file_text, code->file, sizeof(code->file));
	if (!rp_python_lines__read(record->lines, record->lines_bytes, record->first_line,
				   &code->lines, &code->n))
		code->places = calloc(code->n + 1, sizeof(*code->places));
	if (code->places)
		return code;
	free_code(code);
	return NULL;
}

void rp_python_codes__take(struct rp_python_codes *codes, const void *data, size_t size)
{
	struct rp_python_code *record = &codes->record;
	struct code *code, *before;
	struct process *p;

	if (size < RP_PYTHON_CODE_BYTES(0) || size > sizeof(*record))
		return;
	memcpy(record, data, size);
	p = is_sound(record, size) ? get(codes, (pid_t)record->tgid) : NULL;
	code = p ? make(record) : NULL;
	if (!code)
		return;
	HASH_FIND(hh, p->codes, &code->address, sizeof(code->address), before);
	if (before)
		drop_code(codes, p, before);
	if (!rp_room__take(codes->bytes, p->owner, bytes_of(code))) {
		free_code(code);
		return;
	}
	HASH_ADD(hh, p->codes, address, sizeof(code->address), code);
}

/* ---- places ---------------------------------------------------------------------------------- */

uint32_t rp_python_codes__place(struct rp_python_codes *codes, pid_t pid, uint64_t address,
				uint64_t instruction)
{
	struct process *p = find(codes, pid);
	struct code *code = NULL;
	struct rp_place place = {.object = "[python]"};
	size_t at;

	if (p)
		HASH_FIND(hh, p->codes, &address, sizeof(address), code);
	if (!code)
		return 0;
	/* A frame that has not begun stands one before its first instruction. */
	if ((int64_t)instruction < 0)
		instruction = 0;
	at = rp_array__up_to(code->lines, code->n, sizeof(*code->lines), instruction);
	if (code->places[at])
		return code->places[at];
	place.function = code->name;
	place.file = code->file;
	place.line = at ? code->lines[at - 1].line : 0;
	if (!place.line)
		place.line = code->first_line;
	code->places[at] = rp_sample_store__place(codes->store, &place);
	return code->places[at];
}
