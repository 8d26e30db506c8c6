# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The screen with a baseline: its columns are there, and hold what is new."""

import json
import subprocess

import harness
from screen import Screen


class Baseline(Screen):
    def test_columns(self):
        made = self.path("before.json")
        self.go()
        subprocess.run([harness.rptrace_path, "-p", str(self.target.pid), "-d", "1", "-x", "innermost", "--json", "-o",
                        made], check=True, capture_output=True, timeout=harness.DEADLINE)
        with open(made, encoding="utf-8") as file:
            old = {row["name"] for row in json.load(file)["regions"]}
        self.open("--baseline", made, columns=80)
        self.wait_all_rows_of_changes(old)
        self.screen.press("F2")
        self.screen.wait("P99 VS")

    def wait_all_rows_of_changes(self, old):
        def is_compared(frame):
            changes = dict(zip(frame.names(), frame.column("P50 VS")))
            known = [name for name in changes if name in old]
            return (changes.get("innermost") == "new" and known and
                    all(changes[name].strip("~")[:1] in "+-x" for name in known))
        self.wait_frame("changes beside the figures", is_compared)
