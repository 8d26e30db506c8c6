# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What it costs to tell who ends sleep: two threads that wake each other as fast as they can."""

import os
import random
import statistics

from processes import Target
from race import ratio

WINDOWS = 4  # of each in a round
BOUNCES, REPEATS = 400, 20
OPTIONS = {"rptrace": (), "wakers": ("--wakers",)}


def window(bench, targets, options):
    """-> CPU ns of a thread for a sleep and a wake-up, in each target, while the first is traced"""
    with bench.start_rptrace(targets[0], "-u", "rptrace:bench_bounce", *options) as tracer:
        tracer.wait_ready()
        for target in targets:
            target.run(repeats=1)
        return [target.run() for target in targets]


def bench_wakers(bench):
    """What tells it runs at each switch of the machine: so no two tracers run at a time, but take turns."""
    names = ("in a traced region", "in another program")
    ns = {tool: [] for tool in OPTIONS}
    with Target(bench, bench.region, "traced", "bounce", BOUNCES, REPEATS, 2) as traced, \
            Target(bench, bench.region, "other", "bounce", BOUNCES, REPEATS, 2) as other:
        for target in (traced, other):
            os.sched_setaffinity(target.pid, {min(os.sched_getaffinity(0))})
        for _ in range(bench.rounds * WINDOWS):
            for tool in random.sample(list(OPTIONS), len(OPTIONS)):
                ns[tool].append(window(bench, (traced, other), OPTIONS[tool]))
    rows = []
    for name, without, told in zip(names, zip(*ns["rptrace"]), zip(*ns["wakers"])):
        rows.append({"name": name, "wakers/rptrace": ratio(told, without),
                     "added_ns": statistics.median(a - b for a, b in zip(told, without)),
                     "rptrace_ns": statistics.median(without), "wakers_ns": statistics.median(told)})
    return rows
