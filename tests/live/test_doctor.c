// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace doctor: its lines, its JSON, its exit statuses, and targets that are as they were. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

/* What is not well has a cure, and nothing else has. */
static void assert_cures(json_t *holder)
{
	json_t *check;
	size_t i;

	json_array_foreach (live_array(holder, "checks"), i, check)
		assert_int_equal(json_object_get(check, "cure") != NULL,
				 strcmp(live_str(check, "level"), "ok") != 0);
}

static json_t *report(struct live_proc *doctor, int status)
{
	json_t *json, *process;
	size_t i;

	assert_int_equal(live_wait(doctor), status);
	assert_string_equal(doctor->err, "");
	json = json_loads(doctor->out, 0, NULL);
	assert_non_null(json);
	assert_string_equal(live_str(json, "schema"), "rptrace-doctor/1");
	assert_int_equal(json_is_true(json_object_get(json, "works")), status == 0);
	assert_cures(json);
	json_array_foreach (live_array(json, "targets"), i, process)
		assert_cures(process);
	return json;
}

/* The check of that name; NULL: it was left out. */
static json_t *find(json_t *holder, const char *name)
{
	json_t *check;
	size_t i;

	json_array_foreach (live_array(holder, "checks"), i, check)
		if (!strcmp(live_str(check, "name"), name))
			return check;
	return NULL;
}

/* What was found under that name, whose level must be this. */
static const char *found(json_t *holder, const char *name, const char *level)
{
	json_t *check = find(holder, name);

	assert_non_null(check);
	assert_string_equal(live_str(check, "level"), level);
	return live_str(check, "found");
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

/* The report on one process, and its part of it. */
static json_t *of_process(pid_t pid, int status, json_t **process)
{
	json_t *json = report(live_rptrace("doctor --json -p %d", (int)pid), status);

	assert_int_equal(json_array_size(live_array(json, "targets")), 1);
	*process = json_array_get(live_array(json, "targets"), 0);
	assert_int_equal(live_u64(*process, "pid"), pid);
	return json;
}

static void end(struct live_proc *target)
{
	live_release(target);
	live_close(target);
	assert_int_equal(live_wait(target), 0);
}

/* ---- kernel and user ------------------------------------------------------------------------ */

/* Every line is a check, or the cure of the one before it, which is then not ok. */
static void assert_lines(char *text)
{
	char *save, *before = NULL;
	size_t checks = 0;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "      cure: ", 12)) {
			assert_non_null(before);
			assert_int_not_equal(strncmp(before, "ok ", 3), 0);
			before = NULL;
			continue;
		}
		assert_true(!strncmp(line, "ok    ", 6) || !strncmp(line, "note  ", 6) ||
			    !strncmp(line, "FAIL  ", 6));
		before = line;
		checks++;
	}
	assert_true(checks > 10);
}

static void text_as_root(void **state)
{
	struct live_proc *doctor = live_rptrace("doctor");

	(void)state;
	assert_int_equal(live_wait(doctor), 0);
	assert_string_equal(doctor->err, "");
	assert_has(doctor->out, "ok    BTF ");
	assert_has(doctor->out, "ok    programs ");
	assert_null(strstr(doctor->out, "FAIL"));
	assert_lines(doctor->out);
}

static void json_as_root(void **state)
{
	json_t *json = report(live_rptrace("doctor --json"), 0);

	(void)state;
	assert_has(found(json, "rights", "ok"), "user 0 may load");
	assert_has(found(json, "processes", "ok"), "CAP_SYS_PTRACE");
	found(json, "BTF", "ok");
	found(json, "programs", "ok");
	assert_int_equal(json_array_size(live_array(json, "targets")), 0);
	json_decref(json);
}

static void text_as_nobody(void **state)
{
	struct live_proc *doctor = live_start(LIVE_AS_NOBODY "%s doctor", live_copy_program());

	(void)state;
	assert_int_equal(live_wait(doctor), 4);
	assert_string_equal(doctor->err, "");
	assert_has(doctor->out, "FAIL  rights ");
	assert_has(doctor->out,
		   system("command -v sudo >/dev/null") ? "cure: su -c '/" : "cure: sudo /");
	assert_lines(doctor->out);
}

