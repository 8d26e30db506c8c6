// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/unwind_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * By memory that is shared with the kernel: a call for each row would take longer than to read it.
 */
static int fill(int map, const struct rp_unwind_row *rows, size_t n)
{
	size_t bytes = n * sizeof(*rows);
	void *values = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	if (values == MAP_FAILED)
		return -errno;
	memcpy(values, rows, bytes);
	munmap(values, bytes);
	return 0;
}

static int send_pending(struct rp_unwind_maps *maps)
{
	uint32_t n = maps->n_pending;
	int err = 0;

	if (n)
		err = bpf_map_update_batch(maps->objects, maps->pending, maps->pending_maps, &n,
					   NULL);
	for (uint32_t i = 0; i < maps->n_pending; i++)
		close(maps->pending_maps[i]);
	maps->n_pending = 0;
	return err;
}

int rp_unwind_maps__add_object(void *ctx, uint32_t object, const struct rp_unwind_row *rows,
			       size_t n)
{
	struct rp_unwind_maps *maps = ctx;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int map, err = 0;

	if (maps->n_pending == RP_UNWIND_PENDING_MAX)
		err = send_pending(maps);
	if (err)
		return err;
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_rows", sizeof(uint32_t), sizeof(*rows),
			     (uint32_t)n, &opts);
	if (map < 0)
		return map;
	err = fill(map, rows, n);
	if (err) {
		close(map);
		return err;
	}
	maps->pending[maps->n_pending] = object;
	maps->pending_maps[maps->n_pending++] = map;
	return 0;
}

void rp_unwind_maps__drop_object(void *ctx, uint32_t object)
{
	struct rp_unwind_maps *maps = ctx;

	send_pending(maps);
	bpf_map_delete_elem(maps->objects, &object);
}

int rp_unwind_maps__set_process(void *ctx, pid_t pid, const struct rp_unwind_process *process)
{
	struct rp_unwind_maps *maps = ctx;
	int err = send_pending(maps);

	return err ? err : bpf_map_update_elem(maps->processes, &pid, process, BPF_ANY);
}

void rp_unwind_maps__drop_process(void *ctx, pid_t pid)
{
	const struct rp_unwind_maps *maps = ctx;

	bpf_map_delete_elem(maps->processes, &pid);
}
