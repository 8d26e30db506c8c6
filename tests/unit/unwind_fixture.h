/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The kernel's maps of unwind tables, as plain memory. */
#ifndef UNWIND_FIXTURE_H
#define UNWIND_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sample/unwind_tables.h"

#define OBJECTS_MAX   64
#define PROCESSES_MAX 4

struct kernel {
	struct rp_unwind_row *rows[OBJECTS_MAX];
	size_t n[OBJECTS_MAX], objects;
	struct rp_unwind_process process[PROCESSES_MAX];
	pid_t pids[PROCESSES_MAX]; /* 0: free */
	size_t processes;
	int refuses; /* objects, with this error; 0: it takes them */
};

static inline int kernel_add_object(void *ctx, uint32_t object, const struct rp_unwind_row *rows,
				    size_t n)
{
	struct kernel *k = ctx;

	assert_true(object < OBJECTS_MAX && !k->rows[object] && n);
	if (k->refuses)
		return k->refuses;
	k->rows[object] = malloc(n * sizeof(*rows));
	assert_non_null(k->rows[object]);
	memcpy(k->rows[object], rows, n * sizeof(*rows));
	k->n[object] = n;
	k->objects++;
	return 0;
}

static inline void kernel_drop_object(void *ctx, uint32_t object)
{
	struct kernel *k = ctx;

	assert_true(object < OBJECTS_MAX && k->rows[object]);
	free(k->rows[object]);
	k->rows[object] = NULL;
	k->objects--;
}

static inline struct rp_unwind_process *kernel_process(struct kernel *k, pid_t pid)
{
	for (size_t i = 0; i < PROCESSES_MAX; i++)
		if (k->pids[i] == pid)
			return &k->process[i];
	return NULL;
}

static inline int kernel_set_process(void *ctx, pid_t pid, const struct rp_unwind_process *process)
{
	struct kernel *k = ctx;
	struct rp_unwind_process *to = kernel_process(k, pid);

	if (!to) {
		to = kernel_process(k, 0);
		assert_non_null(to);
		k->pids[to - k->process] = pid;
		k->processes++;
	}
	*to = *process;
	return 0;
}

static inline void kernel_drop_process(void *ctx, pid_t pid)
{
	struct kernel *k = ctx;
	struct rp_unwind_process *process = kernel_process(k, pid);

	if (!process)
		return;
	k->pids[process - k->process] = 0;
	k->processes--;
}

static const struct rp_unwind_ops kernel_ops = {kernel_add_object, kernel_drop_object,
						kernel_set_process, kernel_drop_process};

/* What the kernel would find for a pc. */
static inline struct rp_unwind_row kernel_row(struct kernel *k, pid_t pid, uint64_t pc)
{
	struct rp_unwind_row found = {.cfa = RP_UNWIND_ELSEWHERE};
	const struct rp_unwind_process *process = kernel_process(k, pid);

	for (size_t i = 0; process && i < RP_UNWIND_MAPPINGS_MAX; i++) {
		const struct rp_unwind_mapping *m = &process->mappings[i];

		if (pc < m->start || pc >= m->end)
			continue;
		found.cfa = RP_UNWIND_GAP;
		for (size_t j = 0; j < m->rows; j++)
			if (k->rows[m->object][j].pc <= pc - m->bias)
				found = k->rows[m->object][j];
	}
	return found;
}

static inline struct rp_unwind_tables *new_tables(struct kernel *k, uint64_t max_bytes,
						  uint32_t max_objects)
{
	struct rp_unwind_tables_opts opts = {.proc_root = "/proc",
					     .ops = &kernel_ops,
					     .ctx = k,
					     .max_bytes = max_bytes,
					     .max_objects = max_objects,
					     .max_processes = PROCESSES_MAX};
	struct rp_unwind_tables *tables = rp_unwind_tables__new(&opts);

	assert_non_null(tables);
	return tables;
}

/* What is told of the tables is what the kernel has. */
static inline void assert_totals(const struct kernel *k, const struct rp_unwind_tables *tables)
{
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);
	uint64_t bytes = 0;

	for (size_t i = 0; i < OBJECTS_MAX; i++)
		bytes += k->rows[i] ? k->n[i] * sizeof(struct rp_unwind_row) : 0;
	assert_int_equal(totals->bytes, bytes);
	assert_int_equal(totals->objects, k->objects);
	assert_int_equal(totals->processes, k->processes);
}

/* The maps of the kernel end with what uses them. */
static inline void end_tables(struct kernel *k, struct rp_unwind_tables *tables)
{
	assert_totals(k, tables);
	rp_unwind_tables__free(tables);
	for (size_t i = 0; i < OBJECTS_MAX; i++)
		free(k->rows[i]);
}

/* What this process has mapped, under another number. */
static inline int set_own(struct rp_unwind_tables *tables, pid_t pid)
{
	struct rp_mapped_list mapped;
	int err;

	assert_int_equal(rp_proc__mapped("/proc", getpid(), &mapped), 0);
	err = rp_unwind_tables__set(tables, pid, &mapped);
	rp_proc__mapped_free(&mapped);
	return err;
}

#endif
