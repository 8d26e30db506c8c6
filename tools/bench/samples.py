# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What samples cost a program: Python, whose stacks take longest to walk, 22 of its functions deep."""

import contextlib
import os
import random
import statistics

from processes import PERF, Process

# How perf takes call stacks: by frame pointers, which Debian's programs lack, or with 8 KiB of the
# stack, from which it tells them afterwards.
PERF_STACKS = {"perf fp": "fp", "perf dwarf": "dwarf,8192"}
RATES = (997, 4999)
ROUNDS, BURSTS, WARM_UP = 5, 60, 10
# All have their memory at the same places, and their dictionaries in the same order: either may be
# worth as much as samples cost.
PYTHON = ("setarch", "-R", "env", "PYTHONHASHSEED=0", "/usr/bin/python3", "-c")
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


def start_sampling(bench, tool, rate, pid):
    """`floor`: an empty BPF program at the same clock. No sampler of this kind can cost less."""
    if tool == "floor":
        return Process(bench.floor, "clock", pid, rate, ready=("ready", "stdout"))
    if tool in PERF_STACKS:
        perf = Process(PERF, "record", "-q", "-e", "task-clock", "-c", round(1e9 / rate), "-p", pid,
                       "--call-graph", PERF_STACKS[tool], "-o", os.path.join(bench.folder, f"{pid}.data"),
                       "-D", "-1", "--control", "fd:0,1", ready=("ack", "stdout"))
        perf.popen.stdin.write(b"enable\n")
        perf.popen.stdin.flush()
        return perf
    return Process(bench.rptrace, "-p", pid, f"--sample={rate}", "-x", "*", "-i", "1h", stderr=-1,
                   ready=("rptrace: tracing", "stderr"))


def run_round(bench, sampled):
    """Bursts of a program that is not sampled and of one for each rate and tool take turns, in
    another order each time. Returns what each took in ns, burst by burst."""
    ns = {key: [] for key in (None, *sampled)}
    with contextlib.ExitStack() as stack:
        programs = {key: stack.enter_context(Process(*PYTHON, PROGRAM)) for key in ns}
        for program in programs.values():
            burst(program)
        for key in sampled:
            stack.enter_context(start_sampling(bench, *key, programs[key].popen.pid)).wait_ready()
        for n in range(WARM_UP + BURSTS):
            for key in random.sample(list(ns), len(ns)):
                took = burst(programs[key])
                if n >= WARM_UP:
                    ns[key].append(took)
    return ns


def bench_samples(bench):
    """In rounds, each with new programs: no two of them are equally fast."""
    tools = ("floor", "rptrace", *(() if bench.no_perf else PERF_STACKS))
    sampled = [(tool, rate) for tool in tools for rate in RATES]
    rounds = [run_round(bench, sampled) for _ in range(ROUNDS)]
    added = {key: 100 * (statistics.median(
        statistics.median(a / b for a, b in zip(ns[key], ns[None])) for ns in rounds) - 1)
             for key in sampled}
    return [{"name": f"{rate} Hz", "added_percent": added["rptrace", rate],
             **{f"{tool.replace(' ', '_')}_percent": added[tool, rate]
                for tool in tools if tool != "rptrace"}} for rate in RATES]
