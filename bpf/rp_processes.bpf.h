/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The life of processes: which are tracked, and what ends with them. Frames and spans that are open
 * when their thread, program or process ends were left without an exit, and user space is told of
 * every start and end.
 */
#ifndef RP_PROCESSES_BPF_H
#define RP_PROCESSES_BPF_H

#include "rp_frames.bpf.h"
#include "rp_spans.bpf.h"

static __always_inline bool is_tracked(__u32 tgid)
{
	return bpf_map_lookup_elem(&tracked, &tgid);
}

/*
 * From 7.0 on programs on tracepoints can be preempted, and the kernel leaves one out on a CPU
 * where it is under way already. So each of these is there twice: what one misses, the other does,
 * and what both see is done once.
 */
#define TWICE(hook, name, handler, ...)                                                            \
	SEC("tp_btf/" hook)                                                                        \
	int BPF_PROG(name, __VA_ARGS__)                                                            \
	{                                                                                          \
		return handler;                                                                    \
	}                                                                                          \
	SEC("tp_btf/" hook)                                                                        \
	int BPF_PROG(name##_again, __VA_ARGS__)                                                    \
	{                                                                                          \
		return handler;                                                                    \
	}

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = tgid_of(child), from = tgid_of(parent), program = TRACKED_EXEC(child);
	bool is_thread = child->pid != child->tgid;

	if (!(cfg_follow || is_thread) || !is_tracked(from))
		return 0;
	/* Now rather than at a probe hit, when more threads are at it: see stray_key(). */
	thread_place(child);
	if (is_thread)
		return 0;
	if (bpf_map_lookup_elem(&tracked, &tgid))
		return 0;
	if (bpf_map_update_elem(&tracked, &tgid, &program, BPF_ANY))
		count_lost(RP_LOST_LATE);
	send_event(RP_EVENT_FORK, tgid, from);
	shares_inherit(child->tgid);
	return 0;
}
TWICE("sched_process_fork", rp_fork, on_fork(parent, child), struct task_struct *parent,
      struct task_struct *child)

static long goroutine_end(void *map, const struct rp_goroutine_key *key, struct rp_thread *t,
			  const __u32 *tgid)
{
	if (key->tgid != *tgid)
		return 0;
	frames_unwind(t, 0, NULL);
	thread_drop_segments(t);
	if (!bpf_map_delete_elem(map, key))
		place_give_back(RP_SHARED_GOROUTINES, &goroutine_places_used);
	return 0;
}

/* The goroutines of the current process are gone. */
static __always_inline void goroutines_end(__u32 tgid)
{
	if (goroutines_used)
		bpf_for_each_map_elem(&goroutines, goroutine_end, &tgid, 0);
}

