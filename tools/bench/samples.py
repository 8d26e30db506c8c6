# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What samples cost a program: Python, whose stacks take longest to walk, 22 of its functions deep."""

import contextlib
import random
import statistics

from processes import Process

RATES = (997, 4999)
BURSTS, WARM_UP = 300, 10
# A burst of about 10 ms for each line that it reads; it answers with the CPU time that it took.
PROGRAM = """
import sys, time
def dive(depth):
    if depth:
        return dive(depth - 1)
    return sum(len(str(i * i)) for i in range(60000))
for line in sys.stdin:
    begin = time.thread_time_ns()
    dive(20)
    print(time.thread_time_ns() - begin, flush=True)
"""


def burst(process):
    process.popen.stdin.write(b"\n")
    process.popen.stdin.flush()
    return int(process.wait_line(r"(\d+)").group(1))


def bench_samples(bench):
    """One program that is not sampled and one for each rate take turns, in another order each time."""
    ns = {rate: [] for rate in (0, *RATES)}
    with contextlib.ExitStack() as stack:
        programs = {rate: stack.enter_context(Process("/usr/bin/python3", "-c", PROGRAM)) for rate in ns}
        for rate in RATES:
            stack.enter_context(Process(
                bench.rptrace, "-p", programs[rate].popen.pid, f"--sample={rate}", "-x", "*", "-i", "1h",
                stderr=-1, ready=("rptrace: tracing", "stderr"))).wait_ready()
        for n in range(WARM_UP + BURSTS):
            for rate in random.sample(list(ns), len(ns)):
                took = burst(programs[rate])
                if n >= WARM_UP:
                    ns[rate].append(took)
    return [{"name": f"{rate} Hz", "added_percent": 100 * (statistics.median(
        a / b for a, b in zip(ns[rate], ns[0])) - 1)} for rate in RATES]
