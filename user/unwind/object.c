// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "unwind/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/heights.h"

#if defined(__x86_64__)
#define IS_X86 1
#else
#define IS_X86 0
#endif

struct code {
	const struct rp_elf *elf;
	const struct rp_unwind_object *object;
	uint64_t end; /* what is behind is data */
};

static size_t read_code(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct code *code = ctx;

	if (addr >= code->end)
		return 0;
	if (size > code->end - addr)
		size = code->end - addr;
	for (size_t i = 0; i < code->object->n_segments; i++) {
		const struct rp_elf_segment *segment = &code->object->segments[i];
		uint64_t at = addr - segment->addr;

		if (addr < segment->addr || at >= segment->size)
			continue;
		if (size > segment->size - at)
			size = segment->size - at;
		return rp_elf__read(code->elf, segment->offset + at, buf, size);
	}
	return 0;
}

int rp_unwind_object__read(int fd, struct rp_unwind_object *out)
{
	struct rp_eh_frame eh_frame;
	struct rp_elf *elf = NULL;
	char *data = NULL;
	int err;

	*out = (struct rp_unwind_object){0};
	/* What a row tells of is in that machine's registers. */
	err = IS_X86 ? rp_elf__open(fd, "", &elf, NULL) : -ENODATA;
	if (!err)
		err = rp_elf__eh_frame(elf, &data, &eh_frame.size, &eh_frame.addr);
	if (err)
		goto out;
	rp_elf__python(elf, &out->python);
	out->n_segments = rp_elf__code_segments(elf, out->segments, RP_UNWIND_SEGMENTS_MAX);
	if (out->n_segments > RP_UNWIND_SEGMENTS_MAX)
		out->n_segments = RP_UNWIND_SEGMENTS_MAX;
	eh_frame.data = data;
	err = rp_unwind_rows__read(&eh_frame, &out->table);
	free(data);
	/* Where that fails, the table is what it would be without. */
	if (!err)
		rp_unwind_heights__add(&out->table, read_code,
				       &(struct code){elf, out, rp_elf__code_end(elf)});
out:
	rp_elf__free(elf);
	return err;
}

void rp_unwind_object__free(struct rp_unwind_object *object)
{
	rp_unwind_rows__free(&object->table);
}

/* ---- from the process that has read it ------------------------------------------------------- */

/* What is before the rows. */
struct packed {
	uint64_t rows, base, segments;
	struct rp_elf_segment segment[RP_UNWIND_SEGMENTS_MAX];
	uint64_t python_runtime;
	uint32_t python_version, python_is_free_threaded;
};

int rp_unwind_object__pack(const struct rp_unwind_object *object, char **bytes, size_t *size)
{
	const struct rp_unwind_rows *table = &object->table;
	struct packed head = {
		.rows = table->n,
		.base = table->base,
		.segments = object->n_segments,
		.python_runtime = object->python.runtime,
		.python_version = object->python.version,
		.python_is_free_threaded = object->python.free_threaded,
	};
	size_t rows = table->n * sizeof(*table->rows);

	memcpy(head.segment, object->segments, sizeof(head.segment));
	*size = sizeof(head) + rows;
	*bytes = malloc(*size);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, &head, sizeof(head));
	if (rows)
		memcpy(*bytes + sizeof(head), table->rows, rows);
	return 0;
}

/* What the kernel's programs, and whoever looks for a row, take for granted. */
static bool are_sound(const struct rp_unwind_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].cfa >= RP_UNWIND_CFA_COUNT || (i && rows[i].pc <= rows[i - 1].pc))
			return false;
	return n && rows[n - 1].cfa == RP_UNWIND_GAP;
}

int rp_unwind_object__unpack(const char *bytes, size_t size, struct rp_unwind_object *out)
{
	struct rp_unwind_row *rows;
	struct packed head;

	*out = (struct rp_unwind_object){0};
	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	if (!head.rows || head.rows > RP_UNWIND_ROWS_MAX ||
	    head.segments > RP_UNWIND_SEGMENTS_MAX ||
	    size != sizeof(head) + head.rows * sizeof(*rows))
		return -EBADMSG;
	rows = malloc(head.rows * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	memcpy(rows, bytes + sizeof(head), head.rows * sizeof(*rows));
	if (!are_sound(rows, head.rows)) {
		free(rows);
		return -EBADMSG;
	}
	out->table = (struct rp_unwind_rows){.rows = rows, .n = head.rows, .base = head.base};
	memcpy(out->segments, head.segment, sizeof(out->segments));
	out->n_segments = head.segments;
	out->python = (struct rp_elf_python){
		.runtime = head.python_runtime,
		.version = head.python_version,
		.free_threaded = head.python_is_free_threaded != 0,
	};
	return 0;
}

int rp_unwind_object__bias(const struct rp_unwind_object *object, uint64_t offset, uint64_t len,
			   uint64_t start, uint64_t *bias)
{
	for (size_t i = 0; i < object->n_segments; i++) {
		const struct rp_elf_segment *segment = &object->segments[i];

		/* A mapping begins at a page, a segment anywhere in one. */
		if (segment->offset < offset + len && offset < segment->offset + segment->size) {
			*bias = start - offset + segment->offset - segment->addr +
				object->table.base;
			return 0;
		}
	}
	return -ENOENT;
}
