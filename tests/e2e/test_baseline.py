# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""
--baseline on a real program, before and after a change that makes one function fifty times slower, which it is on any
machine; and files that are no baseline.
"""

import csv
import io
import json
import os
import shutil
import subprocess

import harness
from harness import Case

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALLS = 20


class Baseline(Case):
    needs = ("cc",)

    def setUp(self):
        super().setUp()
        shutil.copy(os.path.join(ROOT, "docs/examples/orders.c"), self.dir)
        self.build("before")

    def build(self, name):
        subprocess.run(["cc", "-O2", "-g", "-fno-inline", "orders.c", "-o", name], cwd=self.dir, check=True,
                       timeout=harness.DEADLINE)

    def build_slower(self):
        with open(self.path("orders.c"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("spin(400000)", text)
        self.path("orders.c", text.replace("spin(400000)", "spin(20000000)"))
        self.build("after")

    def rptrace(self, *words, status=0):
        done = subprocess.run([harness.rptrace_path, *words], cwd=self.dir, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=harness.DEADLINE, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def rows(self, *words):
        verb = words[:1] if words[0] == "report" else ()
        self.rptrace(*verb, "--json", "-o", "now.json", *words[len(verb):])
        with open(self.path("now.json"), encoding="utf-8") as file:
            self.now = json.load(file)
        return {row["name"]: row for row in self.now["regions"]}

    def check_price(self, price):
        self.assertEqual((price["count"], price["new"]), (CALLS, False))
        for key in "p50", "p99":
            self.assertGreater(price[f"{key}_change"], 1)
        self.assertGreater(price["p50_change_low"], 0)
        self.assertEqual((price["p99_change_low"], price["p99_change_high"]), (-1, None))  # of so few calls
        self.assertLess(price["rate_change"], 0)

    def test_slower(self):
        self.rptrace("record", "-f", "*_order", "-x", "store_order", "-o", "before.rpt", "--", "./before", str(CALLS))
        self.rptrace("-f", "*_order", "-x", "store_order", "--json", "-o", "before.json", "--", "./before", str(CALLS))
        self.build_slower()
        for baseline in "before.rpt", "before.json":
            with self.subTest(baseline):
                rows = self.rows("--baseline", baseline, "-f", "*_order", "-x", "handle_order", "--record", "after.rpt",
                                 "--", "./after", str(CALLS))
                self.check_price(rows["price_order"])
                self.assertTrue(rows["store_order"]["new"])
                self.assertIsNone(rows["store_order"]["p50_change"])
                self.assertEqual((self.now["baseline"]["file"], self.now["baseline"]["missing"]),
                                 (baseline, ["handle_order"]))
                # A path is new below another one.
                roots = {row["name"]: row["new"] for row in self.now["tree"] if row["parent"] is None}
                self.assertTrue(roots["price_order"])
                # The record of that run says the same.
                self.assertEqual(self.rows("report", "--baseline", baseline, "after.rpt")["price_order"]["p50_change"],
                                 rows["price_order"]["p50_change"])
        table = self.rptrace("report", "--baseline", "before.rpt", "after.rpt").stdout
        self.assertRegex(table, r"RATE/S +RATE VS .* P50 +P50 VS +P99 +P99 VS ")
        self.assertRegex(table, r"(?m)^store_order .* new .* new .* new ")
        self.assertIn("\nVS: against before.rpt, ", table)
        self.assertIn("\nnot entered now: handle_order\n", table)
        found = self.rptrace("report", "--baseline", "before.rpt", "--format", "csv", "after.rpt").stdout
        price = next(row for row in csv.DictReader(io.StringIO(found)) if row["name"] == "price_order")
        self.assertGreater(float(price["p50_change_low"]), 0)
        self.assertEqual((price["p99_change_low"], price["p99_change_high"]), ("-1.0000", ""))

    def test_each_interval(self):
        self.rptrace("-f", "price_order", "--json", "-o", "before.json", "--", "./before", str(CALLS))
        self.build_slower()
        target = self.spawn(self.path("after"), "1000000")
        out = self.rptrace("--baseline", "before.json", "-f", "price_order", "-p", str(target.pid), "-i", "200ms", "-n",
                           "3", "-b").stdout
        self.assertEqual(out.count("\nVS: against before.json, "), 3 + out.count("final summary"))

    def refuse(self, name, cause, status=1):
        """Before anything is started."""
        done = self.rptrace("--baseline", name, "-f", "*_order", "--", "touch", "started", status=status)
        self.assertFalse(os.path.exists(self.path("started")))
        self.assertRegex(done.stderr, rf"\Arptrace: .*{cause}.*\nrptrace: hint: .+\n\Z")
        return done

    def test_no_baseline(self):
        self.rptrace("record", "-f", "*_order", "-o", "part.rpt", "--every", "2", "--", "./before", "4")
        self.rptrace("-f", "*_order", "--json", "-o", "whole.json", "--", "./before", "4")
        with open(self.path("whole.json"), encoding="utf-8") as file:
            text = file.read()
        self.path("cut.json", text[:len(text) // 2])
        self.path("other.json", '{"schema": "something else"}')
        self.path("bare.json", '{"schema": "rptrace-snapshot/1"}')
        self.path("deep.json", '{"regions": ' + "[" * 1000000)
        self.path("empty", "")
        self.path("text", "REGION COUNT\n" * 1000)
        with open(self.path("huge.json"), "wb") as file:
            file.write(b"{")
            file.truncate(300 << 20)
        os.mkfifo(self.path("fifo"))
        os.mkdir(self.path("folder"))
        causes = {"cut.json": "neither a record nor JSON", "deep.json": "neither a record nor JSON",
                  "other.json": "no snapshot of rptrace", "bare.json": "has no region to compare with",
                  "empty": "empty", "text": "no record", "huge.json": "File too large", "fifo": "fifo",
                  "folder": "folder", "none": "No such file", "part.rpt": r"has a part of its run \(--every 2\)"}
        for name, cause in causes.items():
            with self.subTest(name):
                self.refuse(name, cause)

    def test_has_no_rows(self):
        self.rptrace("record", "-f", "*_order", "-o", "whole.rpt", "--", "./before", "4")
        for options in (("--format", "chrome"), ("--format", "openmetrics"), ("--slowest", "3")):
            with self.subTest(options):
                said = self.rptrace("report", "--baseline", "whole.rpt", *options, "whole.rpt", status=2).stderr
                self.assertIn("--baseline is shown in rows of regions", said)
                self.assertIn(f"rptrace: hint: rptrace report {' '.join(options)} whole.rpt\n", said)

    def test_is_not_written_over(self):
        self.rptrace("-f", "*_order", "--json", "-o", "whole.json", "--", "./before", "4")
        with open(self.path("whole.json"), "rb") as file:
            whole = file.read()
        self.rptrace("--baseline", "whole.json", "-f", "*_order", "--json", "-o", "whole.json", "--", "./before", "4",
                     status=2)
        with open(self.path("whole.json"), "rb") as file:
            self.assertEqual(file.read(), whole)
