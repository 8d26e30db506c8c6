# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What grows with regions, paths, threads and depth; start and end; markers that nobody traces."""

import os
import re
import statistics
import subprocess
import time

from kinds import REPEATS
from processes import Target
from race import TURNS

MANY = 20000  # functions in bench_many


def many_glob(count):
    """Glob of the first functions of bench_many: count is a power of ten, or all."""
    zeros = len(str(count)) - 1
    return "bench_many_*" if count == MANY else "bench_many_1" + "0" * (5 - zeros) + "?" * zeros


def many_sites(bench, count):
    symbols = bench.elf(bench.many).symbols
    return [symbols[f"bench_many_{100000 + i}"] for i in range(count)]


def bench_regions(bench):
    return bench.series("regions", (1, 100, 1000, MANY), bench.many,
                        lambda count: many_sites(bench, count), many_glob,
                        lambda _: ("many", 400, REPEATS))


def bench_paths(bench):
    return bench.series("paths", (1, 100, 1000), bench.many,
                        lambda count: many_sites(bench, count), many_glob,
                        lambda count: ("many", 1000, REPEATS, 1, count))


def bench_threads(bench):
    site = bench.elf(bench.region).symbols["bench_push"]
    return bench.series("threads", (1, 2, 8, 64), bench.region, lambda _: [site],
                        lambda _: "bench_push",
                        lambda threads: ("push", 2000 // threads, REPEATS, threads))


def bench_nesting(bench):
    site = bench.elf(bench.region).symbols["bench_nest"]
    return bench.series("depth", (1, 8, 32, 64), bench.region, lambda _: [site],
                        lambda _: "bench_nest",
                        lambda depth: ("nest", 1000 // depth, REPEATS, 1, depth))


def timed(start):
    """-> seconds until it has attached, seconds until it has detached and ended."""
    begin = time.monotonic()
    with start() as tool:
        tool.wait_ready()
        attached = time.monotonic()
        time.sleep(0.2)
        ending = time.monotonic()
    return attached - begin, time.monotonic() - ending


def bench_attach(bench):
    rows = []
    with Target(bench, bench.many, "floor", "many", 1, 1) as target:
        for count in (1, MANY):
            sites = many_sites(bench, count)
            for tool, start in (
                    ("floor", lambda: bench.start_floor(target, bench.kind, sites)),
                    ("rptrace", lambda: bench.start_rptrace(target, "-f", many_glob(count)))):
                times = [timed(start) for _ in range(bench.rounds)]
                rows.append({"name": f"{tool}, {count} functions",
                             "start_ms": 1e3 * statistics.median(t[0] for t in times),
                             "end_ms": 1e3 * statistics.median(t[1] for t in times)})
    return rows


def bench_untraced(bench):
    """A loop with markers against the same without them, nobody tracing."""
    ns = {"bench_marker": [], "bench_marker_off": []}
    for _ in range(TURNS):
        for program, figures in ns.items():
            out = subprocess.run([os.path.join(bench.targets, program), "21", "20000"],
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 check=True).stdout
            figures.append(float(re.search(r": (\S+) ns", out).group(1)))
    ratios = [on / off for on, off in zip(ns["bench_marker"], ns["bench_marker_off"])]
    return [{"with/without": statistics.median(ratios),
             "with_ns": statistics.median(ns["bench_marker"]),
             "without_ns": statistics.median(ns["bench_marker_off"])}]
