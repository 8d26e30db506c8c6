// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace doctor: what is found of a kernel, of rights and of a process, and what is proposed. */
#include "features_fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <linux/capability.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "attach/session.h"
#include "commands/doctor_internal.h"
#include "discover/proc.h"
#include "elf_image.h"

static int load_error; /* a negative errno; 0: programs load */

int rp_session__new(const struct rp_session_opts *opts, struct rp_session **out, struct rp_err *err)
{
	(void)opts;
	*out = NULL;
	return load_error ? rp_err__set(err, RP_EXIT_DENIED, load_error, "look", "cannot be loaded")
			  : 0;
}

void rp_session__free(struct rp_session *session)
{
	(void)session;
}

enum rp_attach_mode rp_session__mode(const struct rp_session *session)
{
	(void)session;
	return RP_ATTACH_SESSION;
}

/* ---- the system --------------------------------------------------------------------------------
 */

static const struct rp_finding *finding(const struct rp_findings *findings, const char *name)
{
	for (size_t i = 0; i < findings->n; i++)
		if (!strcmp(findings->items[i].name, name))
			return &findings->items[i];
	return NULL;
}

#define ALL_CAPS ~0ull

static const struct rp_finding *find_in(struct rp_system system, const char *name)
{
	static struct rp_findings findings;
	static struct line line;

	parse_good(&line, "rptrace doctor");
	system.opts = &line.opts;
	memset(&findings, 0, sizeof(findings));
	rp_system__check(&system, &findings);
	rp_opts__free(&line.opts);
	assert_non_null(finding(&findings, name));
	return finding(&findings, name);
}

static const struct rp_finding *find(const struct rp_features *features, uint64_t caps,
				     const char *name)
{
	return find_in((struct rp_system){.features = *features, .caps = caps}, name);
}

#define assert_found(f, wanted_level, wanted_text, wanted_cure)                                    \
	do {                                                                                       \
		const struct rp_finding *found_ = (f);                                             \
                                                                                                   \
		if (found_->level != (wanted_level) || !strstr(found_->found, wanted_text) ||      \
		    !strstr(found_->cure, wanted_cure))                                            \
			fail_msg("%s: %d, %s; %s", found_->name, found_->level, found_->found,     \
				 found_->cure);                                                    \
	} while (0)

static void a_modern_kernel_has_all(void **state)
{
	static const char *const names[] = {
		"kernel", "BTF",	   "uprobe_multi", "uprobe session", "perf-event uprobes",
		"nops",	  "return probes", "rights",	   "processes",	     "programs"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct rp_finding *f = find(&modern, ALL_CAPS, names[i]);

		assert_int_equal(f->level, RP_LEVEL_OK);
		assert_string_equal(f->cure, "");
	}
	assert_found(find(&modern, ALL_CAPS, "programs"), RP_LEVEL_OK, "attach by session", "");
	assert_found(find(&modern, ALL_CAPS, "nops"), RP_LEVEL_OK, "not optimised", "");
}

static void what_a_kernel_lacks_is_told(void **state)
{
	struct rp_features f = modern;

	(void)state;
	f.session = false;
	assert_found(find(&f, ALL_CAPS, "uprobe session"), RP_LEVEL_NOTE, "probed apart", "6.13");
	f.multi = false;
	assert_found(find(&f, ALL_CAPS, "uprobe_multi"), RP_LEVEL_NOTE, "perf-event", "6.6");
	f.perf = false;
	assert_found(find(&f, ALL_CAPS, "uprobe_multi"), RP_LEVEL_FAIL, "neither", "6.1");
	assert_found(find(&f, ALL_CAPS, "perf-event uprobes"), RP_LEVEL_NOTE, "not there",
		     "leave --attach perf alone");
	f.btf = false;
	assert_found(find(&f, ALL_CAPS, "BTF"), RP_LEVEL_FAIL, "missing", "DEBUG_INFO_BTF");
	f = modern;
	f.nop5_optimized = true;
	assert_found(find(&f, ALL_CAPS, "nops"), RP_LEVEL_NOTE, "5-byte", "7.2");
	f.nop10_optimized = true;
	assert_found(find(&f, ALL_CAPS, "nops"), RP_LEVEL_OK, "10-byte", "");
}

