// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Who has kept the helper waiting for nothing is not asked again, as that would hold up all others.
 * It must be the right one: a user who gets the file system of everybody's programs left has made
 * rptrace blind. An object may have a debug link, and a path may lead anywhere, to where its owner
 * has mounted a file system of his own. So the kernel is asked what the helper sleeps over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "discover/file.h"
#include "discover/proc.h"
#include "helper/internal.h"
#include "util/array.h"
#include "util/kernel_file.h"

static bool was_silent(const struct rp_helper *h)
{
	return h->why && !strcmp(h->why, RP_HELPER_WHY_IDLE);
}

/* /proc/PID/syscall: the number of the call in which a process sleeps, and the first argument. */
static bool read_call(pid_t pid, long *call, uint64_t *argument)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	return rp_kernel_file__read_line(path, line, sizeof(line)) > 0 &&
	       sscanf(line, "%ld 0x%" SCNx64, call, argument) == 2;
}

void rp_helper__look_at_sleep(struct rp_helper *h)
{
	uint64_t fd;
	char path[64];
	struct stat st;
	long call;

	h->sleep = RP_HELPER_SLEEP_UNKNOWN;
	if (!read_call(h->pid, &call, &fd))
		return;
	h->sleep = RP_HELPER_SLEEP_PATH;
	if (call != SYS_pread64 && call != SYS_read && call != SYS_lseek && call != SYS_fstat)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, (int)fd);
	if (rp_file__stat_path(path, &st))
		return;
	h->sleep = RP_HELPER_SLEEP_FILE;
	h->sleep_device = st.st_dev;
}

bool rp_helper__is_silent_device(struct rp_helper *h, dev_t dev)
{
	for (size_t i = 0; i < h->n_silent_devices; i++)
		if (h->silent_devices[i] == dev) {
			h->why = RP_HELPER_WHY_IDLE;
			return true;
		}
	return false;
}

void rp_helper__note_device(struct rp_helper *h, dev_t dev)
{
	/*
	 * A mapping is opened without a search, so that only its own file system can have been
	 * silent.
	 */
	if (!was_silent(h) ||
	    (h->sleep == RP_HELPER_SLEEP_PATH && h->request.what != RP_HELPER_OPEN_MAPPING))
		return;
	if (h->sleep == RP_HELPER_SLEEP_FILE)
		dev = h->sleep_device;
	if (!rp_helper__is_silent_device(h, dev) &&
	    !rp_array__fit(&h->silent_devices, h->n_silent_devices + 1, sizeof(dev)))
		h->silent_devices[h->n_silent_devices++] = dev;
}

bool rp_helper__is_silent_owner(const struct rp_helper *h, uid_t owner)
{
	for (size_t i = 0; i < h->n_silent_owners; i++)
		if (h->silent_owners[i] == owner)
			return true;
	return false;
}

/*
 * Where it was not the object's own file system, a debug link leads elsewhere, and each object of
 * that owner may have one. From now on none of these is followed into the owner's folders.
 */
void rp_helper__note_object(struct rp_helper *h, const struct stat *st)
{
	bool elsewhere = h->sleep == RP_HELPER_SLEEP_PATH ||
			 (h->sleep == RP_HELPER_SLEEP_FILE && h->sleep_device != st->st_dev);

	rp_helper__note_device(h, st->st_dev);
	if (was_silent(h) && elsewhere && !rp_helper__is_silent_owner(h, st->st_uid) &&
	    !rp_array__fit(&h->silent_owners, h->n_silent_owners + 1, sizeof(st->st_uid)))
		h->silent_owners[h->n_silent_owners++] = st->st_uid;
}

/* Silent processes of a user are counted together, as a user can start any number of them. */
bool rp_helper__is_silent_process(struct rp_helper *h, pid_t pid)
{
	uint64_t user = h->n_silent_processes ? rp_proc__user("/proc", pid) : RP_PROC_NO_USER;
	size_t of_user = 0;
	bool silent = false;

	for (size_t i = 0; i < h->n_silent_processes; i++) {
		of_user += h->silent_processes[i].user == user;
		silent |= h->silent_processes[i].pid == pid;
	}
	if (silent || of_user >= RP_HELPER_SILENT_MAX)
		h->why = RP_HELPER_WHY_IDLE;
	return silent || of_user >= RP_HELPER_SILENT_MAX;
}

void rp_helper__note_process(struct rp_helper *h, pid_t pid)
{
	if (was_silent(h) && !rp_helper__is_silent_process(h, pid) &&
	    !rp_array__fit(&h->silent_processes, h->n_silent_processes + 1,
			   sizeof(*h->silent_processes)))
		h->silent_processes[h->n_silent_processes++] = (struct rp_helper_silent){
			.pid = pid, .user = rp_proc__user("/proc", pid)};
}
