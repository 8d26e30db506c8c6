/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Every mistake on a command line, and that its cure is none; and help. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "counts_fixture.h"
#include "folder_fixture.h"
#include "opts_fixture.h"

static const struct mistake {
	const char *line, *cause, *cure; /* cure: NULL: any that parses */
} mistakes[] = {
	{"rptrace -n 0", "from 1 to", "rptrace -n 10"},
	{"rptrace -n0 -b", "from 1 to", "rptrace -n10 -b"},
	{"rptrace -n 1.5", "1.5", NULL},
	{"rptrace -n 99999999999999999999", "from 1 to", NULL},
	{"rptrace --max-depth 1024", "from 1 to 1023", "rptrace --max-depth 1023"},
	{"rptrace --max-depth=0x10", "0x10", "rptrace --max-depth=1023"},
	{"rptrace -i soon", "soon", "rptrace -i 1s"},
	{"rptrace -i 0", "too short", NULL},
	{"rptrace -d -1", "-1", NULL},
	{"rptrace -d 1e12", "30 years", NULL},
	{"rptrace --min-duration 10", "has no unit: ns, us, ms, s, m or h",
	 "rptrace --min-duration 10us"},
	{"rptrace -b --auto", "-p", RP_CURE_PROCESSES},
	{"rptrace --sample=0", "from 1 to 20000", "rptrace --sample=997"},
	{"rptrace --format flamegraph", "needs --sample", "rptrace --format flamegraph --sample"},
	{"rptrace --max-overhead 0", "percentage", "rptrace --max-overhead 5"},
	{"rptrace --max-overhead 101%", "percentage", NULL},
	{"rptrace --by pid", "process, thread, command, cgroup, label", "rptrace --by process"},
	{"rptrace --format=xml", "table, csv, json, openmetrics", "rptrace --format=table"},
	{"rptrace --attach foo", "auto, session, multi, perf", NULL},
	{"rptrace --exit foo", "auto, return, ret-sites", NULL},
	{"rptrace --sort nope", "total, self", NULL},
	{"rptrace --columns count,nope,p99", "'nope' is none of name,",
	 "rptrace --columns share,p50,p99"},
	{"rptrace --label n", "arg0 to arg5, or ret", "rptrace --label arg0"},
	{"rptrace --label dur", "arg0 to arg5, or ret", NULL},
	{"rptrace --label arg0arg1", "arg0arg1", NULL},
	{"rptrace --within [a", "expected ]", "rptrace --within '*'"},
	{"rptrace --label arg0:str@x", "the length of the string", NULL},
	{"rptrace --where 'arg0 > x' -b", "at 'x'", "rptrace --where 'dur > 1ms' -b"},
	{"rptrace -f", "-f needs a value: [OBJECT:]GLOB[:END@argN]", "rptrace -f main"},
	{"rptrace --on-stuck", "needs a value", NULL},
	{"rptrace report a.rpt -o ''", "-o: '' is empty", "rptrace report a.rpt -o report.txt"},
	{"rptrace -p", "needs a process id", "ps -eo pid,comm"},
	{"rptrace -p 12x", "12x", "ps -eo pid,comm"},
	{"rptrace -p 0", "'0'", "ps -eo pid,comm"},
	{"rptrace -p 4294967297", "is not a process id", "ps -eo pid,comm"},
	{"rptrace -p ,", "no process", "ps -eo pid,comm"},
	{"rptrace -p 12 34 -b", "-p 12,34", "rptrace -p 12,34 -b"},
	{"rptrace -b -p12 34 56", "-p 12,34,56", NULL},
	{"rptrace 12 34 -b", "-p", "rptrace -p 12,34 -b"},
	{"rptrace ./prog -x", "goes after --", "rptrace -- ./prog -x"},
	{"rptrace -f main /bin/prog \"it's\"", "goes after --",
	 "rptrace -f main -- /bin/prog 'it'\"'\"'s'"},
	{"rptrace /", "neither an option nor a command", NULL},
	{"rptrace /dev/null", "neither an option nor a command", NULL},
	{"rptrace tests/golden", "neither an option nor a command", NULL},
	{"rptrace sh /", "a command goes after --", "rptrace -- sh /"},
	{"rptrace sh ./prog", "a command goes after --", "rptrace -- sh ./prog"},
	{"rptrace sleep 5", "a command goes after --", "rptrace -- sleep 5"},
	{"rptrace ./nosuch 5", "a command goes after --", "rptrace -- ./nosuch 5"},
	{"rptrace ls /", "a command goes after --", "rptrace -- ls /"},
	{"rptrace ls -p 1", "list", "rptrace list -p 1"},
	{"rptrace lst -p 1", "list", "rptrace list -p 1"},
	{"rptrace docter", "doctor", "rptrace doctor"},
	{"rptrace -p 1 list", "comes first", "rptrace list -p 1"},
	{"rptrace top -p 1", "record, report, diff, list and doctor", "rptrace -p 1"},
	{"rptrace report a.rpt -- b", "report starts no command", "rptrace report a.rpt"},
	{"rptrace record --rotate 3 -p 1", "needs the size",
	 "rptrace record --rotate 3 -p 1 --max-size 100M"},
	{"rptrace record --rotate 3 --max-size 1M --last 3 -p 1", "not with --last",
	 "rptrace record --max-size 1M --last 3 -p 1"},
	{"rptrace --rotate 3 --max-size 1M -p 1", "needs --record FILE",
	 "rptrace --rotate 3 --max-size 1M -p 1 --record rptrace.rpt"},
	{"rptrace record --rotate 1 -p 1", "from 2 to", NULL},
	{"rptrace diff", "records of two sides", "rptrace diff --help"},
	{"rptrace diff a.rpt", "records of two sides", "rptrace diff --help"},
	{"rptrace diff a --json b c d", "-- goes between", "rptrace diff a --json b -- c d"},
	{"rptrace diff a b --metric max", "none of median, cpu, p50",
	 "rptrace diff a b --metric median"},
	{"rptrace diff a b --max-regression 0", "above 0 and up to 10000",
	 "rptrace diff a b --max-regression 5%"},
	{"rptrace diff -f main a b", "-f is for runs that diff makes", "rptrace diff a b"},
	{"rptrace diff --sort self a b", "rptrace diff has no option -s", "rptrace diff a b"},
	{"rptrace diff --run 5 -- one 2", "needs two commands",
	 "rptrace diff --run 5 -- one 2 --- one 2"},
	{"rptrace diff --run 5 a b", "no records of others", "rptrace diff a b"},
	{"rptrace diff --run 5 a -- b --- c", "'a' is one too many", "rptrace diff --help"},
	{"rptrace diff --run 5 --json -- a --- b", "json goes to a file",
	 "rptrace diff --run 5 --json -o rptrace.out -- a --- b"},
	{"rptrace report --by cgroup a.rpt", "none of process, thread, command, label, file",
	 "rptrace report --by process a.rpt"},
	{"rptrace report --slowest 3 --by thread a.rpt", "the thread of each",
	 "rptrace report --slowest 3 a.rpt"},
	{"rptrace report --format chrome --slowest 3 a.rpt", "a table, or JSON",
	 "rptrace report --format chrome a.rpt"},
	{"rptrace report --format chrome --tree a.rpt", "--tree is about rows",
	 "rptrace report --format chrome a.rpt"},
	{"rptrace report -s cpu --format folded a.rpt", "--sort is about rows",
	 "rptrace report --format folded a.rpt"},
	{"rptrace --format folded -- b", "needs --sample",
	 "rptrace --format folded --sample -o rptrace.out -- b"},
	{"rptrace report --format svg a.rpt",
	 "is none of table, csv, json, openmetrics, sample-folded, flamegraph, chrome",
	 "rptrace report --format table a.rpt"},
	{"rptrace -s first", "is none of", "rptrace -s total"},
	{"rptrace record -o - -p 1", "a record is a file", "rptrace record -p 1 -o rptrace.rpt"},
	{"rptrace --record=- -b", "a record is a file", "rptrace -b --record rptrace.rpt"},
	{"rptrace record -o /dev/stdout -p 1", "a file", "rptrace record -p 1 -o rptrace.rpt"},
	{"rptrace --record=/dev/stderr -b", "a file", "rptrace -b --record rptrace.rpt"},
	{"rptrace --stream - -p 1", "needs a file", "rptrace -p 1"},
	{"rptrace record --stream x --last 3 -p 1", "not with --last",
	 "rptrace record --last 3 -p 1"},
	{"rptrace report --split a.rpt", "is about exports", "rptrace report a.rpt"},
	{"rptrace report --split=5 --format chrome a.rpt", "several files",
	 "rptrace report --split=5 --format chrome a.rpt -o rptrace.out"},
	{"rptrace report --format sqlite a.rpt", "needs a file",
	 "rptrace report --format sqlite a.rpt -o rptrace.out"},
	{"rptrace report --format sqlite -o - a.rpt", "needs a file",
	 "rptrace report --format sqlite a.rpt -o rptrace.out"},
	{"rptrace report --from 2 --to 1 a.rpt", "no later", "rptrace report --from 2 a.rpt"},
	{"rptrace report --from 2 --to 2 a.rpt", "no later", "rptrace report --from 2 a.rpt"},
	{"rptrace --", "no command follows --", "rptrace"},
	{"rptrace -b -d 1 --", "no command follows --", "rptrace -b -d 1"},
	{"rptrace --no-such-option", "no-such-option", "rptrace --help"},
	{"rptrace --iterval 2", "--interval", "rptrace --interval 2"},
	{"rptrace --iterval=2", "--interval", "rptrace --interval=2"},
	{"rptrace --max 2", "'--max'", "rptrace --help"},
	{"rptrace -Z", "-Z", "rptrace --help"},
	{"rptrace --tree=yes -b", "no value", "rptrace --tree -b"},
	{"rptrace list --interval 2 -b", "rptrace list has no option -i", NULL},
	{"rptrace doctor -f x", "rptrace doctor has no option -f", "rptrace doctor"},
	{"rptrace list --auto -p 1", "rptrace list has no option --auto", "rptrace list -p 1"},
	{"rptrace doctor --tree", "no option --tree", "rptrace doctor"},
	{"rptrace doctor -- true", "starts no command", "rptrace doctor"},
	{"rptrace -p 1 -- true", "exclude each other", "rptrace -p 1"},
	{"rptrace -p 1 --user nobody -- true", "exclude each other",
	 "rptrace --user nobody -- true"},
	{"rptrace --label ret --compensate -b", "--compensate", "rptrace --label ret -b"},
	{"rptrace -b --user nobody -n 3", "COMMAND", "rptrace -b -n 3"},
	{"rptrace --on-stuck 'a b'", "--stuck", "rptrace --on-stuck 'a b' --stuck 5"},
	{"rptrace -p 1 --max-on-stuck 2", "--on-stuck", "rptrace -p 1"},
	{"rptrace -b -p 1 --max-wakers 9", "--wakers", "rptrace -b -p 1 --max-wakers 9 --wakers"},
	{"rptrace --max-wakers=9 -- true", "--wakers", "rptrace --max-wakers=9 --wakers -- true"},
	{"rptrace --json -- true", "json", "rptrace --json -o rptrace.out -- true"},
	{"rptrace --format csv -o - -- true", "csv", "rptrace --format csv -o rptrace.out -- true"},
	{"rptrace record -p 1 -o -", "a file", "rptrace record -p 1 -o rptrace.rpt"},
	{"rptrace -p 1 --record=- -b", "a file", "rptrace -p 1 -b --record rptrace.rpt"},
	{"rptrace -p 1 --format perfetto", "report", "rptrace record -p 1"},
	{"rptrace --format=pprof -p 1", "report", "rptrace record -p 1"},
	{"rptrace record -p 1 --auto", "--record FILE", "rptrace -p 1 --auto --record rptrace.rpt"},
	{"rptrace -p 1 --sample 100 -b", "goes after =", "rptrace -p 1 --sample=100 -b"},
	{"rptrace -p 1 --auto 5", "goes after =", "rptrace -p 1 --auto=5"},
	{"rptrace -f -p 1", "-f needs a value", "rptrace -f main -p 1"},
	{"rptrace -p 1 --sort --tree", "needs a value", "rptrace -p 1 --sort total --tree"},
	{"rptrace attach 123 -b", "go after -p", "rptrace -p 123 -b"},
	{"rptrace -b run ./prog -x", "goes after --", "rptrace -b -- ./prog -x"},
	{"rptrace list -p 1 --format json", "--format", "rptrace list -p 1 --json"},
	{"rptrace last.rpt --tree", "rptrace report", "rptrace report last.rpt --tree"},
	{"rptrace -p 1 last.rpt", "-p takes one word", "rptrace -p 1,last.rpt"},
	{"rptrace -p 1 -", "neither an option nor a command", "rptrace -p 1"},
	{"rptrace -p 1 -b sh", "neither an option nor a command", "rptrace -p 1 -b"},
	{"rptrace -p 1 --format=chrome -b", "is for records", "rptrace record -p 1 -b"},
};