static void what_was_not_permitted_was_not_tried(void **state)
{
	const struct rp_features f = {.btf = true};

	(void)state;
	assert_found(find(&f, 0, "uprobe_multi"), RP_LEVEL_NOTE, "could not be tried",
		     "get the rights");
	assert_found(find(&f, 0, "uprobe session"), RP_LEVEL_NOTE, "could not be tried",
		     "get the rights");
	assert_found(find(&f, 0, "perf-event uprobes"), RP_LEVEL_NOTE, "could not be tried",
		     "get the rights");
	assert_int_equal(find(&f, 0, "programs")->level, RP_LEVEL_FAIL);
	assert_true(find(&f, 0, "programs")->cure[0]);
}

static void return_probes_and_seccomp(void **state)
{
	struct rp_features f = modern;

	(void)state;
	assert_found(find(&f, ALL_CAPS, "return probes"), RP_LEVEL_OK, "breakpoints", "");
	f.returns = RP_RETURN_SYSCALL_EXEMPT;
	assert_found(find(&f, ALL_CAPS, "return probes"), RP_LEVEL_OK, "lets through", "");
	f.returns = RP_RETURN_SYSCALL_FILTERED;
	assert_found(find(&f, ALL_CAPS, "return probes"), RP_LEVEL_NOTE, "may end", "6.14");
	f.returns = RP_RETURN_SYSCALL_UNKNOWN;
	assert_found(find(&f, ALL_CAPS, "return probes"), RP_LEVEL_NOTE, "could not be tried",
		     "outside of the container");
}

/* What holds is in brackets. */
static void a_kernel_that_keeps_memory_from_programs(void **state)
{
	struct rp_system s = {.features = modern, .caps = ALL_CAPS};

	(void)state;
	assert_string_equal(find_in(s, "lockdown")->found, "none");
	strcpy(s.lockdown, "[none] integrity confidentiality");
	assert_string_equal(find_in(s, "lockdown")->found, "none");
	strcpy(s.lockdown, "none [integrity] confidentiality");
	assert_string_equal(find_in(s, "lockdown")->found, "integrity");
	assert_int_equal(find_in(s, "lockdown")->level, RP_LEVEL_OK);
	strcpy(s.lockdown, "none integrity [confidentiality]");
	assert_found(find_in(s, "lockdown"), RP_LEVEL_NOTE, "may not read memory",
		     "lockdown=integrity");
}

/* Which rights are there, and what gives those that are not, to who runs it. */
static void rights_are_told_by_name(void **state)
{
	const uint64_t admin = 1ull << CAP_SYS_ADMIN, bpf = 1ull << RP_CAP_BPF,
		       perfmon = 1ull << RP_CAP_PERFMON, ptrace = 1ull << CAP_SYS_PTRACE;
	const struct rp_features none = {.btf = true};
	bool root = !geteuid();
	const char *as_root = "/test_commands_doctor doctor"; /* by sudo or su */

	(void)state;
	assert_found(find(&modern, admin, "rights"), RP_LEVEL_OK, "programs; CAP_SYS_ADMIN", "");
	assert_found(find(&modern, bpf | perfmon, "rights"), RP_LEVEL_OK,
		     "programs; CAP_BPF CAP_PERFMON", "");
	assert_found(find(&none, 0, "rights"), RP_LEVEL_FAIL, "has none of the rights",
		     root ? "--cap-add=BPF --cap-add=PERFMON" : as_root);
	assert_found(find(&none, bpf, "rights"), RP_LEVEL_FAIL, "has CAP_BPF",
		     root ? "--cap-add=BPF" : as_root);
	assert_found(find(&none, bpf | perfmon, "rights"), RP_LEVEL_FAIL, "has CAP_BPF CAP_PERF",
		     root ? "outside of the container" : as_root);
	assert_found(find(&modern, ptrace, "processes"), RP_LEVEL_OK, "of all users", "");
	assert_found(find(&modern, 0, "processes"), RP_LEVEL_NOTE, "not those of other users",
		     root ? "--cap-add=SYS_PTRACE" : as_root);
}

