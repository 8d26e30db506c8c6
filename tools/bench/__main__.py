#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What tracing costs: regions under rptrace, next to an empty BPF program on the same sites (the
floor: what the kernel takes), bpftrace with a histogram, funclatency, and perf stat, which only
counts. Run by "make bench"; needs root.

Every tool traces a process of its own, of one and the same program, and they take turns in bursts
of some milliseconds, so that what else the machine does meets all alike. A figure is CPU time of
the traced thread: the best repeat of a burst, then the median of the bursts; a ratio is the median
of the ratios of neighbouring bursts. Each round starts everything anew."""

import argparse
import json
import os
import sys
import tempfile

from exports import bench_exports
from growth import (bench_attach, bench_nesting, bench_paths, bench_regions, bench_threads, bench_untraced)
from kinds import bench_kinds
from own import bench_memory, bench_screen, bench_self
from page import bench_page
from processes import say
from race import Bench
from records import bench_records
from report import check_goals, machine, print_table
from samples import bench_samples
from start import bench_start
from tables import bench_tables
from wakers import bench_wakers

SECTIONS = {
    "what a region costs": ("kinds", bench_kinds),
    "regions attached, one of them hit": ("regions", bench_regions),
    "paths hit in turn": ("paths", bench_paths),
    "threads, CPU ns of the thread": ("threads", bench_threads),
    "nesting, a region of it": ("nesting", bench_nesting),
    "start and end of the tool": ("attach", bench_attach),
    "what a start takes, by part": ("start", bench_start),
    "rptrace itself": ("self", bench_self),
    "memory": ("memory", bench_memory),
    "records": ("records", bench_records),
    "samples, CPU time of the thread": ("samples", bench_samples),
    "unwind tables, CPU time to read them": ("tables", bench_tables),
    "who ends sleep, CPU time of a thread for a sleep and a wake-up": ("wakers", bench_wakers),
    "the live screen, one picture a second": ("screen", bench_screen),
    "the HTML report": ("page", bench_page),
    "markers that nobody traces": ("markers_untraced", bench_untraced),
    "exports of a record, an instance of it": ("exports", bench_exports),
}


def run(bench, quick, only):
    here = machine()
    report = {"schema": "rptrace-bench/1", "machine": here, "rounds": bench.rounds,
              "floor": bench.kind, "no_perf": bench.no_perf}
    print(f"Linux {here['kernel']} {here['arch']}, {here['cpu']}, {here['cores']} CPUs"
          f"{', a virtual machine' if here['virtual'] else ''}, clock {here['clock']}; "
          f"{bench.rounds} rounds; floor: {bench.kind}")
    if bench.no_perf:
        print(f"without perf: {bench.no_perf}")
    for title, (key, section) in SECTIONS.items():
        if (quick and key != "kinds") or (only and key not in only):
            continue
        say(f"measuring {title}")
        report[key] = section(bench)
        print_table(title, report[key])
    report["goals"] = check_goals(report)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="output folder of make (build)")
    parser.add_argument("--quick", action="store_true", help="the first table alone, fewer rounds")
    parser.add_argument("--only", metavar="KEY", action="append", help="this table, as JSON calls it; repeatable")
    parser.add_argument("--rounds", type=int, help="turns of each tool (5; quick: 3)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root, as tracing does")

    with tempfile.TemporaryDirectory(dir=os.path.join(args.build, "bench")) as folder:
        report = run(Bench(args, os.path.abspath(folder)), args.quick, args.only)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(report, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
