# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Typical mistakes: each is answered with its cause, the right exit code, and a hint that is run and works."""

import glob
import json
import os
import pty
import re
import shlex
import shutil
import subprocess

import harness
from harness import Case, Process

TARGETS = os.environ.get("RPT_TARGETS", os.path.join(os.path.dirname(harness.rptrace_path), "targets"))

# Words of the line, exit code, what the cause names. {pid}, {plain}: a program without markers that runs, and
# its file. A hint that begins with rptrace is run as it stands, for two intervals where it traces. Of every mistake
# on a line, and that its hint is none, is tests/unit/test_opts_mistakes.c.
VALUES = [
    ("-p {pid} -f leaf -n 0", 2, "from 1 to"),
    ("-p {pid} -f leaf -i soon", 2, "'soon' is no time"),
    ("-p {pid} -f leaf --min-duration 10", 2, "has no unit"),
    ("-p {pid} -f leaf --columns p50,time", 2, "'time' is none of"),
    ("-p {pid} -f leaf --format xml", 2, "table, csv, json, openmetrics"),
    ("-p {pid} -f leaf --where arg0>x", 2, "at 'x'"),
    ("-p {pid} -f leaf --max-overhead 200", 2, "percentage"),
]
NEWER = [
    ("-p {pid} -f leaf --sample=0", 2, "0"),
    ("-p {pid} -f leaf --sample=often", 2, "often"),
    ("-p {pid} -f leaf --label arg0:text", 2, "text"),
    ("-p {pid} -f leaf --label arg0:str@arg9", 2, "arg9"),
    ("-p {pid} -f leaf --format folded", 2, "sample"),
    ("record -p {pid} -f leaf -o no-such-folder/file", 1, "no-such-folder"),
    ("report", 2, "needs a record"),
    ("diff", 2, "two sides"),
    ("diff no-such-file nor-this", 1, "No such file"),
    ("report /etc/passwd", 1, "no record"),
    ("report no-such-file", 1, "No such file"),
]
RECORDING = [
    ("record -p {pid} -f leaf -o -", 2, "a record is a file"),
    ("-p {pid} -f leaf --record=-", 2, "a record is a file"),
    ("record -p {pid} -f leaff", 3, "nearest names: leaf"),
    ("record -p {pid} -f leaf -i 1", 2, "has no option -i"),
    ("record -p {pid} -f leaf --format perfetto", 2, "has no option --format"),
    ("record -p {pid} -f leaf --every 0", 2, "from 1 to"),
    ("record -p {pid} -f leaf --slower-than 10", 2, "has no unit"),
    ("record -p {pid} -f leaf --last soon", 2, "'soon' is no time"),
    ("record -p {pid} -f leaf --max-size 1", 2, "from 64k to 1048576G"),
    ("record -p {pid} -f leaf rec.rpt", 2, "'rec.rpt'"),
    ("record -f leaf", 2, "names no file"),
    ("-p {pid} -f leaf --every 10", 2, "--every needs --record FILE"),
    ("-p {pid} -f leaf --format perfetto", 2, "rptrace record, then rptrace report"),
    ("-p {pid} -f leaf --format=pprof", 2, "rptrace record, then rptrace report"),
    ("record -p {pid} --auto", 2, "rptrace --record FILE has"),
]
REPORTS = [
    ("report {record} --region nosuch", 3, "called 'nosuch'"),
    ("report --region leaf --region nosuch {record}", 3, "called 'nosuch'"),
    ("report {record} --thread 999999999", 3, "no thread 999999999"),
    ("report {record} {record}", 2, "same run"),
    ("report {record} --from 5 --to 2", 2, "--to is no later than --from"),
    ("report {record} --from soon", 2, "'soon' is no time"),
    ("report {record} --format perfeto", 2, "perfetto"),
    ("report {record} --format perfetto --tree", 2, "--tree is about rows"),
    ("report {record} --format flamegraph", 3, "has no samples"),
    ("report {record} --slowest 0", 2, "from 1 to"),
    ("report {record} --slowest 3 --format csv", 2, "is printed as a table, or JSON"),
    ("report {record} --by cgroup", 2, "process, thread, command"),
    ("report {record} --columns nosuch", 2, "'nosuch' is none of"),
    ("report {record} --sort hot", 2, "total, self"),
    ("report {record} -p {pid}", 2, "has no option -p"),
    ("report {record} -d 5", 2, "has no option -d"),
    ("report {record} -- true", 2, "starts no command"),
    ("report {record} -o {record}", 2, "is a record that is to be read"),
    ("report {record} -o no-such-folder/file", 1, "no-such-folder"),
    ("report --sample {record}", 2, "has no option --sample"),
    ("{record}", 2, "rptrace report shows records"),
]
SAMPLING = [
    ("-p {pid} -f leaf --sample 100", 2, "goes after ="),
    ("-p {pid} -f leaf --sample=99999", 2, "from 1 to 20000"),
    ("-p {pid} --sample --format nope", 2, "folded"),
    ("--auto", 2, "functions of processes"),
    ("-p {pid} --auto 5", 2, "goes after ="),
    ("-p {pid} --auto=0", 2, "from 1 to"),
    ("-p {pid} --auto=many", 2, "many"),
]
SPANS = [
    ("-p {pid} -f leaf:outer@arg9", 2, "arg9"),
    ("-p {pid} -f leaf:outer@first", 2, "first"),
    ("-p {pid} -f leaf:outer@", 2, "@"),
    ("-p {pid} -f leaf:nosuch@arg0", 3, "nosuch"),
    ("-p {pid} -f nosuch:leaf@arg0", 3, "nosuch"),
    ("-p {pid} -f leaf:outer", 3, "leaf:outer"),
    ("-p {pid} -u provider:begin:end@arg99", 2, "arg99"),
    ("-p {pid} -f leaf --within nosuch", 3, "nosuch"),
    ("-p {pid} -f leaf --within", 2, "needs a value"),
    ("record -p {pid} -f leaf -f outer --within outer --slower-than 1ms", 2, "not with --within"),
]
WORDS = [
    ("-p {pid} -f", 2, "needs a value"),
    ("-p {pid} -f leaf --on-stuck true", 2, "--on-stuck needs --stuck"),
    ("-p", 2, "needs a process id"),
    ("-p 12x", 2, "'12x'"),
    ("-p 0", 2, "'0'"),
    ("{pid} -f leaf", 2, "go after -p"),
    ("-p {pid} {pid} -f leaf", 2, "-p takes one word"),
    ("-f leaf {plain} exit 0", 2, "goes after --"),
    ("functions -f leaf", 2, "processes go after -p"),
    ("lst -p {pid}", 2, "list"),
    ("-p {pid} list", 2, "comes first"),
    ("-f leaf -p {pid} --iterval 1", 2, "--interval is the nearest"),
    ("-f leaf -p {pid} --tree=yes", 2, "takes no value"),
    ("-p {pid} --nonsense", 2, "no option '--nonsense'"),
    ("-p {pid} -Z", 2, "no option '-Z'"),
]
TOGETHER = [
    ("list -p {pid} -i 1", 2, "has no option -i"),
    ("doctor -f leaf", 2, "has no option -f"),
    ("doctor -- true", 2, "starts no command"),
    ("-p {pid} -f leaf -- true", 2, "exclude each other"),
    ("-p {pid} -f leaf --user nobody", 2, "COMMAND"),
    ("-p {pid} -f leaf --", 2, "no command follows"),
    ("-f leaf --json -- {plain} exit 0", 2, "json goes to a file"),
    ("-f leaf", 2, "names no file"),
    ("-p {pid} -u provider", 2, "selects no USDT probes"),
    ("-p no-such-program -f leaf", 1, "no-such-program"),
    ("-f leaf -- no-such-command", 127, "no such command"),
    ("-f leaf -- no-such-folder/command", 127, "no such command"),
    ("-f leaf -- /etc/passwd", 126, "cannot be run"),
    ("-p {pid} -f leaf -o no-such-folder/file", 1, "no-such-folder"),
    ("-p {pid} -f /etc/passwd:main", 1, "/etc/passwd: not an ELF file"),
    ("-p 999999999 -f leaf", 1, "no such process"),
    ("-f leaf --user no-such-user -- {plain} exit 0", 2, "no user 'no-such-user'"),
]
NOTHING = [
    ("-p {pid}", 3, "but [0-9]+ functions: "),
    ("-p {pid} -f leaff", 3, "nearest names: leaf"),
    ("-p {pid} --function=oter", 3, "nearest names: outer"),
    ("-p {pid} -foter --tree", 3, "nearest names: outer"),
    ("-p {pid} -f no_such_function", 3, "no_such_function"),
    ("-p {pid} -f no-such.so:leaf", 3, "no-such.so:leaf"),
    ("-p {pid} -f malloc", 3, "no function of the executable matches 'malloc', but libc.so.6 has it"),
    ("-p {pid} --function=mallo[a-c] --tree", 3, "but libc.so.6 has it"),
    ("list -p {pid} -fmalloc", 3, "but libc.so.6 has it"),
    ("-f malloc -- {plain} exit 0", 3, "but libc.so.6 has it .the command runs all the same"),
    ("-p {pid} -f libc.so.6:mallok", 3, "nearest names: malloc"),
    ("-p {pid} -u no_such:probe__start", 3, "no_such:probe__start"),
    ("-p {pid} -f leaf -x 'l*'", 3, "-x 'l\\*' leaves nothing"),
    ("-p {pid} -f leaf '--exclude=*'", 3, "leaves nothing"),
    ("-p {pid} -f _start", 3, "_start cannot be traced"),
    ("list -p {pid} -f leaff", 3, "nearest names: leaf"),
    ("list -p {pid} -f no_such_function", 3, "no_such_function"),
    ("-f leaff -- {plain} exit 0", 3, "the command runs all the same"),
    ("-- {plain} exit 0", 3, "the command runs all the same"),
]

