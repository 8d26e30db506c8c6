#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What rptrace diff finds in runs of the demo: against itself (nothing), with one region 5 % slower (that one),
with one twice as often but as fast (in count and total alone). Run by "make bench-diff"; needs root and a calm
machine.

In each round four programs are recorded by turns, eight times: A, A again, slower, oftener. Three comparisons
with A follow. Rounds share no run, so that they are independent of each other."""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

from processes import say
from report import machine

PAIRS, SECONDS = 8, 2
PROGRAMS = {"a": [], "again": [], "slower": ["compute=105"], "oftener": ["parses=2"]}
SLOWER, OFTENER = "compute", "parse"
# Regions that the slower one is a part of.
AROUND_SLOWER = ("tenant", "request", "request_latency")
AROUND_OFTENER = ("request", "request_latency")


class Runs:
    def __init__(self, build, folder):
        self.rptrace, self.demo = (os.path.join(build, name) for name in ("rptrace", "targets/demo"))
        self.folder = folder
        self.blocks = self.find_blocks()

    def find_blocks(self):
        """Work for half of what this machine can do."""
        out = subprocess.run([self.demo, "0.1"], check=True, capture_output=True, text=True).stdout
        return int(re.search(r"(\d+) blocks a ms", out)[1]) // 2 + 1

    def record(self, program, number):
        path = os.path.join(self.folder, f"{program}{number}.rpt")
        subprocess.run([self.rptrace, "record", "-o", path, "--", self.demo, str(SECONDS), "0", f"blocks={self.blocks}",
                        *PROGRAMS[program]], check=True, capture_output=True)

    def record_all(self):
        for program in PROGRAMS:
            self.record(program, 0)  # a warm-up
        for number in range(1, PAIRS + 1):
            for program in random.sample(list(PROGRAMS), len(PROGRAMS)):
                self.record(program, number)

    def diff(self, program):
        sides = [[os.path.join(self.folder, f"{name}{i}.rpt") for i in range(1, PAIRS + 1)] for name in ("a", program)]
        out = subprocess.run([self.rptrace, "diff", "--json", *sides[0], "--", *sides[1]], check=True,
                             capture_output=True, text=True).stdout
        return {region["name"]: region for region in json.loads(out)["regions"]}


def flagged(regions):
    return {name for name, region in regions.items() if region["verdict"] in ("slower", "faster")}


def times(region, key):
    return region["b"][key] / region["a"][key]


def one_round(runs):
    runs.record_all()
    again, slower, oftener = (runs.diff(program) for program in ("again", "slower", "oftener"))
    return {
        "again": sorted(flagged(again)),
        "found": slower[SLOWER]["verdict"] == "slower",
        "change": slower[SLOWER]["change"],
        "others": sorted(flagged(slower) - {SLOWER, *AROUND_SLOWER}),
        # Of a request: how many there are in two seconds is the machine's affair.
        "often_count": times(oftener[OFTENER], "count") / times(oftener["request"], "count"),
        "often_total": times(oftener[OFTENER], "total_ns") / times(oftener["request"], "count"),
        "often_flagged": sorted(flagged(oftener) - set(AROUND_OFTENER)),
    }


def summary(rounds):
    n = len(rounds)
    share = n / 20
    goals = [
        ("A against A: rounds in which something is flagged", sum(bool(r["again"]) for r in rounds), "<=", 2 * share),
        (f"{SLOWER} 5 % slower: found", sum(r["found"] for r in rounds), ">=", 18 * share),
        ("the same: rounds in which others are flagged", sum(bool(r["others"]) for r in rounds), "<=", share),
        (f"{OFTENER} twice as often: its count a request doubled", sum(1.9 < r["often_count"] < 2.1 for r in rounds),
         ">=", n),
        ("the same: rounds in which it is flagged as slower", sum(OFTENER in r["often_flagged"] for r in rounds), "<=",
         share),
    ]
    rows = []
    for what, value, sign, bound in goals:
        met = value <= bound if sign == "<=" else value >= bound
        rows.append({"what": what, "value": value, "goal": f"{sign} {bound:g}", "met": met})
        print(f"  {what}: {value} of {n} ({sign} {bound:g}): {'met' if met else 'not met'}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="output folder of make (build)")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root, as tracing does")
    rounds = []
    for number in range(1, args.rounds + 1):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            rounds.append(one_round(Runs(os.path.abspath(args.build), folder)))
        say(f"round {number} of {args.rounds}: {json.dumps(rounds[-1])}")
    goals = summary(rounds)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "rounds": rounds, "goals": goals}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
