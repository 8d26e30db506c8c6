// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/unwind_tables.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/vdso.h"
#include "sample/python_layout.h"
#include "unwind/object.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/room.h"
#include "util/table.h"

#define DROPS_MAX 32		     /* as what is mapped is looked at */
#define VDSO_FILE ((struct file){0}) /* no file has it */

/* A file is written anew, and its number goes on to other files. */
struct file {
	uint64_t dev, ino, size, modified;
};

/* Its rows are in the kernel: here is what new mappings of it need. */
struct object {
	struct file file;
	uint32_t number;
	uint32_t users;	       /* processes */
	uint32_t rows;	       /* 0: it has no table */
	struct rp_owner owner; /* who was first seen to map it */
	struct rp_unwind_object parts;
	UT_hash_handle hh;
};

struct process {
	pid_t pid;
	struct rp_owner owner;
	struct object *objects[RP_UNWIND_MAPPINGS_MAX]; /* of the mappings */
	size_t n;
	struct rp_unwind_process kernel;
	UT_hash_handle hh;
};

struct rp_unwind_tables {
	struct rp_unwind_tables_opts opts;
	struct object *objects;
	struct process *processes;
	bool *taken; /* numbers of objects */
	uint64_t vdso_size;
	uint64_t serial; /* of what was mapped last */
	unsigned drops_left;
	struct rp_unwind_totals totals;
	struct rp_room *bytes, *numbers, *rooms; /* of tables, objects and processes */
};

/* ---- objects -------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct object *object)
{
	return object->rows * sizeof(struct rp_unwind_row);
}

static void forget_object(struct rp_unwind_tables *t, struct object *object)
{
	HASH_DEL(t->objects, object);
	rp_unwind_object__free(&object->parts);
	free(object);
}

static void drop_object(struct rp_unwind_tables *t, struct object *object)
{
	if (object->rows) {
		t->opts.ops->drop_object(t->opts.ctx, object->number);
		t->taken[object->number] = false;
		t->totals.bytes -= bytes_of(object);
		t->totals.objects--;
		t->totals.dropped++;
		rp_room__give(t->bytes, object->owner, bytes_of(object));
	}
	rp_room__give(t->numbers, object->owner, 1);
	forget_object(t, object);
}

/*
 * Objects stay when their last user ends, as the next one comes soon, but give way to others: the
 * oldest first, and no more than need be, as the kernel waits for its readers with each.
 */
static bool drop_unused(struct rp_unwind_tables *t)
{
	struct object *object, *next;

	HASH_ITER (hh, t->objects, object, next)
		if (!object->users) {
			drop_object(t, object);
			return true;
		}
	return false;
}

static bool is_cancelled(const struct rp_unwind_tables *t)
{
	return t->opts.is_cancelled && t->opts.is_cancelled();
}

static bool take_room(struct rp_unwind_tables *t, struct rp_room *room, struct rp_owner owner,
		      uint64_t amount)
{
	for (; !rp_room__take(room, owner, amount); t->drops_left--)
		if (!t->drops_left || is_cancelled(t) || !drop_unused(t))
			return false;
	return true;
}

static int send_rows(struct rp_unwind_tables *t, struct object *object)
{
	const struct rp_unwind_rows *table = &object->parts.table;
	uint64_t bytes = table->n * sizeof(*table->rows);
	int err;

	if (!take_room(t, t->bytes, object->owner, bytes))
		return -ENOSPC;
	while (t->taken[object->number])
		object->number++;
	err = t->opts.ops->add_object(t->opts.ctx, object->number, table->rows, table->n);
	if (err) {
		rp_room__give(t->bytes, object->owner, bytes);
		return err;
	}
	t->taken[object->number] = true;
	object->rows = (uint32_t)table->n;
	t->totals.bytes += bytes;
	t->totals.objects++;
	return 0;
}

static int read_file(const struct rp_unwind_tables *t, pid_t pid, const struct rp_mapped *mapped,
		     struct rp_unwind_object *out)
{
	int fd = rp_helper__open_mapped(t->opts.helper, t->opts.proc_root, pid, mapped), err;

	if (fd < 0)
		return fd;
	err = rp_helper__unwinding(t->opts.helper, fd, out);
	close(fd);
	return err;
}

static int read_vdso(uint64_t *size, struct rp_unwind_object *out)
{
	int fd = rp_vdso__open(size), err = fd;

	if (fd < 0)
		return err;
	err = rp_unwind_object__read(fd, out);
	close(fd);
	return err;
}