/* As the kernel tells them elsewhere. */
static void the_rights_are_those_in_effect(void **state)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct rp_system system;

	(void)state;
	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	rp_system__open(&system, NULL);
	assert_int_equal(system.caps, (uint64_t)data[1].effective << 32 | data[0].effective);
}

static void a_failure_decides_the_status(void **state)
{
	(void)state;
	fake_features = modern;
	assert_int_equal(run(rp_doctor__run, "rptrace doctor"), RP_EXIT_OK);
	assert_prints("ok    BTF ");
	assert_null(strstr(ran.out, "FAIL"));
	load_error = -E2BIG;
	assert_int_equal(run(rp_doctor__run, "rptrace doctor"), RP_EXIT_DENIED);
	assert_prints("FAIL  programs                   cannot be loaded\n      cure: look\n");
	load_error = 0;
	fake_features.btf = false;
	assert_int_equal(run(rp_doctor__run, "rptrace doctor"), RP_EXIT_DENIED);
}

/* ---- a file that may not be read ----------------------------------------------------------------
 */

static struct stat denied; /* st_ino 0: none is */

/* As for who has no rights, which root cannot be without: whatever it is opened by, and by the
 * helper, too. */
int open(const char *path, int flags, ...)
{
	struct stat st;
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (denied.st_ino && !(flags & O_PATH) && !stat(path, &st) && st.st_ino == denied.st_ino &&
	    st.st_dev == denied.st_dev) {
		errno = EACCES;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* ---- a process ---------------------------------------------------------------------------------
 */

static void look_at(const struct rp_features *features, pid_t pid, struct rp_findings *out)
{
	static struct line line;
	struct rp_system system = {.features = *features, .caps = ALL_CAPS, .opts = &line.opts};

	parse_good(&line, "rptrace doctor");
	memset(out, 0, sizeof(*out));
	rp_target__check(&system, pid, out);
	rp_opts__free(&line.opts);
}

static void a_process_is_looked_at(void **state)
{
	pid_t pid = wait_for_me(false);
	static struct rp_findings found;

	(void)state;
	look_at(&modern, pid, &found);
	let_go(pid);
	assert_found(finding(&found, "process"), RP_LEVEL_OK, "test_commands_d", "");
	assert_found(finding(&found, "first thread"), RP_LEVEL_OK, "lives", "");
	assert_found(finding(&found, "debugger"), RP_LEVEL_OK, "none", "");
	assert_found(finding(&found, "executable"), RP_LEVEL_OK, "test_commands_doctor", "");
	assert_found(finding(&found, "symbols"), RP_LEVEL_OK, "functions in .symtab", "");
	assert_found(finding(&found, "debug info"), RP_LEVEL_OK, ".debug_line in the executable",
		     "");
	assert_found(finding(&found, "Go"), RP_LEVEL_OK, "no", "");
	assert_string_equal(finding(&found, "markers")->found, "0 regions");
	assert_non_null(finding(&found, "frame pointers"));
	assert_non_null(finding(&found, "exceptions"));
	assert_non_null(finding(&found, "fibers"));
	assert_non_null(finding(&found, "USDT"));
	/* It has ended since. */
	look_at(&modern, pid, &found);
	assert_int_equal(found.n, 1);
	assert_found(&found.items[0], RP_LEVEL_FAIL, "no such process", "ps -eo pid,comm");
}

/* A process that goes on without it. */
static void a_first_thread_that_has_ended_is_told(void **state)
{
	static struct rp_findings found;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pthread_create(&(pthread_t){0}, NULL, wait_for_the_end, NULL))
			_exit(1);
		syscall(SYS_exit, 0);
	}
	while (rp_proc__live_thread("/proc", pid) == pid)
		usleep(1000);
	look_at(&modern, pid, &found);
	let_go(pid);
	assert_found(finding(&found, "first thread"), RP_LEVEL_NOTE, "has ended", "keep the first");
}