/* All that is told of each of them. */
static void mistakes_are_told_so(void **state)
{
	static char text[1 << 16];
	size_t n = 0;
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		parse(&l, mistakes[i].line);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n\t%s\n\t%s\n",
				      mistakes[i].line, l.err.cause, l.err.cure);
		assert_true(n < sizeof(text));
		rp_opts__free(&l.opts);
	}
	assert_golden("mistakes.txt", text);
}

static void every_mistake_has_a_cure(void **state)
{
	struct line l, cured;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *m = &mistakes[i];

		if (parse(&l, m->line) != -EINVAL || l.err.exit != RP_EXIT_USAGE)
			fail_msg("%s: taken", m->line);
		if (!strstr(l.err.cause, m->cause))
			fail_msg("%s: %s", m->line, l.err.cause);
		if (m->cure && strcmp(l.err.cure, m->cure))
			fail_msg("%s: cure: %s", m->line, l.err.cure);
		if (!strncmp(l.err.cure, "rptrace", 7)) {
			if (parse(&cured, l.err.cure) && (!strcmp(cured.err.cause, l.err.cause) ||
							  strncmp(cured.err.cure, "rptrace", 7)))
				fail_msg("%s: the cure fails: %s: %s", m->line, l.err.cure,
					 cured.err.cause);
			rp_opts__free(&cured.opts);
		}
		rp_opts__free(&l.opts);
	}
}

