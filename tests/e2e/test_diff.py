# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""
rptrace diff on real programs: each exit status of a gate, and the gate of docs/RECIPES.md, run from its own text.
None of it depends on how fast the machine is: what does forty times the work takes longer on any. Where the machine
changes its speed meanwhile, rptrace cannot tell, and says how many runs it takes; so many it is given.
"""

import glob
import json
import os
import re
import shutil
import subprocess

import harness
from harness import Case

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 900  # seconds; some dozens of runs, each with its own start
CANNOT_TELL = 6
HINTS_MOST = 3  # each asks for what would have been enough for the noise so far
PAIRS_MOST = 30


class Diff(Case):
    needs = ("cc", "git")

    def setUp(self):
        super().setUp()
        os.symlink(harness.rptrace_path, self.path("rptrace"))
        self.env = {**os.environ, "PATH": f"{self.dir}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        shutil.copy(os.path.join(ROOT, "docs/examples/orders.c"), self.dir)

    def run_words(self, *words, cwd=None):
        return subprocess.run(words, cwd=cwd or self.dir, env=self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)

    def make_slower(self, folder):
        """price_order alone, forty times: neighbours on a machine can make it four times."""
        path = os.path.join(folder, "orders.c")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("spin(400000)", text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("spin(400000)", "spin(16000000)"))

    def build(self, source, name):
        done = self.run_words("cc", "-O2", "-g", "-fno-inline", source, "-o", self.path(name))
        self.assertEqual(done.returncode, 0, done.stderr)

    def judged(self, run, pairs):
        """What `run` of a number of pairs has done, with as many as it asks for. -> done, pairs"""
        for _ in range(HINTS_MOST):
            done = run(pairs)
            hint = re.search(r"(?m)^rptrace: hint: .*--run (\d+)", done.stderr)
            if done.returncode != CANNOT_TELL or not hint:
                break
            pairs = min(int(hint[1]), PAIRS_MOST)
        return done, pairs

    def diff_words(self, pairs, before, after, *options):
        return ("rptrace", "diff", "--run", str(pairs), "-f", "*_order", *options, "--", f"./{before}", "20", "---",
                f"./{after}", "20")

    def diff(self, before, after, *options, status=0):
        done, pairs = self.judged(lambda n: self.run_words(*self.diff_words(n, before, after, *options)), 5)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr, pairs

    def test_slower_is_5(self):
        self.build("orders.c", "before")
        self.make_slower(self.dir)
        self.build("orders.c", "after")
        said, pairs = self.diff("before", "after", "--max-regression", "50%", "--record", "kept", status=5)
        self.assertRegex(said, r"(?m)^price_order .* slower$")
        self.assertRegex(said, r"(?m)^rptrace: (price|handle)_order is more than 50 % slower: x \d")
        self.assertNotRegex(said, r"(?m)^warning")
        hint = re.search(r"(?m)^rptrace: hint: (.*)$", said)[1]
        done = self.run_words("sh", "-c", hint)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Those records say the same again.
        sides = [sorted(glob.glob(self.path(f"kept.{side}*.rpt"))) for side in "ab"]
        self.assertEqual([len(side) for side in sides], [pairs, pairs])
        done = self.run_words("rptrace", "diff", "--json", *sides[0], "--", *sides[1])
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual((found["pairs"], found["judged"], found["warnings"]), (pairs, True, []))
        price = next(region for region in found["regions"] if region["name"] == "price_order")
        self.assertEqual((price["verdict"], price["a"]["count"], price["b"]["count"]), ("slower", 20, 20))
        # In the other direction it is faster, which no bound forbids.
        done = self.run_words("rptrace", "diff", "--max-regression", "5%", "--region", "price_order", *sides[1], "--",
                              *sides[0])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^price_order .* faster$")

    def test_unchanged_in_few_runs_is_6(self):
        self.build("orders.c", "same")
        done = self.run_words(*self.diff_words(2, "same", "same", "--max-regression", "5%"))
        self.assertEqual(done.returncode, CANNOT_TELL, done.stderr)
        self.assertRegex(done.stderr, "(?m)^rptrace: not judged: 2 pairs of runs, and it takes 5$")
        self.assertRegex(done.stderr, "(?m)^rptrace: hint: rptrace diff .*--run 5 -- ")

    def test_unchanged_under_a_generous_bound_is_0(self):
        self.build("orders.c", "same")
        said, pairs = self.diff("same", "same", "--max-regression", "400%", "--region", "price_order")
        self.assertRegex(said, "(?m)^bound: nothing is more than 400 % slower$")
        self.assertEqual(len(re.findall("(?m)^rptrace: pair ", said)), pairs)

    def samples_of(self, *words):
        done = self.run_words("rptrace", "diff", "--json", "-o", "found.json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("found.json"), encoding="utf-8") as file:
            found = json.load(file)
        spin = next(row for row in found["samples"]["functions"] if row["function"] == "spin")
        self.assertGreater(spin["change"], 1)
        self.assertGreater(spin["share_b"], spin["share_a"])
        self.assertTrue(any(row["function"] == "spin" and row["file"] == "orders.c" and row["line"]
                            for row in found["samples"]["lines"]))
        return found

    def test_samples(self):
        """Where the time went: pairs of runs are judged, two records or two snapshots are shown."""
        self.build("orders.c", "before")
        self.make_slower(self.dir)
        self.build("orders.c", "after")
        done = self.run_words("rptrace", "diff", "--run", "5", "--sample=4000", "-f", "*_order", "--record", "kept", "--",
                              "./before", "40", "---", "./after", "40")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^FUNCTION +SHARE A +SHARE B +SELF A +SELF B +CHANGE$")
        self.assertRegex(done.stderr, r"(?m)^spin +\d.* ±")
        self.assertRegex(done.stderr, r"(?m)^orders\.c:\d+  spin ")
        self.assertRegex(done.stderr, r"(?m)^note: another build: before \w+ in A, after \w+ in B$")
        self.assertNotRegex(done.stderr, r"(?m)^warning")
        sides = [sorted(glob.glob(self.path(f"kept.{side}?.rpt"))) for side in "ab"]
        found = self.samples_of(*sides[0], "--", *sides[1])
        self.assertTrue(found["samples"]["judged"])
        self.assertEqual(sum("another build" in note for note in found["notes"]), 1, found["notes"])
        self.assertEqual(found["warnings"], [])
        for side, name in zip(sides, "ab"):
            done = self.run_words("rptrace", "report", "--json", "-o", f"{name}.json", side[0])
            self.assertEqual(done.returncode, 0, done.stderr)
        for two in (sides[0][0], sides[1][0]), ("a.json", "b.json"):
            with self.subTest(two):
                found = self.samples_of(*two)
                self.assertFalse(found["samples"]["judged"])
                self.assertEqual({row["verdict"] for kind in ("functions", "lines")
                                  for row in found["samples"][kind]}, {""})

    def test_failing_command(self):
        self.build("orders.c", "same")
        done = self.run_words("rptrace", "diff", "--run", "5", "-f", "*_order", "--", "./same", "1", "---", "sh", "-c",
                              "./same 1; exit 7")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "(?m)^rptrace: the warm-up: the command has failed, with 7$")

    def test_gate_of_recipes(self):
        """The lines as they stand, in a tree whose last commit has made one function slower."""
        with open(os.path.join(ROOT, "docs/RECIPES.md"), encoding="utf-8") as file:
            recipe = re.search(r"(?s)## A gate for changes\n.*?```sh\n(.*?)```", file.read())[1]
        self.assertEqual(len(recipe.splitlines()), 6)
        self.assertIn("--run 8", recipe)
        tree = self.path("tree")
        os.mkdir(tree)
        shutil.copy(self.path("orders.c"), tree)
        git = ("git", "-C", tree, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "before")):
            self.assertEqual(self.run_words(*git, *words).returncode, 0)
        self.env["BASE"] = self.run_words(*git, "rev-parse", "HEAD").stdout.strip()
        self.make_slower(tree)
        self.assertEqual(self.run_words(*git, "commit", "-qam", "after").returncode, 0)
        short = re.sub(r"(?m)orders(?= ---|$)", "orders 20", recipe)
        done, _ = self.judged(lambda n: self.run_words("sh", "-c", short.replace("--run 8", f"--run {n}"), cwd=tree), 5)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^\| `price_order` \|.* \| slower \|$")