/* The file tells what ran, even when the process has ended before anybody looks. */
static __always_inline void send_exec(struct task_struct *task, __u32 tgid,
				      const struct linux_binprm *bprm)
{
	const struct inode *file = untrusted(task)->mm->exe_file->f_inode;
	struct rp_event *e = reserve_event(sizeof(*e), RP_EVENT_EXEC, tgid, file->i_sb->s_dev,
					   file->i_ino);

	if (!e)
		return;
	if (bpf_probe_read_kernel_str(e->path, sizeof(e->path), bprm->interp) < 0)
		e->path[0] = '\0';
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int on_exec(struct task_struct *task, __u32 old_pid,
				   const struct linux_binprm *bprm)
{
	__u32 tgid = tgid_of(task), *known = bpf_map_lookup_elem(&tracked, &tgid);
	/* The thread that execs takes the pid of the first one. */
	struct rp_thread *t = thread_at(task, old_pid);

	if (t)
		thread_end(t);
	if (!known || (*known & ~RP_TRACKED_MAP_PENDING) == TRACKED_EXEC(task))
		return 0;
	*known = TRACKED_EXEC(task) | (*known & RP_TRACKED_MAP_PENDING);
	goroutines_end(tgid);
	spans_end(tgid);
	send_exec(task, tgid, bprm);
	return 0;
}
TWICE("sched_process_exec", rp_exec, on_exec(task, old_pid, bprm), struct task_struct *task,
      int old_pid, struct linux_binprm *bprm)

/*
 * How far the clock of the programs is ahead of the scheduler's, which task_cpu() mixes: where it
 * is called twice that cancels out. User space runs this right after it has made the scheduler
 * bring the figures of its own thread up to date.
 */
SEC("?raw_tp")
int rp_clocks(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	clock_ahead = task_cpu(task, bpf_ktime_get_ns()) - task->se.sum_exec_runtime;
	return 0;
}

/*
 * CPU time of a process whose last thread this is. What other threads used was added up when the
 * kernel let go of them: first threads stay for as long, and of those that end right now it is not
 * there yet.
 */
static __always_inline __u64 process_cpu(struct task_struct *task)
{
	struct task_struct *first = untrusted(task)->group_leader;
	__u64 cpu = untrusted(task)->signal->sum_sched_runtime +
		    task_cpu(task, bpf_ktime_get_ns() - clock_ahead);

	return first == task ? cpu : cpu + first->se.sum_exec_runtime;
}

static long slot_end(void *map, const __u32 *slot, struct rp_thread *t, __u64 *owner)
{
	if (t->owner != *owner)
		return 0;
	thread_end(t);
	return 1;
}

/*
 * An exec that fails too late to return to the program has given the thread the pid of the first
 * one, and ends the process without a word: the thread's slot is still the one by its former pid.
 */
static __always_inline void slot_of_former_pid_end(struct task_struct *task)
{
	__u32 tgid = tgid_of(task), *known = bpf_map_lookup_elem(&tracked, &tgid);
	__u64 owner = (__u64)task;

	if (known && task->pid == task->tgid &&
	    (*known & ~RP_TRACKED_MAP_PENDING) != TRACKED_EXEC(task))
		bpf_for_each_map_elem(&thread_slots, slot_end, &owner, 0);
}

static __always_inline int on_exit(struct task_struct *task)
{
	struct rp_goroutine_key key = stray_key(task);
	__u32 tgid = tgid_of(task);
	struct signal_struct *signal = untrusted(task)->signal;
	struct rp_thread *t;

	/* Threads that end together may come here after the process has ended below. */
	t = thread_of(task);
	if (t) {
		thread_end(t);
		if (goroutines_used && !bpf_map_delete_elem(&goroutines, &key))
			place_give_back(RP_SHARED_GOROUTINES, &goroutine_places_used);
	} else {
		slot_of_former_pid_end(task);
	}
	/* All of these may count as the last one: it is the one that takes this away. */
	if (signal->live.counter == 0 && is_tracked(tgid) &&
	    !bpf_map_delete_elem(&tracked, &tgid)) {
		goroutines_end(tgid);
		spans_end(tgid);
		send_event_of(RP_EVENT_EXIT, tgid, signal->group_exit_code & 0x7f,
			      process_cpu(task));
		shares_end();
	}
	return 0;
}
TWICE("sched_process_exit", rp_exit, on_exit(task), struct task_struct *task)

#ifdef __TARGET_ARCH_x86
#define SYS_MMAP      9
#define MAP_SHARED    0x01
#define MAP_ANONYMOUS 0x20

/* So that data which programs map is told from code: x.so, x.so.6, but not ld.so.cache. */
static __always_inline bool is_named_as_library(const char *name)
{
	for (int i = 0; i + 4 < RP_LIBRARY_NAME_MAX; i++)
		if (name[i] == '.' && name[i + 1] == 's' && name[i + 2] == 'o' &&
		    (!name[i + 3] || (name[i + 3] == '.' && name[i + 4] <= '9')))
			return true;
	return false;
}

/*
 * The file that the current thread asks mmap(2) for, by the registers of its call. Loaders map
 * privately: what is shared is data.
 */
static __always_inline struct file *mapped_file(struct task_struct *task)
{
	const struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct file **files, *file = NULL;
	struct fdtable *table;
	__u64 call = 0, flags = 0, fd = 0;

	bpf_probe_read_kernel(&call, sizeof(call), &regs->orig_rax);
	bpf_probe_read_kernel(&flags, sizeof(flags), &regs->r10);
	bpf_probe_read_kernel(&fd, sizeof(fd), &regs->r8);
	if (call != SYS_MMAP || flags & (MAP_SHARED | MAP_ANONYMOUS))
		return NULL;
	table = BPF_CORE_READ(task, files, fdt);
	if (!table || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[(__u32)fd]);
	return file;
}

/*
 * A process that ends before anybody has looked at its mappings leaves no other word of what ran in
 * it. Which of these files are known, and wanted, user space can tell.
 */
static __always_inline void tell_of_library(struct task_struct *task, __u32 tgid)
{
	struct file *file = mapped_file(task);
	char name[RP_LIBRARY_NAME_MAX] = {};
	struct rp_event *e;

	if (!file)
		return;
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (!is_named_as_library(name))
		return;
	e = reserve_event(RP_EVENT_NAMED, RP_EVENT_LIBRARY, tgid,
			  BPF_CORE_READ(file, f_inode, i_sb, s_dev),
			  BPF_CORE_READ(file, f_inode, i_ino));
	if (!e)
		return;
	__builtin_memcpy(e->path, name, sizeof(name));
	bpf_ringbuf_submit(e, 0);
}
#else
static __always_inline void tell_of_library(struct task_struct *task, __u32 tgid) {}
#endif

/*
 * The one tracepoint that every mmap passes; what was mapped is for user space to look up, and of
 * libraries it is told at once.
 */
SEC("?tp_btf/vm_unmapped_area")
int BPF_PROG(rp_map)
{
	__u32 tgid = current_tgid();
	__u32 *pending = bpf_map_lookup_elem(&tracked, &tgid);

	if (ready && pending && !(*pending & RP_TRACKED_MAP_PENDING)) {
		*pending |= RP_TRACKED_MAP_PENDING;
		if (!send_event(RP_EVENT_MAP, tgid, 0))
			*pending &= ~RP_TRACKED_MAP_PENDING;
	}
	if (ready && pending)
		tell_of_library(bpf_get_current_task_btf(), tgid);
	return 0;
}

#endif