static void files_that_may_not_be_read_are_told(void **state)
{
	int file = memfd_create("secret", MFD_CLOEXEC);
	static struct rp_findings found;
	struct stat st;
	void *mapped;
	pid_t pid;

	(void)state;
	assert_int_equal(ftruncate(file, 4096), 0);
	assert_int_equal(fstat(file, &st), 0);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
	assert_true(mapped != MAP_FAILED);
	pid = wait_for_me(false);
	munmap(mapped, 4096);
	close(file);
	denied = st;
	look_at(&modern, pid, &found);
	denied.st_ino = 0;
	let_go(pid);
	assert_string_equal(finding(&found, "markers")->found,
			    "0 regions; some objects could not be read");
}

/* ---- of an executable made by hand --------------------------------------------------------------
 */

#if defined(__x86_64__)
/* push %rbp; mov %rsp, %rbp; and behind endbr64 */
static const uint8_t makes_frame[][8] = {{0x55, 0x48, 0x89, 0xe5},
					 {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5}};
static const uint8_t makes_none[] = {0x48, 0x83, 0xec, 0x08}; /* sub $8, %rsp */
/* mov $SYS_pause, %eax; syscall */
static const uint8_t waits[] = {0xb8, SYS_pause, 0, 0, 0, 0x0f, 0x05};
#else
/* stp x29, x30, [sp, #-16]!; and behind bti c */
static const uint8_t makes_frame[][8] = {{0xfd, 0x7b, 0xbf, 0xa9},
					 {0x5f, 0x24, 0x03, 0xd5, 0xfd, 0x7b, 0xbf, 0xa9}};
