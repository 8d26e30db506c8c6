/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The few kernel types read, only the fields used: libbpf relocates them (CO-RE). */
#ifndef RP_KERN_BPF_H
#define RP_KERN_BPF_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rq {
	__u64 clock;
	__u64 clock_task;
};

struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
	__u64 exec_start;
	__u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_queued; /* it waits for a CPU since then; 0: it does not */
};

/* A call whose return is awaited, the latest first. */
struct return_instance {
	unsigned long stack;	      /* where its return address is */
	unsigned long orig_ret_vaddr; /* what that was: the trampoline's is there instead */
	struct return_instance *next;
};

struct uprobe_task {
	struct return_instance *return_instances;
	unsigned int depth;
	unsigned long xol_vaddr; /* the copy of an instruction that is stepped over ... */
	unsigned long vaddr;	 /* ... and where that is */
};

struct xol_area {
	unsigned long vaddr;
};

struct uprobes_state {
	struct xol_area *xol_area;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct linux_binprm {
	const char *interp; /* the file that is run: of a script, its interpreter */
};

struct mm_struct {
	struct uprobes_state uprobes_state;
	struct file *exe_file;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned long long sum_sched_runtime;
};

struct bpf_run_ctx {
};

struct bpf_session_run_ctx {
	bool is_return;
};

struct bpf_uprobe {
	__u64 cookie;
};

struct bpf_uprobe_multi_run_ctx {
	struct bpf_session_run_ctx session_ctx;
	struct bpf_uprobe *uprobe;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[];
};

typedef struct {
	__u32 val;
} kuid_t;

struct user_namespace {
	struct user_namespace *parent;
	int level; /* 0: the one that all others are in */
	kuid_t owner;
};

struct cred {
	kuid_t uid;
	struct user_namespace *user_ns;
};

struct thread_struct {
	unsigned long fsbase;
};

struct task_struct {
	struct bpf_run_ctx *bpf_ctx;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct pid *thread_pid;
	struct task_struct *group_leader;
	__u64 start_time;
	__u64 self_exec_id;
	char comm[16];
	const struct cred *real_cred;
	struct files_struct *files;
	struct signal_struct *signal;
	unsigned long sas_ss_sp;
	unsigned long sas_ss_size;
	struct uprobe_task *utask;
	struct thread_struct thread;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

/*
 * The context of a uprobe as an argument of a global function: before 6.3 the verifier knows it by
 * the name of such a struct alone.
 */
struct bpf_user_pt_regs_t {
};

static __always_inline struct bpf_user_pt_regs_t *to_global(struct pt_regs *ctx)
{
	return (void *)ctx;
}

/* The session kfuncs gained an argument in 7.0; one of the two flavours resolves, or none
 * before 6.13. */
extern bool bpf_session_is_return___v1(void) __weak __ksym;
extern bool bpf_session_is_return___v2(void *ctx) __weak __ksym;

/*
 * Sessions only. Two fields of the kernel's run context tell what the helper and the kfunc below
 * tell; to read them takes two loads, where each of the calls costs ten times that.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __weak __ksym;

static __always_inline struct bpf_uprobe_multi_run_ctx *session_run_ctx(struct task_struct *task)
{
	return bpf_rdonly_cast(task->bpf_ctx,
			       bpf_core_type_id_kernel(struct bpf_uprobe_multi_run_ctx));
}

static __always_inline bool has_session_run_ctx(void)
{
	return bpf_ksym_exists(bpf_rdonly_cast) &&
	       bpf_core_field_exists(struct bpf_uprobe_multi_run_ctx, session_ctx) &&
	       bpf_core_field_exists(struct bpf_session_run_ctx, is_return) &&
	       bpf_core_field_exists(struct bpf_uprobe_multi_run_ctx, uprobe) &&
	       bpf_core_field_exists(struct bpf_uprobe, cookie);
}

static __always_inline bool session_is_return(void *ctx, struct task_struct *task)
{
	if (has_session_run_ctx())
		return session_run_ctx(task)->session_ctx.is_return;
	if (bpf_ksym_exists(bpf_session_is_return___v1))
		return bpf_session_is_return___v1();
	if (bpf_ksym_exists(bpf_session_is_return___v2))
		return bpf_session_is_return___v2(ctx);
	return false;
}

static __always_inline __u64 session_cookie(void *ctx, struct task_struct *task)
{
	if (has_session_run_ctx())
		return session_run_ctx(task)->uprobe->cookie;
	return bpf_get_attach_cookie(ctx);
}

/*
 * The same task without the verifier's trust. For each pointer that is followed from a trusted one
 * it searches all names of the kernel's BTF, some 100,000, several times: that was a quarter of
 * what a start took.
 */
static __always_inline struct task_struct *untrusted(struct task_struct *task)
{
	if (bpf_ksym_exists(bpf_rdonly_cast))
		return bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
	return task;
}

/*
 * ns on a CPU of the current task up to now. sum_exec_runtime alone is stale by up to a tick. What
 * is added runs by a clock that leaves out interrupts and stolen time, differently on each CPU.
 */
static __always_inline __u64 task_cpu(struct task_struct *task, __u64 now)
{
	if (bpf_core_field_exists(task->se.cfs_rq)) {
		struct rq *rq = untrusted(task)->se.cfs_rq->rq;

		now -= rq->clock - rq->clock_task;
	}
	return task->se.sum_exec_runtime + (now - task->se.exec_start);
}

static __always_inline __u64 task_wait(struct task_struct *task)
{
	return task->sched_info.run_delay;
}

#endif
