# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What a record costs: the target, rptrace, the disk; and how fast it is read."""

import json
import os
import re
import statistics
import subprocess
import time

from processes import Process, Target
from race import ratio

SECONDS = 10
READ, REPORTED = 4_000_000, 10_000_000  # instances
PAUSE = 0.01


def cpu_seconds(pid):
    """All of its threads; those of its child, the calibration, are no recorder's."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report_of(bench, record):
    out = subprocess.run([bench.rptrace, "report", "--json", record], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def race_recorded(bench):
    """The same with and without a record, in turns."""
    ns = bench.race({
        "rptrace": (bench.region, ("push", 2000, 20),
                    lambda target: bench.start_rptrace(target, "-f", "bench_push")),
        "recorded": (bench.region, ("push", 2000, 20),
                     lambda target: bench.start_rptrace(target, "-f", "bench_push", "--record",
                                                        f"{target.path}.rpt"))})
    added = [a - b for a, b in zip(ns["recorded"], ns["rptrace"])]
    return {"name": "a region", "recorded/rptrace": ratio(ns["recorded"], ns["rptrace"]),
            "added_ns": statistics.median(added),
            "rptrace_ns": statistics.median(ns["rptrace"]),
            "recorded_ns": statistics.median(ns["recorded"])}


def record_for(bench, name, threads, drive):
    """Record what `drive` makes the target do. -> a row"""
    record = os.path.join(bench.folder, f"{threads}.rpt")
    with Target(bench, bench.region, f"record-{threads}", "push", 1000, 1, threads) as target:
        with Process(bench.rptrace, "record", "-p", target.pid, "-f", "bench_push", "-o", record,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                     ready=("rptrace: tracing", "stderr")) as tracer:
            tracer.wait_ready()
            target.settle("rptrace")
            cpu, begin, regions = cpu_seconds(tracer.popen.pid), time.monotonic(), target.regions
            drive(target)
            seconds = time.monotonic() - begin
            cpu = cpu_seconds(tracer.popen.pid) - cpu
            rate = (target.regions - regions) / seconds
    report = report_of(bench, record)
    recorded = sum(region["count"] for region in report["regions"])
    # What came before its probes is in neither.
    lost = report["lost"]["instances"]
    return {"name": name, "rate": rate, "lost_percent": 100 * lost / (recorded + lost),
            "cpu_percent": 100 * cpu / seconds, "bytes": os.path.getsize(record) / recorded}


def at_full_speed(target):
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        target.run(iterations=20000, repeats=20)


def at_100000(target):
    """A thousand at a time: what is late is made up for."""
    begin = time.monotonic()
    for turn in range(int(SECONDS / PAUSE)):
        target.run(iterations=int(100000 * PAUSE) - 1, repeats=1)
        time.sleep(max(0, begin + (turn + 1) * PAUSE - time.monotonic()))


def record_demo(bench):
    record = os.path.join(bench.folder, "demo.rpt")
    subprocess.run([bench.rptrace, "record", "-o", record, "--",
                    os.path.join(bench.targets, "demo"), "3"], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    count = sum(region["count"] + region["unwound"] for region in report_of(bench, record)["regions"])
    return {"name": "the demo", "bytes": os.path.getsize(record) / count}


def tool(bench, *args):
    """-> instances, seconds of CPU time and MiB that it took"""
    child = subprocess.Popen([str(arg) for arg in args], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE)
    text = child.stdout.read().decode()
    child.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(child.args)}: status {child.returncode}")
    found = re.match(r"(\d+) instances", text)
    return int(found.group(1)) if found else 0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def read_records(bench):
    rows = []
    for name, count in (("read", READ), ("report of it", REPORTED)):
        record = os.path.join(bench.folder, "read.rpt")
        tool(bench, bench.records, "write", count, record)
        args = ((bench.records, "read") if name == "read" else (bench.rptrace, "report"))
        best = min((tool(bench, *args, record)[1:] for _ in range(3)))
        rows.append({"name": f"{name}: {count // 1000000} million", "cpu_s": best[0],
                     "ns": 1e9 * best[0] / count, "rss_mib": best[1],
                     "bytes": os.path.getsize(record) / count})
    return rows


def bench_records(bench):
    return [race_recorded(bench),
            record_for(bench, "two threads, as fast as they can", 2, at_full_speed),
            record_for(bench, "100,000 a second", 1, at_100000),
            record_demo(bench),
            *read_records(bench)]
