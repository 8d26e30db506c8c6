# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Functions and lines of Python programs by samples, against the CPU time that they say they took."""

import contextlib
import glob
import json
import math
import os
import re
import time
import unittest

from harness import Case, rptrace_path

DEBIAN = "/usr/bin/python3.11"

# Two loops in one function, 7 : 3 by the numbers that they add up, and a key that sort() calls.
SCRIPT = """\
import json, os, random, sys, threading, time, types
spent = [0.0, 0.0]

def loops(n):
    a = time.thread_time()
    total = 0
    for i in range(7 * n):
        total += i
    b = time.thread_time()
    for i in range(3 * n):
        total += i
    c = time.thread_time()
    spent[0] += b - a; spent[1] += c - b

class Key:
    def by_squares(self, x):
        return sum(i * i for i in range(200))

def dive(depth):
    if depth:
        return dive(depth - 1)
    for _ in range(2000):
        sorted(range(40), key=Key().by_squares)

def work(seconds):
    while time.thread_time() < seconds:
        # Not in step with the clock of samples.
        loops(random.randrange(2500, 7500))

if sys.argv[1] == "wait":
    print("ready", flush=True)
    sys.stdin.readline()
    work(1.2)
elif sys.argv[1] == "threads":
    threads = [threading.Thread(target=work, args=(0.5,)) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
elif sys.argv[1] == "dive":
    until = time.thread_time() + 1
    while time.thread_time() < until:
        dive(int(sys.argv[2]))
elif sys.argv[1] == "made":
    until = time.thread_time() + 1.5
    while time.thread_time() < until:
        name, names = f"made_{len(spent)}", {}
        # Without variables of its own: most of what a code object points to is where it was.
        exec(compile(f"def {name}(): return sum(range(60000))", name, "exec"), names)
        names.pop(name)()
        spent.append(0)
elif sys.argv[1] == "moves":
    cpus, turn = sorted(os.sched_getaffinity(0))[:2], 0
    code, names = (lambda: sum(range(60000))).__code__, ("made_0", "made_1")
    until = time.thread_time() + 1.5
    while time.thread_time() < until:
        turn ^= 1
        os.sched_setaffinity(0, {cpus[turn]})
        # Nothing but the name differs, and each is where the other one was.
        types.FunctionType(code.replace(co_name=names[turn], co_qualname=names[turn]), {
            "sum": sum, "range": range})()
elif sys.argv[1] == "forks":
    for _ in range(5):
        child = os.fork()
        work(time.thread_time() + 0.2)
        if not child:
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
else:
    work(1.2)
print(json.dumps(spent), flush=True)
"""
SEVEN, THREE = (7, 8), (10, 11)  # lines of the loops, `for` and what it repeats


def interpreters(version):
    """An installed one, not what a version manager puts in its place."""
    places = ["/usr/bin", "/usr/local/bin"]
    places += sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin")))
    return [path for path in (f"{place}/python{version}" for place in places)
            if os.access(path, os.X_OK)]


def most_memory(pid):
    """KiB that any child of a process has ever had; 0 if there are none left."""
    most = 0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        for child in file.read().split():
            with contextlib.suppress(OSError), open(f"/proc/{child}/status", encoding="utf-8") as status:
                found = re.search(r"VmHWM:\s+(\d+)", status.read())
                most = max(most, int(found.group(1)) if found else 0)
    return most