static const uint8_t makes_none[] = {0xff, 0x43, 0x00, 0xd1}; /* sub sp, sp, #16 */
/* mov x8, #SYS_ppoll; svc #0 */
static const uint8_t waits[] = {0x28, 0x09, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
#endif

#define FUNCTION_SIZE 8
#define FUNCTIONS_MAX 410

/* So many functions, of which the first ones make a frame. */
static void make_program(struct image *img, size_t n, size_t framed)
{
	static Elf64_Sym symbols[1 + FUNCTIONS_MAX];
	unsigned char *code;

	assert_true(n <= FUNCTIONS_MAX);
	image__start(img);
	for (size_t i = 0; i < n; i++) {
		symbols[1 + i] = (Elf64_Sym){.st_name = 1,
					     .st_info = FUNC,
					     .st_shndx = 1,
					     .st_value = TEXT_ADDR + i * FUNCTION_SIZE,
					     .st_size = FUNCTION_SIZE};
		code = img->bytes + TEXT_OFFSET + i * FUNCTION_SIZE;
		if (i < framed)
			memcpy(code, makes_frame[i % 2], sizeof(makes_frame[0]));
		else
			memcpy(code, makes_none, sizeof(makes_none));
	}
	if (n)
		image__add_symbols(img, SHT_SYMTAB, symbols, 1 + n, "\0f", sizeof("\0f"));
	image__finish(img);
	image__header(img)->e_entry = TEXT_ADDR + FUNCTIONS_MAX * FUNCTION_SIZE;
	code = img->bytes + TEXT_OFFSET + FUNCTIONS_MAX * FUNCTION_SIZE;
	memcpy(code, waits, sizeof(waits));
}

/* A process of it, to be ended by let_go(). */
static pid_t start_program(const struct image *img)
{
	int file = memfd_create("made-up", MFD_CLOEXEC), begun[2];
	char byte, *const argv[] = {"made-up", NULL};
	pid_t pid;

	assert_int_equal(write(file, img->bytes, img->size), img->size);
	assert_int_equal(pipe2(begun, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fexecve(file, argv, environ);
		_exit(1);
	}
	close(begun[1]);
	assert_int_equal(read(begun[0], &byte, 1), 0);
	close(begun[0]);
	close(file);
	return pid;
}

static void most_functions_are_to_have_frames(void **state)
{
	static const struct {
		size_t n, framed;
		enum rp_level level;
		const char *told;
	} cases[] = {{5, 3, RP_LEVEL_OK, "3 of 5 functions looked at keep one"},
		     {4, 2, RP_LEVEL_NOTE, "2 of 4 functions looked at keep one"},
		     {FUNCTIONS_MAX, 201, RP_LEVEL_OK, "201 of 400 functions"}};
	static struct rp_findings found;
	static struct image img;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid;

		make_program(&img, cases[i].n, cases[i].framed);
		pid = start_program(&img);
		look_at(&modern, pid, &found);
		let_go(pid);
		assert_int_equal(atoi(finding(&found, "symbols")->found), cases[i].n);
		assert_found(finding(&found, "frame pointers"), cases[i].level, cases[i].told,
			     cases[i].level == RP_LEVEL_OK ? "" : "-fno-omit-frame-pointer");
		assert_found(finding(&found, "debug info"), RP_LEVEL_NOTE, "none", "-g");
	}
}

/* One without any name, and without what others may have; it has no file any more. */
static void a_bare_executable_is_told_of(void **state)
{
	static struct rp_findings found;
	static struct image img;
	pid_t pid;

	(void)state;
	make_program(&img, 0, 0);
	pid = start_program(&img);
	look_at(&modern, pid, &found);
	let_go(pid);
	assert_found(finding(&found, "executable"), RP_LEVEL_OK,
		     "/memfd:made-up (removed or replaced since)", "");
	assert_found(finding(&found, "symbols"), RP_LEVEL_NOTE,
		     "stripped: -f finds the 0 functions it exports", "debug symbols");
	assert_found(finding(&found, "frame pointers"), RP_LEVEL_NOTE,
		     "0 of 0 functions looked at keep one", "-fno-omit-frame-pointer");
	assert_string_equal(finding(&found, "Go")->found, "no");
	assert_string_equal(finding(&found, "exceptions")->found, "none");
	assert_string_equal(finding(&found, "fibers")->found, "none");
	assert_string_equal(finding(&found, "markers")->found, "0 regions");
	assert_found(finding(&found, "USDT"), RP_LEVEL_NOTE, "no pairs, and no markers either",
		     "-f GLOB");
	for (size_t i = 0; i < found.n; i++)
		assert_int_equal(found.items[i].level == RP_LEVEL_OK, !found.items[i].cure[0]);
}

/* What needs it is left out then. */
static void an_executable_that_may_not_be_read_is_told(void **state)
{
	pid_t pid = wait_for_me(false);
	static struct rp_findings found;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &denied), 0);
	look_at(&modern, pid, &found);
	denied.st_ino = 0;
	let_go(pid);
	assert_int_equal(found.n, 5);
	assert_found(finding(&found, "executable"), RP_LEVEL_FAIL,
		     "cannot be read: Permission denied", "");
	assert_true(finding(&found, "executable")->cure[0]);
}

/* By the debugger's name, not by that of what it looks at. */
static void a_debugger_is_told(void **state)
{
	static struct rp_findings found;
	static struct image img;
	char self[64];
	pid_t pid;

	(void)state;
	make_program(&img, 1, 1);
	pid = start_program(&img);
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, NULL), 0);
	look_at(&modern, pid, &found);
	let_go(pid);
	snprintf(self, sizeof(self), "process %d (test_commands_d", (int)getpid());
	assert_found(finding(&found, "debugger"), RP_LEVEL_NOTE, self, "detach it");
}

/* Whichever of its threads it is. */
static void the_filter_of_another_thread_is_told(void **state)
{
	static struct rp_findings found;
	pid_t pid = wait_beside_filtered();

	(void)state;
	look_at(&modern, pid, &found);
	let_go(pid);
	assert_found(finding(&found, "seccomp"), RP_LEVEL_OK, "which return probes pass", "");
}

