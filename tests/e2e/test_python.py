# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The USDT probes of CPython, against -X importtime and the counts of its own gc module."""

import json
import os
import re
import subprocess

from harness import Case

PYTHON = "/usr/bin/python3.11"
IMPORT = "import__find__load"

# A package with submodules that sleep or spin in their bodies, so that noise is small.
SPIN = "import time\nuntil = time.thread_time() + {}\nwhile time.thread_time() < until: pass\n"
SLEEP = "import time\ntime.sleep({})\n"
PACKAGE = {
    "__init__.py": SPIN.format(0.15) + "from . import sleeper, outer\n" + SLEEP.format(0.05),
    "sleeper.py": SLEEP.format(0.1),
    "outer/__init__.py": SLEEP.format(0.05) + "from . import inner\n",
    "outer/inner.py": SPIN.format(0.06),
}
SLEPT_NS, SPUN_NS = int(0.2e9), int(0.21e9)


class Import:
    """A line of -X importtime; they come as the imports end, nested ones indented before."""

    def __init__(self, match):
        self.self_ns, self.total_ns = int(match[1]) * 1000, int(match[2]) * 1000
        self.depth, self.name = (len(match[3]) - 1) // 2, match[4]


def imports(text):
    pattern = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \|( +)(\S+)$", re.M)
    return [Import(match) for match in pattern.finditer(text)]