/* What --help says of each command. */
static void help_is_told_so(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	for (unsigned command = 0; command < RP_COMMAND_COUNT; command++)
		rp_opts__help(command, out);
	assert_int_equal(fclose(out), 0);
	assert_golden("help.txt", text);
	free(text);
}

static void create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0700);

	assert_true(fd >= 0);
	close(fd);
}

/* A program needs ./ to be found, and takes what follows; a record is what `rptrace record` has
 * made. */
static void what_is_in_this_folder(void **state)
{
	static const struct {
		const char *line, *cure;
	} lines[] = {
		{"rptrace rpo-prog", "rptrace -- ./rpo-prog"},
		{"rptrace rpo-prog 5", "rptrace -- ./rpo-prog 5"},
		{"rptrace rpo-prog /", "rptrace -- ./rpo-prog /"},
		{"rptrace report --tree", "rptrace report --tree rptrace.rpt"},
	};
	char folder[] = "/tmp/rpo-XXXXXX", before[PATH_MAX];
	struct line l;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	create("rpo-prog");
	assert_int_equal(parse(&l, "rptrace report"), -EINVAL);
	assert_string_equal(l.err.cure, "rptrace record --help");
	rp_opts__free(&l.opts);
	create("rptrace.rpt");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(parse(&l, lines[i].line), -EINVAL);
		assert_string_equal(l.err.cure, lines[i].cure);
		rp_opts__free(&l.opts);
	}
	assert_int_equal(chdir(before), 0);
	assert_int_equal(remove_all_of(folder), 0);
}

/* A line that cannot be told is not told cut. */
static void cures_that_do_not_fit(void **state)
{
	char text[1024] = "rptrace --by pid -f ";
	char *control[] = {"rptrace", "--by", "pid", "-f", "a\nb", NULL};
	struct line l;

	(void)state;
	memset(text + strlen(text), 'a', 600);
	assert_int_equal(parse(&l, text), -EINVAL);
	assert_string_equal(l.err.cure, "rptrace --help");
	rp_opts__free(&l.opts);
	assert_int_equal(rp_opts__parse(&l.opts, 5, control, &l.err), -EINVAL);
	assert_string_equal(l.err.cure, "rptrace --help");
	rp_opts__free(&l.opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_has_a_cure), cmocka_unit_test(mistakes_are_told_so),
		cmocka_unit_test(what_is_in_this_folder),   cmocka_unit_test(help_is_told_so),
		cmocka_unit_test(cures_that_do_not_fit),
	};

	return cmocka_run_group_tests_name("mistakes", tests, NULL, NULL);
}