static void filters_of_a_process_are_told(void **state)
{
	pid_t free = wait_for_me(false), filtered = wait_for_me(true);
	static struct rp_findings of_free, of_filtered, with_care;
	struct rp_features careful = modern;

	(void)state;
	careful.returns = RP_RETURN_SYSCALL_FILTERED;
	look_at(&modern, free, &of_free);
	look_at(&modern, filtered, &of_filtered);
	look_at(&careful, filtered, &with_care);
	let_go(free);
	let_go(filtered);
	assert_found(finding(&of_free, "seccomp"), RP_LEVEL_OK, "none", "");
	assert_found(finding(&of_filtered, "seccomp"), RP_LEVEL_OK, "which return probes pass", "");
	assert_found(finding(&with_care, "seccomp"), RP_LEVEL_OK, "RET instructions", "");
}

/* Whichever of them it is that cannot be traced. */
static void each_process_decides_the_status(void **state)
{
	pid_t dead = wait_for_me(false), pid = wait_for_me(false);
	int first, last;
	char text[64];

	(void)state;
	let_go(dead);
	fake_features = modern;
	snprintf(text, sizeof(text), "rptrace doctor -p %d,%d", (int)dead, (int)pid);
	first = run(rp_doctor__run, text);
	snprintf(text, sizeof(text), "rptrace doctor -p %d,%d", (int)pid, (int)dead);
	last = run(rp_doctor__run, text);
	let_go(pid);
	assert_int_equal(first, RP_EXIT_DENIED);
	assert_int_equal(last, RP_EXIT_DENIED);
}

static void programs_read_the_report(void **state)
{
	pid_t pid = wait_for_me(false);
	json_t *report, *target;
	char text[64];
	int status;

	(void)state;
	fake_features = modern;
	snprintf(text, sizeof(text), "rptrace doctor --json -p %d", (int)pid);
	status = run(rp_doctor__run, text);
	let_go(pid);
	assert_int_equal(status, RP_EXIT_OK);
	report = json_loads(ran.out, 0, NULL);
	assert_non_null(report);
	assert_true(json_is_true(json_object_get(report, "works")));
	assert_string_equal(json_string_value(json_object_get(report, "schema")),
			    "rptrace-doctor/1");
	assert_int_equal(json_array_size(json_object_get(report, "checks")), 14);
	target = json_array_get(json_object_get(report, "targets"), 0);
	assert_int_equal(json_integer_value(json_object_get(target, "pid")), pid);
	assert_int_equal(json_array_size(json_object_get(target, "checks")), 13);
	json_decref(report);
	fake_features.btf = false;
	assert_int_equal(run(rp_doctor__run, "rptrace doctor --json"), RP_EXIT_DENIED);
	report = json_loads(ran.out, 0, NULL);
	assert_true(json_is_false(json_object_get(report, "works")));
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_modern_kernel_has_all),
		cmocka_unit_test(what_a_kernel_lacks_is_told),
		cmocka_unit_test(what_was_not_permitted_was_not_tried),
		cmocka_unit_test(return_probes_and_seccomp),
		cmocka_unit_test(a_kernel_that_keeps_memory_from_programs),
		cmocka_unit_test(rights_are_told_by_name),
		cmocka_unit_test(the_rights_are_those_in_effect),
		cmocka_unit_test(a_failure_decides_the_status),
		cmocka_unit_test(a_process_is_looked_at),
		cmocka_unit_test(a_first_thread_that_has_ended_is_told),
		cmocka_unit_test(a_debugger_is_told),
		cmocka_unit_test(files_that_may_not_be_read_are_told),
		cmocka_unit_test(most_functions_are_to_have_frames),
		cmocka_unit_test(a_bare_executable_is_told_of),
		cmocka_unit_test(an_executable_that_may_not_be_read_is_told),
		cmocka_unit_test(the_filter_of_another_thread_is_told),
		cmocka_unit_test(filters_of_a_process_are_told),
		cmocka_unit_test(each_process_decides_the_status),
		cmocka_unit_test(programs_read_the_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