class PythonFrames(Case):
    needs = (DEBIAN,)

    def interpreter(self, version):
        """Where it is missing the test is skipped, and says so."""
        found = interpreters(version)
        if not found:
            raise unittest.SkipTest(f"python{version} is not installed")
        return found[0]

    def profile(self, *command):
        """Lines of the whole, samples taken, and what the script said."""
        snapshot, proc = self.run_traced("--sample", "-x", "*", "--", *command)
        return snapshot.data["lines"], snapshot.data["samples"], proc.out()

    def count(self, lines, function, numbers=None, key="cumulative"):
        return sum(line[key] for line in lines
                   if line["function"] == function and line["object"] == "[python]" and
                   (numbers is None or line["line"] in numbers))

    def check_loops(self, lines, spent):
        seven, three = (self.count(lines, "loops", of) for of in (SEVEN, THREE))
        self.assertShare(seven, seven + three, spent[0] / sum(spent), sum(spent))
        # A line of each loop's own, and what it repeats apart from that.
        for number in (*SEVEN, *THREE):
            self.assertGreater(self.count(lines, "loops", (number,)), 0, number)

    def check_lines(self, version):
        script = self.path("script.py", SCRIPT)
        lines, samples, said = self.profile(self.interpreter(version), script, "work")
        self.check_loops(lines, json.loads(said))
        files = {line["file"] for line in lines if line["function"] == "loops"}
        self.assertEqual(files, {script})
        # Whoever runs it is around it, natively, and what evaluates it is not in between.
        self.assertGreater(self.count(lines, "work"), 0.9 * self.count(lines, "loops"))
        self.assertGreater(self.count(lines, "<module>"), 0.9 * self.count(lines, "loops"))
        evaluations = sum(line["cumulative"] for line in lines
                          if line["function"] == "_PyEval_EvalFrameDefault")
        self.assertLess(evaluations, 0.1 * samples["taken"])

    def test_lines_of_3_11(self):
        self.check_lines("3.11")

    def test_lines_of_3_12(self):
        self.check_lines("3.12")

    def test_lines_of_3_13(self):
        self.check_lines("3.13")

    def test_process_that_runs(self):
        target = self.spawn(DEBIAN, self.path("script.py", SCRIPT), "wait", stdin=-1)
        target.wait_lines("ready", stream="stdout")
        self.attach("--sample", "-x", "*", "-p", target.pid)
        target.say("go\n")
        target.finish()
        self.tracer.finish()
        lines = self.snapshot().data["lines"]
        self.check_loops(lines, json.loads(target.out().splitlines()[-1]))

    def test_threads(self):
        lines, _, said = self.profile(DEBIAN, self.path("script.py", SCRIPT), "threads")
        self.check_loops(lines, json.loads(said))

    def stacks(self, *command):
        """Those of --format folded, each a list of names, with their samples."""
        out = self.path("stacks.folded")
        self.spawn(rptrace_path, "--sample", "-x", "*", "--format", "folded", "-o", out, "--",
                   *command).finish()
        with open(out, encoding="utf-8") as file:
            stacks = [line.rsplit(" ", 1) for line in file]
        return [(stack.split(";"), int(n)) for stack, n in stacks]

    def test_native_frames_in_between(self):
        stacks = self.stacks(DEBIAN, self.path("script.py", SCRIPT), "dive", 20)
        calls = [(names, n) for names, n in stacks if "Key.by_squares" in names]
        right = 0
        for names, n in calls:
            self.assertEqual(names.count("dive"), 21, names)
            first, last = names.index("dive"), names.index("Key.by_squares")
            self.assertEqual(names[first:first + 21], ["dive"] * 21)
            self.assertNotIn("dive", names[last:])
            self.assertIn("<module>", names[:first])
            self.assertNotIn("<module>", names[first:])
            # Python calls Python without C, and sorted() is C.
            right += n if last > first + 21 else 0
        # For an instruction or two, a call that C has begun looks to the interpreter like one that Python has.
        self.assertGreater(right, 0.99 * sum(n for _, n in calls))

    def test_deep_recursion(self):
        """Counted once a sample; what is too deep to be told is cut off, and that is counted."""
        lines, samples, _ = self.profile(DEBIAN, self.path("script.py", SCRIPT), "dive", 900)
        dives = self.count(lines, "dive", (21,))
        self.assertGreater(dives, 100)
        self.assertLessEqual(dives, samples["taken"])
        self.assertGreaterEqual(samples["stacks"]["depth"],
                                self.count(lines, "Key.by_squares", (17,)))

    def test_memory_of_debug_information(self):
        """What reads that of libpython is a process of rptrace's, bounded in memory whatever it is given."""
        self.tracer = self._rptrace("--sample", "-x", "*", "--", self.interpreter("3.12"),
                            self.path("script.py", SCRIPT), "work")
        most = 0
        while self.tracer.popen.poll() is None:
            most = max(most, most_memory(self.tracer.pid))
            time.sleep(0.02)
        self.tracer.finish()
        if not any(line["file"].endswith("ceval.c") for line in self.snapshot().data["lines"]):
            self.skipTest("python3.12 has no debug information")
        self.assertGreater(most, 0)
        self.assertLess(most, 256 << 10)

    def remove_perf_maps(self):
        """Those of the processes of this test, which leave them behind."""
        for path in glob.glob("/tmp/perf-*.map"):
            with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
                if self.dir in file.read():
                    os.unlink(path)

    def check_trampolines(self, version):
        """Each function has native code of its own with -X perf, which a fork drops."""
        self.addCleanup(self.remove_perf_maps)
        lines, samples, said = self.profile(self.interpreter(version), "-X", "perf",
                                            self.path("script.py", SCRIPT), "forks")
        self.assertEqual(len(json.loads(said)), 2)
        self.assertGreater(self.count(lines, "loops"), 0.8 * samples["taken"])
        self.assertGreater(self.count(lines, "<module>"), 0.8 * samples["taken"])

    def test_forks_with_trampolines_of_3_12(self):
        self.check_trampolines("3.12")

    def test_forks_with_trampolines_of_3_13(self):
        self.check_trampolines("3.13")

    def check_freed_code(self, version):
        """Each function runs once and is gone, and the next one is where it was, but for its name."""
        lines, _, said = self.profile(self.interpreter(version), self.path("script.py", SCRIPT), "made")
        counts = {}
        for line in lines:
            if line["object"] == "[python]" and line["function"].startswith("made_"):
                self.assertEqual(line["file"], line["function"])
                counts[line["function"]] = counts.get(line["function"], 0) + line["cumulative"]
        taken, made = sum(counts.values()), len(json.loads(said)) - 2
        self.assertGreater(taken, 500)
        # So many are met if chance alone decides which: 0.63 of them by as many samples, give or take 0.02.
        self.assertGreater(len(counts), 0.85 * made * (1 - math.exp(-taken / made)))

    def test_code_at_the_place_of_freed_code_of_3_11(self):
        self.check_freed_code("3.11")

    def test_code_at_the_place_of_freed_code_of_3_12(self):
        self.check_freed_code("3.12")

    def test_code_at_the_place_of_freed_code_of_3_13(self):
        self.check_freed_code("3.13")

    def test_code_at_one_place_on_two_cpus(self):
        """One CPU meets the same function again, and there was another at its place meanwhile, on the other."""
        if len(os.sched_getaffinity(0)) < 2:
            raise unittest.SkipTest("takes two CPUs")
        lines, _, _ = self.profile(DEBIAN, self.path("script.py", SCRIPT), "moves")
        one, other = (self.count(lines, f"made_{turn}") for turn in (0, 1))
        self.assertGreater(one + other, 500)
        self.assertGreater(min(one, other), 0.25 * (one + other))

    def test_unknown_version(self):
        old = self.interpreter("3.10")
        proc = self._rptrace("--sample", "--", old, self.path("script.py", SCRIPT), "dive", 1)
        proc.finish()
        self.assertRegex(proc.err(), "no Python functions are shown of .*python3.10.*: rptrace "
                                     "knows CPython 3.11, 3.12 and 3.13")
        self.assertEqual(self.count(self.snapshot().data["lines"], "dive"), 0)
