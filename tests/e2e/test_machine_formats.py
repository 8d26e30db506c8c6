# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What programs read: JSON lines, and one document at the end."""

import json
import os
import signal
import subprocess

import harness
from harness import Case, Process

TARGETS = os.environ.get("RPT_TARGETS", os.path.join(os.path.dirname(harness.rptrace_path), "targets"))


def count(snapshot, name="leaf"):
    return sum(region["count"] for region in snapshot["regions"] if region["name"] == name)


class MachineFormats(Case):
    def setUp(self):
        super().setUp()
        self.target = Process(os.path.join(TARGETS, "functions"), "forever", stdin=subprocess.PIPE)
        self.target.wait_lines("^ready", stream="stdout")

    def trace(self, *words):
        return Process(harness.rptrace_path, "-p", self.target.pid, "-f", "leaf", *words)

    def test_lines_of_all_intervals(self):
        done = self.trace("--json", "-i", "100ms", "-n", "3").finish()
        lines = [json.loads(line) for line in done.out().splitlines()]
        self.assertEqual(len(lines), 3)
        self.assertFalse(any("summary" in line for line in lines))

    def test_a_signal_ends_lines_with_the_summary(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                rptrace = self.trace("--json", "-i", "100ms")
                self.target.say("\n")
                rptrace.wait_lines("^{", number=3, stream="stdout")
                rptrace.popen.send_signal(number)
                *intervals, last = [json.loads(line) for line in rptrace.finish().out().splitlines()]
                self.assertIs(last["summary"], True)
                self.assertFalse(any("summary" in line for line in intervals))
                self.assertGreaterEqual(count(last), sum(count(line) for line in intervals))
                self.assertGreaterEqual(last["duration_ns"], sum(line["duration_ns"] for line in intervals))

    def test_a_signal_without_a_record_to_write(self):
        """It is told that there is none, on stderr alone, and the run goes on."""
        rptrace = self.trace("--json", "-i", "100ms")
        rptrace.wait_lines("^{", stream="stdout")
        rptrace.popen.send_signal(signal.SIGUSR1)
        rptrace.wait_lines("^rptrace: SIGUSR1 .*--last")
        rptrace.popen.send_signal(signal.SIGINT)
        self.assertTrue(all(json.loads(line) for line in rptrace.finish().out().splitlines()))

    def test_one_document_at_the_end(self):
        for form, first in (("csv", "name,"), ("openmetrics", "# ")):
            with self.subTest(form):
                text = self.trace("--format", form, "-i", "100ms", "-n", "3").finish().out()
                self.assertTrue(text.startswith(first), text)
                self.assertEqual(text.count("\n" + first if form == "csv" else "# EOF"), form != "csv")
        path = self.path("out.json")
        done = self.trace("--json", "-i", "100ms", "-n", "2", "-o", path).finish()
        self.assertEqual(done.out().count('"schema"'), 0)
        with open(path, encoding="utf-8") as file:
            self.assertIn("regions", json.load(file))

    def test_stuck_regions_are_told_without_a_command(self):
        target = Process(os.path.join(TARGETS, "stuck"), "marks", stdin=subprocess.PIPE)
        target.wait_lines("^ready", stream="stdout")
        rptrace = Process(harness.rptrace_path, "-p", target.pid, "--json", "-i", "100ms", "--stuck", "100ms")
        rptrace.wait_lines("^{", stream="stdout")
        target.say("\n")
        rptrace.wait_lines('"stuck": *\\[{', stream="stdout")
        rptrace.popen.send_signal(signal.SIGINT)
        last = json.loads(rptrace.finish().out().splitlines()[-1])
        self.assertTrue(all(stuck["age_ns"] >= 100e6 for stuck in last["stuck"]))
