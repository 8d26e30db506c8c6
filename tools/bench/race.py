# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""How tools are measured against each other: in turns, each on a process of its own."""

import contextlib
import os
import shutil
import statistics
import subprocess

from elf import Elf
from processes import BPFTRACE, FUNCLATENCY, Process, Rptrace, Target, why_not_perf

TURNS = 8  # bursts of each tool in a round


class Bench:
    """Paths, settings and how each tool is started on a target."""

    def __init__(self, args, folder):
        self.rptrace = os.path.join(args.build, "rptrace")
        self.floor = os.path.join(args.build, "bench/bench_floor")
        self.region = os.path.join(args.build, "targets/bench_region")
        self.many = os.path.join(args.build, "bench/bench_many")
        self.targets = os.path.join(args.build, "targets")
        self.records = os.path.join(args.build, "bench/bench_record")
        self.tables = os.path.join(args.build, "bench/bench_tables")
        self.rounds = args.rounds or (2 if args.quick else 5)
        self.folder, self.elfs = folder, {}
        self.kind = "session" if self.has_session() else "return"
        self.no_perf = why_not_perf()

    def copy(self, path, name):
        to = os.path.join(self.folder, f"{os.path.basename(path)}-{name}")
        if not os.path.exists(to):
            shutil.copy(path, to)
        return to

    def elf(self, path):
        if path not in self.elfs:
            self.elfs[path] = Elf(path)
        return self.elfs[path]

    def has_session(self):
        site = self.elf(self.region).symbols["bench_push"]
        with Target(self, self.region, "floor", "push", 1, 1) as target:
            try:
                with self.start_floor(target, "session", [site]) as floor:
                    floor.wait_ready()
                    return True
            except RuntimeError:
                return False

    def start_floor(self, target, kind, sites):
        return Process(self.floor, kind, target.pid, target.path, *sites,
                       ready=("ready", "stdout"))

    def start_rptrace(self, target, *select_args, cpus=None):
        return Rptrace(self, target, *select_args, cpus=cpus)

    def start_bpftrace(self, target, script):
        return Process(BPFTRACE, "-p", target.pid, "-e", script.replace("BIN", target.path),
                       stdin=subprocess.DEVNULL, ready=("Attaching", "stdout"))

    def start_funclatency(self, target, function):
        # What it says stays in its buffer: only its probes tell that it is ready.
        return Process(FUNCLATENCY, "-p", target.pid, f":{function}", stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)

    def race(self, lanes):
        """A lane: (path of the program, its arguments, how a tool starts on it or None). They take
        turns in short bursts, each on a process of its own, on one CPU and then on the next.
        -> {lane: ns of each burst}"""
        ns = {name: [] for name in lanes}
        cpus = sorted(os.sched_getaffinity(0))
        for _ in range(self.rounds):
            with contextlib.ExitStack() as stack:
                targets = {name: stack.enter_context(Target(self, path, lane_name(name), *mode))
                           for name, (path, mode, _) in lanes.items()}
                tools = {name: stack.enter_context(start(targets[name]))
                         for name, (_, _, start) in lanes.items() if start}
                for name, tool in tools.items():
                    tool.wait_ready()
                    targets[name].settle(name)
                for turn in range(TURNS):
                    for name, target in targets.items():
                        target.keep_to(cpus[turn % len(cpus)])
                        ns[name].append(target.run())
                for tool in tools.values():
                    tool.stop()
        return ns

    def compare(self, path, starters, *mode):
        """All tools on one and the same. -> a row: median ns of each, ratios of rptrace to them"""
        ns = self.race({tool: (path, mode, start)
                        for tool, start in ({"untraced": None} | starters).items()})
        row = {f"rptrace/{tool}": ratio(ns["rptrace"], ns[tool])
               for tool in starters if tool != "rptrace"}
        return row | {f"{tool}_ns": statistics.median(figures) for tool, figures in ns.items()}

    def series(self, key, sizes, path, sites, glob, mode):
        """The floor and rptrace at each size: `sites`, `glob` and `mode` give what it takes there.
        -> a row a size; first: against the first size"""
        lanes = {}
        for size in sizes:
            lanes["floor", size] = (path, mode(size), lambda target, at=sites(size):
                                    self.start_floor(target, self.kind, at))
            lanes["rptrace", size] = (path, mode(size), lambda target, name=glob(size):
                                      self.start_rptrace(target, "-f", name))
        ns = self.race(lanes)
        return [{key: size, "rptrace/floor": ratio(ns["rptrace", size], ns["floor", size]),
                 **{f"{tool}/first": ratio(ns[tool, size], ns[tool, sizes[0]])
                    for tool in ("rptrace", "floor")},
                 **{f"{tool}_ns": statistics.median(ns[tool, size])
                    for tool in ("floor", "rptrace")}} for size in sizes]


def lane_name(name):
    return name if isinstance(name, str) else "-".join(map(str, name))


def ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours, theirs))