static void json_as_nobody(void **state)
{
	struct live_proc *target = live_target("functions forever");
	json_t *json, *process, *check;

	(void)state;
	json = report(live_start(LIVE_AS_NOBODY "%s doctor --json -p %d", live_copy_program(),
				 (int)target->pid),
		      4);
	check = find(json, "rights");
	assert_has(found(json, "rights", "FAIL"), "user 65534 may not");
	assert_has(live_str(check, "cure"), " doctor --json -p ");
	process = json_array_get(live_array(json, "targets"), 0);
	found(process, "process", "ok");
	found(process, "executable", "FAIL");
	assert_has(live_str(find(process, "executable"), "cure"), " doctor --json -p ");
	assert_null(find(process, "symbols"));
	json_decref(json);
	end(target);
}

/* ---- targets -------------------------------------------------------------------------------- */

static void c_target(void **state)
{
	const char *program = live_copy("functions", "functions");
	struct live_proc *target = live_target("%s forever", program);
	json_t *process, *json = of_process(target->pid, 0, &process);

	(void)state;
	assert_string_equal(found(process, "process", "ok"), "functions");
	assert_string_equal(found(process, "first thread", "ok"), "lives");
	assert_string_equal(found(process, "debugger", "ok"), "none");
	assert_string_equal(found(process, "seccomp", "ok"), "none");
	assert_string_equal(found(process, "executable", "ok"), program);
	assert_has(found(process, "symbols", "ok"), ".symtab");
	assert_has(found(process, "debug info", "ok"), ".debug_line");
	assert_string_equal(found(process, "Go", "ok"), "no");
	assert_string_equal(found(process, "exceptions", "ok"), "none");
	found(process, "frame pointers", "note"); /* built with -O1 */
	json_decref(json);
	assert_int_equal(live_probes(target, "leaf", 16), 0);
	end(target);
}

static void cxx_target(void **state)
{
	struct live_proc *target = live_target("unwind throw 10");
	json_t *process, *json = of_process(target->pid, 0, &process);

	(void)state;
	assert_has(found(process, "exceptions", "ok"), "RET");
	json_decref(json);
	end(target);
}

static void marked_target(void **state)
{
	struct live_proc *target = live_target("marks_c");
	json_t *process, *json = of_process(target->pid, 0, &process);

	(void)state;
	assert_true(atoi(found(process, "markers", "ok")) > 0);
	found(process, "USDT", "ok");
	json_decref(json);
	end(target);
}

static void stripped_target(void **state)
{
	struct live_proc *target = live_target("%s forever", live_stripped("functions"));
	json_t *process, *json = of_process(target->pid, 0, &process);

	(void)state;
	assert_has(found(process, "symbols", "note"), "stripped");
	assert_string_equal(found(process, "debug info", "note"), "none");
	json_decref(json);
	end(target);
}

static void traced_target(void **state)
{
	struct live_proc *target = live_target("functions forever");
	json_t *process, *json;
	char self[32];

	(void)state;
	assert_int_equal(ptrace(PTRACE_SEIZE, target->pid, NULL, NULL), 0);
	json = of_process(target->pid, 0, &process);
	snprintf(self, sizeof(self), "process %d (", (int)getpid());
	assert_has(found(process, "debugger", "note"), self);
	json_decref(json);
	end(target);
}

/* A child under a filter that lets everything through. */
static pid_t start_filtered(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
		    !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) &&
		    write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void filtered_target(void **state)
{
	pid_t pid = start_filtered();
	json_t *json, *process;

	(void)state;
	json = of_process(pid, 0, &process);
	assert_has(found(process, "seccomp", "ok"), "a filter");
	json_decref(json);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void dead_pid(void **state)
{
	json_t *process, *json = of_process(live_ended_pid(), 4, &process);
	json_t *check = find(process, "process");

	(void)state;
	found(process, "process", "FAIL");
	assert_has(live_str(check, "cure"), "ps -eo pid");
	assert_int_equal(json_array_size(live_array(process, "checks")), 1);
	json_decref(json);
}

/* ---- usage ----------------------------------------------------------------------------------- */

static void usage(void **state)
{
	static const char *const lines[] = {"doctor stray", "doctor -f leaf", "doctor -p 0",
					    "doctor -- true"};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(lines); i++)
		assert_int_equal(live_wait(live_rptrace("%s", lines[i])), 2);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(text_as_root),	  cmocka_unit_test(json_as_root),
	cmocka_unit_test(text_as_nobody), cmocka_unit_test(json_as_nobody),
	cmocka_unit_test(c_target),	  cmocka_unit_test(cxx_target),
	cmocka_unit_test(marked_target),  cmocka_unit_test(stripped_target),
	cmocka_unit_test(traced_target),  cmocka_unit_test(filtered_target),
	cmocka_unit_test(dead_pid),	  cmocka_unit_test(usage),
};

int main(void)
{
	return live_main("doctor", tests, LIVE_COUNT(tests));
}
