# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What a start takes: CPU time as a whole, and by part, as strace sees the system calls that load,
create and attach."""

import os
import re
import shutil
import statistics
import subprocess

from growth import many_glob
from processes import Target, say

STRACE = shutil.which("strace")
CALL = re.compile(r"bpf\(BPF_(\w+), \{.* = -?\d+.* <([\d.]+)>$")
PROGRAM = re.compile(r'prog_name="(\w+)"')
LONG = 0.1  # ms: what takes less is not told


def cpu_ms(argv):
    """CPU time of a program and of all that it has waited for."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return 1e3 * (usage.ru_utime + usage.ru_stime)


def part_of(line):
    """-> name of the part that a system call belongs to, ms; None: it is no call that ended."""
    call = CALL.search(line)
    if not call:
        return None
    program = PROGRAM.search(line) if call[1] == "PROG_LOAD" else None
    name = f"verifying {program[1]}" if program else call[1].lower().replace("_", " ")
    return name, 1e3 * float(call[2])


def parts(bench, argv):
    """ms by part of one start."""
    trace = os.path.join(bench.folder, "start.strace")
    subprocess.run([STRACE, "-T", "-s", "0", "-v", "-e", "trace=bpf", "-o", trace, *argv],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)
    sums = {}
    with open(trace) as file:
        for part in filter(None, map(part_of, file)):
            sums[part[0]] = sums.get(part[0], 0) + part[1]
    return sums


def bench_start(bench):
    with Target(bench, bench.many, "start", "many", 1, 1) as target:
        argv = [bench.rptrace, "-p", str(target.pid), "-f", many_glob(1), "-b", "-d", "10ms"]
        rows = [{"name": "rptrace, CPU", "ms": min(cpu_ms(argv) for _ in range(bench.rounds))}]
        if not STRACE:
            say("no strace: a start is not told by part")
            return rows
        runs = [parts(bench, argv) for _ in range(bench.rounds)]
    ms = {name: statistics.median(run.get(name, 0) for run in runs) for name in set().union(*runs)}
    names = sorted((name for name in ms if ms[name] >= LONG), key=lambda name: -ms[name])
    return rows + [{"name": name, "ms": ms[name]} for name in names]
