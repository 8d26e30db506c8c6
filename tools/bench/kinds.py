# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The first table: what a region of each kind costs under each tool."""

import os

from processes import BPFTRACE, FUNCLATENCY, PerfStat, say

REPEATS = 7  # in a burst
FUNCTION = """uprobe:BIN:{0} {{ @s[tid] = nsecs }}
uretprobe:BIN:{0} /@s[tid]/ {{ @h = hist(nsecs - @s[tid]); delete(@s[tid]) }}"""


PAIR = """usdt:BIN:{0} {{ @s[tid] = nsecs }}
usdt:BIN:{1} /@s[tid]/ {{ @h = hist(nsecs - @s[tid]); delete(@s[tid]) }}"""


VALUE = """usdt:BIN:{0} {{ @s[tid] = nsecs; @v[tid] = arg0 }}
usdt:BIN:{1} /@s[tid]/ {{ @h[@v[tid]] = hist(nsecs - @s[tid]);
delete(@s[tid]); delete(@v[tid]) }}"""


SPAN = """usdt:BIN:{0} {{ @s[arg0] = nsecs }}
usdt:BIN:{1} /@s[arg0]/ {{ @h = hist(nsecs - @s[arg0]); delete(@s[arg0]) }}"""


NAME = """usdt:BIN:{0} {{ @s[tid, str(arg0)] = nsecs }}
usdt:BIN:{1} /@s[tid, str(arg0)]/ {{ @h[str(arg0)] = hist(nsecs - @s[tid, str(arg0)]);
delete(@s[tid, str(arg0)]) }}"""


class Function:
    """`skip`: bytes from the entry to the instruction where the floor has its probe."""

    def __init__(self, mode, skip=0, attach=None, iterations=400):
        self.mode, self.skip, self.attach, self.iterations = mode, skip, attach, iterations

    def starters(self, bench):
        name = f"bench_{self.mode}"
        site = bench.elf(bench.region).symbols[name] + self.skip
        kind = "return" if self.attach == "multi" else bench.kind
        options = ["--attach", self.attach] if self.attach else []
        tools = {"floor": lambda target: bench.start_floor(target, kind, [site]),
                 "rptrace": lambda target: bench.start_rptrace(target, "-f", name, *options)}
        if BPFTRACE:
            tools["bpftrace"] = lambda target: bench.start_bpftrace(target, FUNCTION.format(name))
        if os.access(FUNCLATENCY, os.X_OK):
            tools["funclatency"] = lambda target: bench.start_funclatency(target, name)
        if not bench.no_perf:
            entry = bench.elf(bench.region).symbols[name]
            tools["perf"] = lambda target: PerfStat(
                target, {"enter": ("p", entry), "leave": ("r", entry)})
        return tools


class Probes:
    """`select_args` of rptrace; `sites`: of the floor, where it is more than begin and end."""

    def __init__(self, mode, begin, end, *select_args, script=PAIR, sites=()):
        self.mode, self.names, self.iterations = mode, (begin, end), 400
        self.script, self.select_args, self.sites = script, select_args, sites or (begin, end)

    def starters(self, bench):
        sites = [bench.elf(bench.region).probes[name] for name in self.sites]
        tools = {"floor": lambda target: bench.start_floor(target, "probe", sites),
                 "rptrace": lambda target: bench.start_rptrace(target, *self.select_args)}
        if BPFTRACE:
            tools["bpftrace"] = lambda target: bench.start_bpftrace(
                target, self.script.format(*self.names))
        if not bench.no_perf:
            tools["perf"] = lambda target: PerfStat(
                target, {f"site{i}": ("p", site) for i, site in enumerate(sites)})
        return tools


KINDS = {
    "function: push": Function("push"),
    "function: push, multi": Function("push", attach="multi"),
    "function: endbr64, push": Function("endbr64", skip=4, iterations=400),
    "function: stepped": Function("stepped", iterations=100),
    "USDT pair": Probes("usdt", "bench:usdt__start", "bench:usdt__done", "-u", "bench:usdt__start"),
    "marker": Probes("marker", "rptrace:bench_marker__begin", "rptrace:bench_marker__end", "-u",
                     "rptrace:bench_marker"),
    "marker in a marker": Probes(
        "inner", "rptrace:bench_inner__begin", "rptrace:bench_inner__end", "-u",
        "rptrace:bench_inner", "-u", "rptrace:bench_outer",
        sites=[f"rptrace:bench_{name}" for name in ("inner__begin", "inner__end", "outer__begin",
                                                    "outer__end")]),
    "marker with value": Probes("value", "rptrace:bench_value__begin", "rptrace:bench_value__end",
                                "-u", "rptrace:bench_value", script=VALUE),
    "span": Probes("span", "rptrace_span:bench_span__begin", "rptrace_span:bench_span__end",
                   "-u", "rptrace:bench_span", script=SPAN),
    "run-time name": Probes("name", "rptrace_name:begin", "rptrace_name:end", script=NAME),
}


def bench_kinds(bench):
    rows = []
    for name, kind in KINDS.items():
        say(f"measuring {name}")
        rows.append({"name": name, **bench.compare(bench.region, kind.starters(bench), kind.mode,
                                                   kind.iterations, REPEATS)})
    return rows