static struct file identify(const struct rp_unwind_tables *t, pid_t pid,
			    const struct rp_mapped *mapped)
{
	struct file file = {.dev = mapped->dev, .ino = mapped->ino};
	struct stat st;

	if (!rp_proc__stat_mapped(t->opts.proc_root, pid, mapped, &st)) {
		file.size = (uint64_t)st.st_size;
		file.modified = (uint64_t)st.st_mtim.tv_sec * RP_NS_PER_S +
				(uint64_t)st.st_mtim.tv_nsec;
	}
	return file;
}

/*
 * The object of a file; mapped is NULL for the kernel's own. One without a table is an object, too,
 * so that it is read once. NULL: there is no room for one more.
 */
static struct object *get_object(struct rp_unwind_tables *t, struct rp_owner owner,
				 const struct rp_mapped *mapped)
{
	pid_t pid = (pid_t)owner.process;
	struct file file = mapped ? identify(t, pid, mapped) : VDSO_FILE;
	struct object *object;
	int err;

	HASH_FIND(hh, t->objects, &file, sizeof(file), object);
	if (object)
		return object;
	if (!take_room(t, t->numbers, owner, 1)) {
		t->totals.left_out++;
		return NULL;
	}
	object = calloc(1, sizeof(*object));
	if (!object) {
		rp_room__give(t->numbers, owner, 1);
		return NULL;
	}
	object->file = file;
	object->owner = owner;
	err = mapped ? read_file(t, pid, mapped, &object->parts)
		     : read_vdso(&t->vdso_size, &object->parts);
	t->totals.no_tables += err != 0;
	if (object->parts.python.runtime && !rp_python_layout__of(&object->parts.python))
		snprintf(t->totals.unknown_python, sizeof(t->totals.unknown_python), "%s",
			 mapped->path);
	if (!err && send_rows(t, object))
		t->totals.left_out++;
	free(object->parts.table.rows);
	object->parts.table.rows = NULL;
	HASH_ADD(hh, t->objects, file, sizeof(file), object);
	return object;
}

/* ---- processes ------------------------------------------------------------------------------ */

static struct process *find(const struct rp_unwind_tables *t, pid_t pid)
{
	struct process *p;

	HASH_FIND_INT(t->processes, &pid, p);
	return p;
}

/* Its frames can be walked, where the object is Python. bias: of its addresses in memory. */
static void set_python(struct process *p, const struct rp_elf_python *python, uint64_t bias)
{
	const struct rp_python_layout *layout = rp_python_layout__of(python);

	if (!python->runtime || !layout)
		return;
	p->kernel.python = (struct rp_python){.runtime = python->runtime + bias, .layout = *layout};
}

static void add_mapping(struct process *p, struct object *object, uint64_t offset, uint64_t len,
			uint64_t start)
{
	struct rp_unwind_mapping m = {
		.start = start, .end = start + len, .object = object->number, .rows = object->rows};

	/* Without rows, too: that an address is in code of a file says something. */
	if (object->rows && rp_unwind_object__bias(&object->parts, offset, len, start, &m.bias))
		m.rows = 0;
	if (m.rows)
		set_python(p, &object->parts.python, m.bias - object->parts.table.base);
	p->objects[p->n] = object;
	p->kernel.mappings[p->n++] = m;
	object->users++;
}

static const struct rp_mapped *file_of(const struct rp_mapped_list *mapped,
				       const struct rp_code_range *range)
{
	for (size_t i = 0; i < mapped->n; i++)
		if (mapped->items[i].ino == range->ino && mapped->items[i].dev == range->dev)
			return &mapped->items[i];
	return NULL;
}

static void add_mappings(struct rp_unwind_tables *t, struct process *p,
			 const struct rp_mapped_list *mapped)
{
	uint64_t vdso = rp_proc__vdso(t->opts.proc_root, p->pid);
	struct object *object;

	/* The last one is for the vDSO. What is left out is not read. */
	for (size_t i = 0; i < mapped->n_ranges && !is_cancelled(t); i++) {
		const struct rp_code_range *range = &mapped->ranges[i];
		const struct rp_mapped *file = file_of(mapped, range);

		if (p->n == RP_UNWIND_MAPPINGS_MAX - 1) {
			t->totals.left_out += mapped->n_ranges - i;
			break;
		}
		object = file ? get_object(t, p->owner, file) : NULL;
		if (object)
			add_mapping(p, object, range->offset, range->len, range->start);
	}
	object = vdso ? get_object(t, p->owner, NULL) : NULL;
	if (object)
		add_mapping(p, object, 0, t->vdso_size, vdso);
}