# What somebody else has left for root in a folder that everybody can write to.
TRAPS = [
    ("-f leaf -o theirs -- {plain} exit 0", 1, "theirs: it is there already, and belongs to user 65534"),
    ("record -f leaf -o theirs -- {plain} exit 0", 1, "theirs: .* belongs to user 65534"),
    ("-f leaf --record theirs -- {plain} exit 0", 1, "theirs: .* belongs to user 65534"),
    ("-f leaf --stream theirs -- {plain} exit 0", 1, "theirs: .* belongs to user 65534"),
    ("-f leaf -o second -- {plain} exit 0", 1, "second: it is there already, and has another name, too"),
    ("-f leaf -o link -- {plain} exit 0", 1, "link: it is a link"),
]

HINT = "rptrace: hint: "
PROPOSED = "/var/tmp/rptrace.[0-9]*.*"


class Mistakes(Case):
    def setUp(self):
        super().setUp()
        self.followed = {}
        self.plain = os.path.join(TARGETS, "functions")
        self.target = Process(self.plain, "forever", stdin=subprocess.PIPE)
        self.target.wait_lines("^ready", stream="stdout")
        self.addCleanup(self.clear, set(glob.glob(PROPOSED)))

    @staticmethod
    def clear(before):
        for made in set(glob.glob(PROPOSED)) - before:
            os.unlink(made)

    def run_line(self, words):
        return subprocess.run([harness.rptrace_path, *words], cwd=self.dir, capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=harness.DEADLINE, check=False,
                              env={**os.environ, "LC_ALL": "C"})

    def follow(self, hint):
        """Run a hint as it stands, but for an end where it would trace on; once, however many mistakes have it."""
        if hint not in self.followed:
            self.followed[hint] = self.run_hint(shlex.split(hint))
        return self.followed[hint]

    def run_hint(self, words):
        if words[0] != "rptrace":
            return subprocess.run(words, capture_output=True, text=True, timeout=harness.DEADLINE, check=False)
        words = words[1:]
        if "--help" not in words and words[0] not in ("list", "doctor", "report"):
            verb = words[:1] if words[0] == "record" else []
            words = [*verb, "-d", "100ms", *words[len(verb):]]
        return self.run_line(words)

    def check(self, mistakes):
        for line, status, cause in mistakes:
            with self.subTest(line):
                words = shlex.split(line.format(pid=self.target.pid, plain=self.plain, record="record.rpt"))
                done = self.run_line(words)
                said = done.stderr.splitlines()
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertRegex(said[0], "^rptrace: .*" + cause)
                self.assertTrue(said[1].startswith(HINT), done.stderr)
                followed = self.follow(said[1][len(HINT):])
                self.assertEqual(followed.returncode, 0, f"{said[1]}\n{followed.stdout}{followed.stderr}")
                self.assertTrue(followed.stdout + followed.stderr or re.search(r"rptrace\.(%p\.)?out", said[1]))
                # What ends well may name a next step: a record, how it is looked at; --auto, whose run is over here
                # before it can choose, the functions.
                self.assertNotRegex(followed.stderr, HINT + "(?!rptrace report|rptrace .*--auto.* --function)")

    def refused_as(self, *who):
        """What is told to somebody without rights, and the command that it names."""
        own = shutil.copy(harness.rptrace_path, self.path("rptrace"))
        plain = shutil.copy(self.plain, self.path("functions"))
        os.chmod(self.dir, 0o755)
        done = subprocess.run(["setpriv", *who, own, "-f", "leaf", "--", plain, "exit", "0"], cwd="/",
                              capture_output=True, text=True, timeout=harness.DEADLINE, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        cause, hint = done.stderr.splitlines()
        self.assertIn("may not load BPF programs", cause)
        return hint.removeprefix(HINT)

    def test_rights_of_another_user(self):
        """The line to type is this one as root: root, who needs no password for that, types it."""
        hint = self.refused_as("--reuid=65534", "--regid=65534", "--clear-groups")
        self.assertRegex(hint, "^(sudo|su -c) ")
        done = subprocess.run(hint, shell=True, cwd=self.dir, capture_output=True, text=True,
                              timeout=harness.DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^leaf +\d+ ")

    def test_root_without_capabilities(self):
        """Root is not told to be root."""
        nothing = ("--bounding-set=-all", "--inh-caps=-all")
        hint = self.refused_as(*nothing)
        self.assertEqual(hint, "rptrace doctor")
        done = subprocess.run(["setpriv", *nothing, harness.rptrace_path, "doctor"], capture_output=True,
                              text=True, timeout=harness.DEADLINE, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertRegex(done.stdout, r"FAIL  rights .*\n      cure: .*--cap-add=BPF")

    def test_names_in_the_hint_are_different(self):
        program = self.path("twice")
        for i in range(2):
            source = self.path(f"part{i}.c", f"""
                static __attribute__((noinline, used)) int parse(int n) {{ return n * {i + 3}; }}
                int run{i}(int n) {{ return parse(n) + parse(n + 1); }}
            """)
            subprocess.run(["gcc", "-c", source, "-o", f"{program}{i}.o"], check=True)
        main = self.path("main.c", "int run0(int), run1(int); int main(void) { for (;;) run0(run1(1)); }")
        subprocess.run(["gcc", main, f"{program}0.o", f"{program}1.o", "-o", program], check=True)
        target = self.spawn(program)
        named = self.run_line(["-p", str(target.pid)]).stderr.splitlines()[0].partition(" functions: ")[2]
        self.assertEqual(sorted(named.removesuffix(", ...").split(", ")), ["main", "parse", "run0", "run1"])

    def test_traps(self):
        """The one who has left them knows what is proposed first, too."""
        for name in ("theirs", "rptrace.out"):
            with open(self.path(name), "w", encoding="utf-8"):
                os.chown(self.path(name), 65534, 65534)
        with open(self.path("first"), "w", encoding="utf-8"):
            os.link(self.path("first"), self.path("second"))
        os.symlink("first", self.path("link"))
        os.chmod(self.dir, 0o1777)
        self.check(TRAPS)

    def test_values(self):
        self.check(VALUES)

    def test_newer(self):
        self.check(NEWER)

    def test_recording(self):
        self.check(RECORDING)

    def test_reports(self):
        done = self.run_line(["record", "-f", "leaf", "-o", "record.rpt", "--", self.plain, "exit", "0"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check(REPORTS)

    def test_binary_forms_on_a_terminal(self):
        done = self.run_line(["record", "-f", "leaf", "-o", "record.rpt", "--", self.plain, "exit", "0"])
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, its = pty.openpty()
        with open(ours, "rb"), open(its, "wb") as terminal:
            done = subprocess.run([harness.rptrace_path, "report", "--format", "perfetto", "record.rpt"], cwd=self.dir,
                                  stdout=terminal, stderr=subprocess.PIPE, text=True, timeout=harness.DEADLINE,
                                  check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        cause, hint = done.stderr.splitlines()
        self.assertIn("no terminal can show it", cause)
        self.assertEqual(self.follow(hint.removeprefix(HINT)).returncode, 0, hint)
        self.assertTrue(os.path.getsize(self.path("rptrace.out")))

    def test_sampling(self):
        self.check(SAMPLING)

    def test_spans(self):
        self.check(SPANS)

    def test_words(self):
        self.check(WORDS)

    def test_options_together(self):
        self.check(TOGETHER)

    def test_what_selects_nothing(self):
        self.check(NOTHING)

    def test_one_of_two_names_is_wrong(self):
        """The other one is traced all the same."""
        done = self.run_line(["-p", str(self.target.pid), "-f", "leaf", "-f", "leaff", "-d", "100ms"])
        self.assertEqual(done.returncode, 0, done.stderr)
        said = done.stderr.splitlines()
        self.assertEqual(said[0], "rptrace: nothing in the target matches 'leaff'")
        self.assertEqual(self.follow(said[1].removeprefix(HINT)).returncode, 0, said[1])
        self.assertRegex(said[2], "tracing 1 region at 1 site in ")

    def test_list_of_a_program_without_markers(self):
        done = self.run_line(["list", "-p", str(self.target.pid)])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^leaf +function ")
        self.assertRegex(done.stdout, r"(?m)^ *[0-9]+ /.*/libc\.so")
        for line in re.findall("(?m)^  (rptrace .*)$", done.stdout):
            self.assertEqual(self.follow(line).returncode, 0, line)

    def test_list_as_json(self):
        done = self.run_line(["list", "--json", "-p", str(self.target.pid)])
        listed = json.loads(done.stdout)
        leaf = next(region for region in listed["regions"] if region["name"] == "leaf")
        self.assertEqual((leaf["kind"], leaf["sites"]), ("function", 1))
        self.assertIn(self.plain, [os.path.abspath(o["path"]) for o in listed["objects"] if o["functions"]])
        for line in listed["next"]:
            self.assertEqual(self.follow(line).returncode, 0, line)
        done = self.run_line(["list", "--json", "-p", str(self.target.pid), "-f", "_start"])
        self.assertEqual([r["name"] for r in json.loads(done.stdout)["refused"]], ["_start"])
