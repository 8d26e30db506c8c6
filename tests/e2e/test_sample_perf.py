# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Samples of a program against those that perf takes of it at the same time."""

import collections
import math
import os
import re
import subprocess

from harness import Case

HZ = 4001
# Standard deviations by which two shares may differ by chance: ten of them do by more once in 50 million runs.
DEVIATIONS = 6
BESIDES = 0.002  # where either begins or ends, and what it cannot unwind
LEAST = 4000
FUNCTIONS = ("seven", "three", "take", "both", "main")
TARGETS = os.path.abspath(os.environ.get("RPT_TARGETS", "build/targets"))


class Perf(Case):
    needs = ("perf",)

    def setUp(self):
        super().setUp()
        told = subprocess.run(["perf", "--version"], capture_output=True, text=True, check=False)
        if told.returncode:
            self.skipTest(told.stderr.strip())

    def start_perf(self, pid):
        self.data = self.path("perf.data")
        # A pipe that is closed before perf has ended is a fault to it: status 234.
        commands, ours = os.pipe()
        self.addCleanup(os.close, ours)
        perf = self.spawn("perf", "record", "-q", "-e", "task-clock", "-c", round(1e9 / HZ), "--call-graph",
                          "dwarf,2048", "-p", pid, "-o", self.data, "-D", "-1", "--control", "fd:0,1", stdin=commands)
        os.close(commands)
        os.write(ours, b"enable\n")
        perf.wait_lines("ack", stream="stdout")
        return perf

    def shares_of_perf(self):
        """-> share of samples by function, of (self, inclusive), and how many there are"""
        text = subprocess.run(["perf", "script", "-i", self.data, "-F", "ip,sym"], check=True, capture_output=True,
                              text=True).stdout
        stacks = [re.findall(r"^\s*[0-9a-f]+ (\S+)", stack, re.MULTILINE) for stack in text.split("\n\n")]
        stacks = [stack for stack in stacks if stack]
        own, inclusive = collections.Counter(), collections.Counter()
        for stack in stacks:
            own[stack[0]] += 1
            inclusive.update(set(stack))
        return {name: (own[name] / len(stacks), inclusive[name] / len(stacks)) for name in FUNCTIONS}, len(stacks)

    def shares_of_rptrace(self, data):
        taken = data["samples"]["taken"]
        own, inclusive = collections.Counter(), collections.Counter()
        for line in data["lines"]:
            own[line["function"]] += line["self"]
            # None of them is in a stack twice, so each sample is in one of a function's lines.
            inclusive[line["function"]] += line["cumulative"]
        return {name: (own[name] / taken, inclusive[name] / taken) for name in FUNCTIONS}, taken

    def test_shares(self):
        target = self.spawn(os.path.join(TARGETS, "sampled"), "alone", 5000, stdin=-1)
        target.wait_lines("^ready", stream="stdout")
        perf = self.start_perf(target.pid)
        self.attach(f"--sample={HZ}", "-x", "*", "-p", target.pid)
        target.say("\n")
        target.finish()
        perf.finish()
        self.tracer.finish()
        (theirs, n), (ours, taken) = self.shares_of_perf(), self.shares_of_rptrace(self.snapshot().data)
        self.assertGreater(min(n, taken), LEAST)
        for name in FUNCTIONS:
            for what, mine, other in zip(("self", "inclusive"), ours[name], theirs[name]):
                share = (mine + other) / 2
                deviation = math.sqrt(share * (1 - share) * (1 / n + 1 / taken))
                self.assertLess(abs(mine - other), DEVIATIONS * deviation + BESIDES,
                                f"{name}, {what}: {mine:.3f}, perf {other:.3f}")