static int compare_starts(const void *a, const void *b)
{
	const struct rp_unwind_mapping *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int send_process(struct rp_unwind_tables *t, struct process *p)
{
	return t->opts.ops->set_process(t->opts.ctx, p->pid, &p->kernel);
}

static void forget_mappings(struct process *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->objects[i]->users--;
	p->n = 0;
}

static void drop_process(struct rp_unwind_tables *t, struct process *p)
{
	t->opts.ops->drop_process(t->opts.ctx, p->pid);
	t->totals.processes--;
	HASH_DEL(t->processes, p);
	forget_mappings(p);
	rp_room__give(t->rooms, p->owner, 1);
	free(p);
}

static int add_process(struct rp_unwind_tables *t, pid_t pid, struct process **out)
{
	const struct rp_owner owner = {.process = (uint64_t)pid,
				       .user = rp_proc__user(t->opts.proc_root, pid)};
	struct process *p;

	if (!rp_room__take(t->rooms, owner, 1)) {
		t->totals.left_out++;
		return -ENOSPC;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		rp_room__give(t->rooms, owner, 1);
		return -ENOMEM;
	}
	p->pid = pid;
	p->owner = owner;
	t->totals.processes++;
	HASH_ADD_INT(t->processes, pid, p);
	*out = p;
	return 0;
}

int rp_unwind_tables__set(struct rp_unwind_tables *t, pid_t pid,
			  const struct rp_mapped_list *mapped)
{
	struct process *p = find(t, pid), before;
	int err = p ? 0 : add_process(t, pid, &p);

	if (err)
		return err;
	/* What both have must not be dropped to make room for what is new. */
	before = *p;
	t->drops_left = DROPS_MAX;
	p->n = 0;
	p->kernel.python.runtime = 0;
	add_mappings(t, p, mapped);
	forget_mappings(&before);
	for (size_t i = p->n; i < RP_UNWIND_MAPPINGS_MAX; i++)
		p->kernel.mappings[i] = (struct rp_unwind_mapping){.start = RP_UNWIND_NOWHERE};
	rp_array__sort(p->kernel.mappings, p->n, sizeof(p->kernel.mappings[0]), compare_starts);
	if (!memcmp(p->kernel.mappings, before.kernel.mappings, sizeof(p->kernel.mappings)))
		return 0;
	p->kernel.serial = ++t->serial;
	return send_process(t, p);
}

int rp_unwind_tables__fork(struct rp_unwind_tables *t, pid_t pid, pid_t parent)
{
	const struct process *from = find(t, parent);
	struct process *p = find(t, pid);
	int err;

	if (!from || p)
		return 0;
	err = add_process(t, pid, &p);
	if (err)
		return err;
	p->n = from->n;
	p->kernel = from->kernel;
	for (size_t i = 0; i < p->n; i++) {
		p->objects[i] = from->objects[i];
		p->objects[i]->users++;
	}
	return send_process(t, p);
}

void rp_unwind_tables__exit(struct rp_unwind_tables *t, pid_t pid)
{
	struct process *p = find(t, pid);

	if (p)
		drop_process(t, p);
	else /* In the kernel it has those of its parent from its start on. */
		t->opts.ops->drop_process(t->opts.ctx, pid);
}

/* ---- all ------------------------------------------------------------------------------------ */

struct rp_unwind_tables *rp_unwind_tables__new(const struct rp_unwind_tables_opts *opts)
{
	struct rp_unwind_tables *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->opts = *opts;
	t->taken = calloc(opts->max_objects + 1, sizeof(*t->taken));
	t->bytes = rp_room__new(opts->max_bytes, opts->is_shared);
	t->numbers = rp_room__new(opts->max_objects, opts->is_shared);
	t->rooms = rp_room__new(opts->max_processes, opts->is_shared);
	if (t->taken && t->bytes && t->numbers && t->rooms)
		return t;
	rp_unwind_tables__free(t);
	return NULL;
}

void rp_unwind_tables__free(struct rp_unwind_tables *t)
{
	struct process *p, *next_process;
	struct object *object, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->processes, p, next_process)
		drop_process(t, p);
	/* The kernel's go with its maps, all at once. */
	HASH_ITER (hh, t->objects, object, next)
		forget_object(t, object);
	rp_room__free(t->bytes);
	rp_room__free(t->numbers);
	rp_room__free(t->rooms);
	free(t->taken);
	free(t);
}

const struct rp_unwind_totals *rp_unwind_tables__totals(const struct rp_unwind_tables *t)
{
	return &t->totals;
}
