# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The HTML report: the same instances as in the other exports; and in headless Chromium as somebody would
use it, from disk, without a network."""

import base64
import collections
import csv
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import zlib

import harness
from harness import Case

HERE = os.path.dirname(os.path.abspath(__file__))
PLAYWRIGHT = os.path.join(os.path.dirname(harness.rptrace_path), "npm/node_modules/playwright-core")
TARGETS = os.environ.get("RPT_TARGETS", os.path.join(os.path.dirname(harness.rptrace_path), "targets"))
RECORDS = {
    "the demo": ("demo 1", ""),
    "markers and unwound": ("marks_c 2 200", ""),
    "recursion": ("threads deep 300 3", "-f nest"),
    "spans": ("spans pool 500", ""),
    "exceptions": ("unwind throw 200", "-f first -f second -f third"),
    "reused threads": ("threads short 100 20", "-f outer -f middle -f inner"),
}
LEFT = ["exit", "unwound", "open"]
NS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}


def record(path, options, *command):
    subprocess.run([harness.rptrace_path, "record", "-o", path, *options.split(), "--", *command], check=True,
                   capture_output=True, timeout=harness.DEADLINE)


def report(record_path, *words):
    return subprocess.run([harness.rptrace_path, "report", *words, record_path], check=True, capture_output=True,
                          text=True, timeout=harness.DEADLINE).stdout


def block(page, name):
    return zlib.decompress(base64.b64decode(re.search(rf' id="{name}">([^<]*)<', page).group(1)))


def numbers(data, n, width):
    """-> n numbers, all of their lowest bytes first, and what is behind them"""
    planes = [data[i * n:(i + 1) * n] for i in range(width)]
    return [int.from_bytes(digits, "little") for digits in zip(*planes)], data[n * width:]


def cursors(tokens, n):
    """Where the times of each token begin."""
    at, sums = 0, {}
    for token in range(1, n + 1):
        sums[token] = at
        at += tokens.count(token)
    return sums


def of_html(page):
    """(name, start, ns, how it was left) of each instance, as user/export/html/unpack.js has them."""
    line, data = block(page, "timeline").split(b"\n", 1)
    head = json.loads(line)
    tokens, data = numbers(data, 2 * head["n"], head["bytes"][0])
    begins, data = numbers(data, head["n"], head["bytes"][1])
    ends, data = numbers(data, head["n"], head["bytes"][2])
    assert not data, "bytes that nobody knows"
    next_begin, next_end = (cursors(tokens, len(head["tokens"])) for _ in range(2))
    at = 0
    for *_, n in head["tracks"]:
        time, open_ones = 0, []
        for token in tokens[at:at + 2 * n]:
            if token:
                time += begins[next_begin[token]]
                next_begin[token] += 1
                open_ones.append((token, time))
            else:
                token, start = open_ones.pop()
                time += ends[next_end[token]]
                next_end[token] += 1
                name, left = head["tokens"][token - 1]
                yield name, start, time - start, LEFT[left]
        assert not open_ones
        at += 2 * n


def of_csv(text):
    """The same of instances-csv."""
    for row in csv.DictReader(io.StringIO(text)):
        name = f"{row['region']}[{row['label']}]" if row["label"] else row["region"]
        yield name, int(row["start_ns"]), int(row["duration_ns"]), row["left"]


class Html(Case):
    def test_the_same_instances_as_in_other_exports(self):
        for what, (target, options) in RECORDS.items():
            with self.subTest(what):
                path = self.path("run.rpt")
                name, *words = target.split()
                record(path, options, os.path.join(TARGETS, name), *words)
                page = report(path, "--format", "html")
                self.assertEqual(collections.Counter(of_html(page)),
                                 collections.Counter(of_csv(report(path, "--format", "instances-csv"))))
                self.check_rows(json.loads(block(page, "figures")), report(path, "--by", "label", "--format", "csv"))

    def test_tells_that_it_is_of_a_part(self):
        path = self.path("run.rpt")
        record(path, "", os.path.join(TARGETS, "marks_c"), "2", "200")
        for words, start, end in ((("--from", "1us", "--to", "301us"), 1000, 301000), (("--region", "hold*"), 0, None)):
            run, = json.loads(block(report(path, *words, "--format", "html"), "figures"))["runs"]
            self.assertEqual((run["part"], run["from"]), (" ".join(words).replace("hold*", "'hold*'"), start))
            if end:
                self.assertEqual(run["duration"], end)
        run, = json.loads(block(report(path, "--format", "html"), "figures"))["runs"]
        self.assertEqual((run["part"], run["from"]), ("", 0))

    def test_samples(self):
        """What is hot in all, and in each region, as a report has it."""
        path = self.path("run.rpt")
        record(path, "--sample", os.path.join(TARGETS, "demo"), "1")
        figures = json.loads(block(report(path, "--format", "html"), "figures"))
        profile = json.loads(report(path, "--json"))
        self.assertEqual(figures["samples"]["taken"], profile["samples"]["taken"])
        self.assertEqual(figures["samples"]["all"]["lines"], self.lines_of(profile, 25))
        rows = {row["cells"][0]: row["hot"] for row in figures["rows"] if "hot" in row}
        self.assertIn("compute", rows)
        for row in profile["regions"]:
            if row["name"] in rows:
                hot = rows[row["name"]]
                self.assertEqual((hot["samples"], hot["cpu_ns"], hot["lines"]),
                                 (row["samples"], row["sampled_cpu_ns"], self.lines_of(row, 10)))

    def lines_of(self, profile, most):
        keys = ("function", "file", "line", "object", "self", "cumulative")
        return [[line[key] for key in keys] for line in profile["lines"]][:most]

    def check_rows(self, figures, table):
        keys = [column[0] for column in figures["columns"]]
        rows = {row["cells"][0]: dict(zip(keys, row["cells"])) for row in figures["rows"]}
        table = [line for line in table.splitlines() if not line.startswith("#")]
        expected = list(csv.DictReader(io.StringIO("\n".join(table))))
        self.assertEqual(len(rows), len(expected))
        for row in expected:
            name = row["name"] + (f"[{row['group']}]" if row["group"] != "-" else "")
            for key in ("count", "total_ns", "self_ns", "min_ns", "max_ns", "p99_ns", "unwound"):
                self.assertEqual(rows[name][key], int(row[key]), (name, key))


class Page(Case):
    """All pages in one start of the browser; each test looks at what was seen of them."""

    @classmethod
    def setUpClass(cls):
        cls.require()
        browser, node = shutil.which("chromium"), shutil.which("node")
        for what, there in (("chromium", browser), ("node", node), (PLAYWRIGHT, os.path.isdir(PLAYWRIGHT))):
            if not there:
                raise unittest.SkipTest(f"{what} is missing: tools/install-deps, make npm")
        cls.dir_of_all = tempfile.mkdtemp(prefix="rptrace-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.dir_of_all, ignore_errors=True)
        cls.pages = {}
        cls.add_page("demo", "", "demo", "1")
        cls.add_page("names", "", "markup")
        cls.add_page("labels", "-f by_text --label arg0:str", "markup")
        cls.add_page("sampled", "--sample", "demo", "1")
        cls.add_page_of_two("two", "demo", "names")
        cls.pages["part"] = os.path.join(cls.dir_of_all, "part.html")
        report(os.path.join(cls.dir_of_all, "demo.rpt"), "--from", "100ms", "--to", "600ms", "--format", "html",
               "-o", cls.pages["part"])
        words = [f"{name}={path}" for name, path in cls.pages.items()]
        out = subprocess.run([node, os.path.join(HERE, "drive.js"), PLAYWRIGHT, browser, "-", *words], check=True,
                             stdout=subprocess.PIPE, text=True, timeout=4 * harness.DEADLINE).stdout
        cls.seen = json.loads(out)

    @classmethod
    def add_page(cls, name, options, target, *words):
        path = os.path.join(cls.dir_of_all, name)
        record(f"{path}.rpt", options, os.path.join(TARGETS, target), *words)
        report(f"{path}.rpt", "--format", "html", "-o", f"{path}.html")
        cls.pages[name] = f"{path}.html"

    @classmethod
    def add_page_of_two(cls, name, *runs):
        first, second = (os.path.join(cls.dir_of_all, f"{run}.rpt") for run in runs)
        cls.pages[name] = os.path.join(cls.dir_of_all, f"{name}.html")
        report(first, second, "--format", "html", "-o", cls.pages[name])

    def spans_of(self, *keys):
        """How long the time was that the timeline showed, in ns."""
        for key in keys:
            value, unit = self.seen["demo"][key].split(": ")[1].split()
            yield float(value) * NS[unit]

    def test_nothing_is_asked_for_and_nothing_fails(self):
        for name, seen in self.seen.items():
            self.assertEqual(seen["errors"], [], name)
            self.assertEqual(seen["requests"], [f"file://{self.pages[name]}"], name)

    def test_overview(self):
        seen = self.seen["demo"]
        self.assertIn(f"Host{os.uname().nodename}", seen["overview"])
        self.assertTrue(any("demo" in fact for fact in seen["overview"] if fact.startswith("Target")))
        self.assertIn("queue_wait", seen["regions"])
        self.assertGreater(seen["bars"], 5)
        self.assertGreater(seen["histogram"], 1)
        self.assertGreater(seen["heat"], 100)
        self.assertIn("request", seen["boxes"])
        self.assertEqual(seen["leftOut"], "")

    def test_several_records(self):
        seen = self.seen["two"]
        self.assertEqual(sorted(seen["regions"]), sorted(self.seen["demo"]["regions"] + self.seen["names"]["regions"]))
        self.assertEqual(len([fact for fact in seen["overview"] if fact.startswith("File")]), 2)

    def test_tells_its_part(self):
        seen = self.seen["part"]
        self.assertIn("Part--from 100ms --to 600ms", seen["overview"])
        self.assertIn("Duration500 ms", seen["overview"])
        self.assertTrue(any("only a part" in text and "(--from 100ms --to 600ms)" in text for text in seen["notices"]))
        self.assertFalse(any("only a part" in text for text in self.seen["demo"]["notices"]))

    def test_sorts(self):
        seen = self.seen["demo"]
        self.assertEqual(seen["sortedUp"], seen["sortedDown"][::-1])
        self.assertEqual(sorted(seen["sortedUp"]), sorted(seen["regions"]))
        self.assertEqual(seen["sortMark"], "descending")
        counts = [int(text.replace(",", "")) for text in seen["byCount"]]
        self.assertEqual(counts, sorted(counts, reverse=True))

    def test_parts_of_the_slowest(self):
        numbers = self.seen["demo"]["slowestNumbers"]
        rows = [numbers[at:at + 6] for at in range(0, len(numbers), 6)]
        self.assertEqual(len(rows), len(self.seen["demo"]["slowest"]))
        split = [(took, *parts) for took, _, *parts, _ in rows if "-" not in parts]
        self.assertTrue(split, rows)
        for times in split:
            took, *parts = [float(value) * NS[unit] for value, unit in map(str.split, times)]
            self.assertAlmostEqual(sum(parts), took, delta=0.03 * took)

    def test_zooms_and_pans(self):
        seen = self.seen["demo"]
        whole, zoomed, panned, wheel = self.spans_of("rangeAll", "rangeIn", "rangePanned", "rangeWheel")
        self.assertAlmostEqual(zoomed / whole, 0.5, delta=0.02)
        self.assertAlmostEqual(panned / zoomed, 1, delta=0.02)
        self.assertLess(wheel, 0.9 * panned)
        self.assertEqual(len({seen[key] for key in ("rangeIn", "rangePanned", "rangeKey", "rangeWheel")}), 4)
        self.assertEqual(seen["rangeBack"], seen["rangeAll"])
        self.assertGreater(seen["painted"], 1000)

    def test_chooses_an_instance_a_region_and_a_path(self):
        seen = self.seen["demo"]
        self.assertRegex(seen["instance"], rf"{re.escape(seen['slowest'][-1])}: .*, began at ")
        self.assertNotEqual(seen["rangeInstance"], seen["rangeAll"])
        self.assertIn(seen["region"], seen["regions"])
        self.assertRegex(seen["regionHint"], r"^[\d,]+ instances: half took at most ")
        self.assertIn(seen["flameName"], seen["flameZoomed"])

    def test_searches(self):
        seen = self.seen["demo"]
        part = seen["regions"][0][:6].lower()
        expected = [name for name in seen["regions"] if part in name.lower()]
        self.assertEqual(sorted(seen["found"]), sorted(expected))
        self.assertTrue(all(part in name.lower() for name in seen["foundSlowest"]))
        self.assertEqual(seen["foundText"], f"{len(expected)} of {len(seen['regions'])} regions")
        self.assertEqual(seen["foundNone"], [])

    def test_samples(self):
        self.assertEqual([name for name, seen in self.seen.items() if seen["hasHot"]], ["sampled"])
        seen = self.seen["sampled"]
        profile = json.loads(report(os.path.join(self.dir_of_all, "sampled.rpt"), "--json"))
        row, = (row for row in profile["regions"] if row["name"] == "compute")
        of, hint, *functions = seen["hotOfRegion"]
        self.assertEqual(of, "in compute")
        self.assertTrue(hint.startswith(f"{row['samples']:,} of {profile['samples']['taken']:,} samples"), hint)
        self.assertIn("mix", functions)
        self.assertLessEqual(set(seen["hotLines"]), {f"{os.path.basename(line['file'])}:{line['line']}" for line in row["lines"]})
        self.assertLessEqual(set(seen["hotOfAll"]), {line["function"] for line in profile["lines"]})
        self.assertLessEqual(set(functions), {line["function"] for line in row["lines"]})
        self.assertTrue(all(seen["hotOfAll"][0] in name for name in seen["hotFound"]), seen["hotFound"])

    def test_light_and_dark(self):
        for seen in self.seen.values():
            self.assertNotEqual(seen["lightColor"], seen["darkColor"])
            self.assertEqual(seen["lightColor"], seen["lightAgain"])

    def test_names_are_text(self):
        for name in ("names", "labels"):
            seen = self.seen[name]
            self.assertEqual((seen["title"], seen["markup"]), ("rptrace report", 0))
            for text in ("</script><script>document.title='ran'</script>", "<!--<script>",
                         "&lt;b&gt; &amp; 'quotes' \"too\"", r"\x01\x02\x1b[2J\x7f and \xff\xfe"):
                shown = text if name == "names" else f"by_text[{text}]"
                self.assertIn(shown, seen["regions"])
                # Of a region with labels it may be others that were the slowest.
                if name == "names":
                    self.assertIn(shown, seen["slowest"])


if __name__ == "__main__":
    unittest.main()