class Python(Case):
    needs = (PYTHON,)

    def assertClosed(self, region):
        self.assertEqual((region["kind"], region["open"], region["unwound"]), ("usdt", 0, 0))

    def package(self, name):
        for file, text in PACKAGE.items():
            self.path(f"{name}/{file}", text)

    def check_times(self, snapshot, own):
        """Total within 2 % and self within 5 %, of the region and of each depth that took long."""
        region = snapshot.region(IMPORT)
        waited = region["wait_ns"]
        outermost = sum(i.total_ns for i in own if not i.depth)
        self.assertNear(region["total_ns"], outermost, 0.02, "total", waited)
        self.assertNear(region["self_ns"], sum(i.self_ns for i in own), 0.02, "self", waited)
        self.assertNear(region["max_ns"], max(i.total_ns for i in own), 0.02, "longest", waited)
        totals = snapshot.by_nesting(IMPORT, "total_ns")
        selfs = snapshot.by_nesting(IMPORT, "self_ns")
        counts = snapshot.by_nesting(IMPORT)
        for depth in counts:
            mine = [i for i in own if i.depth == depth]
            self.assertEqual(counts[depth], len(mine), f"imports at depth {depth}")
            if totals[depth] > 50e6:
                self.assertNear(totals[depth], sum(i.total_ns for i in mine), 0.02,
                                f"total at depth {depth}", waited)
                self.assertNear(selfs[depth], sum(i.self_ns for i in mine), 0.05,
                                f"self at depth {depth}", waited)

    def test_imports_of_a_command(self):
        self.package("rp_package")
        script = self.path("script.py", "import asyncio, json, http.client, rp_package\n")
        # Collections of garbage are no part of the own time, but for Python they are.
        snapshot, proc = self.run_traced("-x", "function", "-x", "gc", "--", PYTHON, "-X", "importtime",
                                         script)
        own = imports(proc.err())
        self.assertGreater(len(own), 100)
        region = snapshot.region(IMPORT)
        self.assertClosed(region)
        self.assertEqual(region["count"], len(own))
        self.check_times(snapshot, own)

    def test_package_after_attach(self):
        """Nothing but one package of known times."""
        self.package("rp_package")
        script = self.path("script.py", "\n".join([
            "import json, resource, sys, time",
            "print('ready', flush=True)",
            "sys.stdin.readline()",
            "print('now', file=sys.stderr, flush=True)",
            "spun = time.thread_time_ns()",
            "import rp_package",
            "print(json.dumps({'cpu': time.thread_time_ns() - spun}), flush=True)",
            "sys.stdin.readline()"]))
        python = self.spawn(PYTHON, "-X", "importtime", script, stdin=subprocess.PIPE)
        python.wait_lines("^ready$", stream="stdout")
        self.attach("-p", str(python.pid), "-u", "python:import__find__load__start")
        python.say("go\n")
        figures = json.loads(python.wait_lines("^{", stream="stdout")[0])
        snapshot = self.detach()
        python.finish()

        own = imports(python.err().split("now\n")[1])
        region = snapshot.region(IMPORT)
        self.assertClosed(region)
        self.assertEqual([i.name.strip() for i in own],
                         ["rp_package.sleeper", "rp_package.outer.inner", "rp_package.outer",
                          "rp_package"])
        self.assertEqual(region["count"], 4)
        self.assertEqual(snapshot.by_nesting(IMPORT), {0: 1, 1: 2, 2: 1})
        self.check_times(snapshot, own)
        self.assertNear(region["cpu_ns"], figures["cpu"], 0.02, "cpu")
        self.assertGreaterEqual(region["cpu_ns"], SPUN_NS)
        overslept = max(0, own[-1].total_ns - figures["cpu"] - SLEPT_NS)
        self.assertNear(region["blocked_ns"], SLEPT_NS, 0.05, "blocked", overslept)

    def test_cpu_time_across_processors(self):
        """Clocks of processors differ: what moves to another between its ends must not show it."""
        processors = sorted(os.sched_getaffinity(0))
        if len(processors) < 2:
            self.skipTest("this machine has one processor")
        self.path("mover.py", "\n".join([
            "import os, time",
            "before = time.thread_time_ns()",
            "for processor in os.ends:",
            "    os.sched_setaffinity(0, [processor])",
            "    until = time.thread_time() + 0.05",
            "    while time.thread_time() < until: pass",
            "spun = time.thread_time_ns() - before"]))
        for ends in ((processors[0], processors[-1]), (processors[-1], processors[0])):
            script = self.path("script.py", "\n".join([
                "import os, sys, time",
                f"os.ends = {ends}",
                "os.sched_setaffinity(0, os.ends[:1])",
                "print('ready', flush=True)",
                "sys.stdin.readline()",
                "before = time.thread_time_ns()",
                "import mover",
                "print(mover.spun, time.thread_time_ns() - before, flush=True)",
                "sys.stdin.readline()"]))
            python = self.spawn(PYTHON, "-B", script, stdin=subprocess.PIPE)
            python.wait_lines("^ready$", stream="stdout")
            self.attach("-p", str(python.pid), "-u", "python:import__find__load__start")
            python.say("go\n")
            own, most = map(int, python.wait_lines(r"^\d", stream="stdout")[0].split())
            region = self.detach().region(IMPORT)
            python.finish()
            self.assertEqual(region["count"], 1)
            # What is more than its own figure is finding and compiling the module.
            self.assertGreaterEqual(region["cpu_ns"], own, ends)
            self.assertLessEqual(region["cpu_ns"], most, ends)

    def test_collections(self):
        script = self.path("script.py", "\n".join([
            "import gc, json, os, sys",
            "calls = {'start': 0, 'stop': 0}",
            "def count(phase, info): calls[phase] += 1",
            "gc.disable()",
            "calls['before'] = sum(s['collections'] for s in gc.get_stats())",
            "gc.callbacks.append(count)",
            "gc.enable()",
            "keep = [[[] for j in range(100)] for i in range(2000)]",
            "for i in range(10): gc.collect(i % 3)",
            "gc.disable()",
            "calls['all'] = sum(s['collections'] for s in gc.get_stats())",
            "print(json.dumps(calls), flush=True)",
            "os._exit(0)"]))  # or the last collections would be traced, not counted by it
        snapshot, proc = self.run_traced("-u", "python:gc__start:gc__done", "--", PYTHON, script)
        own = json.loads(proc.out())
        self.assertGreater(own["start"], 100)
        region = snapshot.region("gc")
        self.assertClosed(region)
        self.assertEqual(region["count"], own["before"] + own["start"])
        self.assertEqual((own["start"], own["all"]), (own["stop"], region["count"]))
