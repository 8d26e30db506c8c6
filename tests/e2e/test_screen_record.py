# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The screen on a record: its window, the keys that move that, and what it shows."""

import glob
import json
import os
import re
import signal
import subprocess

import harness
from harness import Case
from screen import Screen, TARGETS
from test_screen_keys import NAMES

WINDOW = re.compile(r"^([\d.]+) s to ([\d.]+) s of ([\d.]+) s ", re.M)


def quarters(test, by):
    """The window has moved by so many quarters of its length, or as far as it could."""
    def moved(text):
        now, before = window_of(text), test.before
        length = before[1] - before[0]
        to = min(before[1] + by * length / 4, now[2]) if by > 0 else max(
            before[1] + by * length / 4, length)
        return abs(now[1] - to) < 1e-6 and abs(now[1] - now[0] - length) < 1e-6
    return moved


def times(test, factor):
    def zoomed(text):
        now, before = window_of(text), test.before
        return abs((now[1] - now[0]) - (before[1] - before[0]) * factor) < 1e-6
    return zoomed


def window_of(text):
    """From, to, and the end of the record."""
    return tuple(map(float, WINDOW.search(text).groups())) if WINDOW.search(text) else (0, 0, 0)


def in_order(rows):
    """Whatever they were sorted by; those of a tree have their ancestors for ids."""
    paths = {}
    for row in rows:
        number, above = row.pop("id", None), paths.get(row.pop("parent", None), ())
        row["path"] = (*above, row["name"], row.get("group"))
        paths[number] = row["path"]
    return sorted(rows, key=lambda row: str(row["path"]))


# What the help calls it, what is pressed, what must come of it.
KEYS = [
    ("+", "+", lambda test: times(test, 0.5)),
    ("F8", "F8", lambda test: times(test, 0.5)),
    (".", ".", lambda test: quarters(test, 1)),
    (",", ",", lambda test: quarters(test, -1)),
    ("}", "}", lambda test: quarters(test, 4)),
    ("{", "{", lambda test: quarters(test, -4)),
    ("-", "-", lambda test: times(test, 2)),
    ("F7", "F7", lambda test: times(test, 2)),
    ("", "+", lambda test: times(test, 0.5)),
    ("0", "0", lambda test: lambda text: window_of(text)[:2] == (0, window_of(text)[2])),
]


class Record(Screen):
    options = ()
    shown = "innermost"
    record = None

    def setUp(self):
        Case.setUp(self)  # no target: all is over
        if not Record.record:
            self.start(os.path.join(TARGETS, "screen_names"))
            self.go()
            made = self.path("made.rpt")
            subprocess.run([harness.rptrace_path, "record", "-p", str(self.target.pid), "-d", "1", "-o", made],
                           check=True, capture_output=True, timeout=harness.DEADLINE)
            self.target.end()
            with open(made, "rb") as file:
                Record.record = file.read()
        with open(self.path("run.rpt"), "wb") as file:
            file.write(Record.record)

    def aim(self):
        return "report", "run.rpt"

    def press(self, key):
        self.before = window_of(self.screen.text())
        if key in NAMES:
            self.screen.press(key)
        else:
            self.screen.type(key)

    def test_keys(self):
        self.open(rows=70)
        self.assertEqual(self.keys_of_help("Time of a record"), {name for name, _, _ in KEYS if name})
        for name, key, expect in KEYS:
            with self.subTest(name):
                self.press(key)
                self.screen.wait(f"what {key} does", expect(self))

    def test_ends_of_the_record(self):
        self.open()
        for key in "0", "-", ".", ",":
            self.screen.press(key)
            self.screen.wait("the window is as far as it goes")
            self.screen.press("Home")
            self.screen.wait("F8In")

    def report(self, *options):
        done = subprocess.run([harness.rptrace_path, "report", "--json", *options, "run.rpt"], cwd=self.dir,
                              check=True, capture_output=True, text=True, timeout=harness.DEADLINE)
        return json.loads(done.stdout)

    def test_figures_are_those_of_report(self):
        """Count, self, percentiles, labels and all else, of windows that begin and end anywhere."""
        screen = self.open()
        written = set()
        for keys in ("", "+.", "+,,", "-.", "g", "{"):
            for key in keys:
                self.press(key)
                if key == "g":
                    screen.press("t")
                    screen.wait("threads", lambda text: "THREAD" in text)
                else:
                    screen.wait("another window", lambda text: window_of(text)[:2] != self.before[:2])
            since, until, _ = WINDOW.search(screen.text()).groups()
            screen.press("w")
            screen.wait("written: rptrace-")
            new = set(glob.glob(self.path("rptrace-*.json"))) - written
            written |= new
            with open(new.pop(), encoding="utf-8") as file:
                shown = json.load(file)
            by = ("--by", "thread") if "THREAD" in screen.text() else ()
            told = self.report("--from", since, *(("--to", until) if keys else ()), *by)
            self.assertGreater(len(shown["regions"]), 0)
            for part in ("duration_ns", "lost"):
                self.assertEqual(shown[part], told[part], f"{part} of {since} to {until}")
            for part in ("regions", "tree"):
                self.assertEqual(in_order(shown[part]), in_order(told[part]), f"{part} of {since} to {until}")

    def test_mouse(self):
        screen = self.open(columns=100, rows=30)
        self.press("+")
        screen.wait("closer", times(self, 0.5))
        self.before = window_of(screen.text())
        ruler = next(i for i, line in enumerate(screen.lines()) if line.startswith("    0 s "))
        screen.click(ruler, 8)
        screen.wait("the begin", lambda text: window_of(text)[0] == 0)
        screen.click(ruler, 88)
        screen.wait("the end", lambda text: window_of(text)[1] == window_of(text)[2])
        self.before = window_of(screen.text())
        screen.click(ruler, 50, 64)  # the wheel
        screen.wait("closer still", times(self, 0.5))

    def test_panes(self):
        screen = self.open()
        screen.press("Enter")
        screen.wait("those of a record", lambda text: re.search(
            r"^ Histogram  Heat map  Icicle  Calls  Groups  (?!Source)", text, re.M))
        screen.wait("bars", lambda text: re.search(r"^ +\S+ [mµn]?s +\d+ .*p50", text, re.M))
        screen.press("Tab", "Tab")
        screen.wait("icicle", lambda text: "arrows walk" in text)
        screen.press("Tab")
        screen.wait("entered from: ")
        screen.press("Tab")
        screen.wait("not grouped")
        screen.press("Tab")
        screen.wait("round about", lambda text: re.search(r"^ +\S+ [mµn]?s +\d+ .*p50", text, re.M))

    def test_heat_map(self):
        """Of the window, and of the region that is chosen."""
        screen = self.open()
        self.choose("long")
        screen.press("Enter", "Tab")

        def tones(text):
            return {line[:9].strip() for line in text.split("\n") if re.match(r" +\S+ [mµn]?s .*[░▒▓█]", line)}
        long = screen.wait("tones", tones)
        screen.wait("its time", lambda text: re.search(r"^ {9}0 +[\d.]+$", text, re.M))
        self.press("+")
        screen.wait("closer", times(self, 0.5))
        screen.wait("that time", lambda text: re.search(
            r"^ {9}%s +%s$" % WINDOW.search(text).groups()[:2], text, re.M))
        self.choose("innermost")
        screen.wait("others", lambda text: tones(text) and not tones(text) & long)

    def test_keys_for_tracing(self):
        screen = self.open()
        for key in "a", "d", "F9", "z", "r", "i", "p", "o":
            self.screen.press(key)
            screen.wait("what it says", lambda text: re.search(
                r"^(a record|nothing|figures are of the window)", text.rstrip("\n").split("\n")[-1]))
            self.screen.press("Home")
            screen.wait("F8In")

    def test_end(self):
        """What was shown is printed, and how to have that again; which says the same."""
        screen = self.open()
        self.press("+")
        screen.wait("closer", times(self, 0.5))
        screen.press("q")
        self.check_end()
        again = re.search(r"^rptrace: hint: (.* report run.rpt --from \S+ --to \S+)$", self.read("messages"), re.M)[1]
        printed = [line for line in screen.scrolled().split("\n") if line.startswith("innermost ")]
        self.assertEqual(len(printed), 1)
        told = subprocess.run(again, shell=True, cwd=self.dir, check=True, capture_output=True, text=True,
                              timeout=harness.DEADLINE, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
        line = next(line for line in told.split("\n") if line.startswith("innermost "))
        self.assertEqual(printed[0].split()[:4], line.split()[:4])

    def test_window_that_ends_with_the_record(self):
        """What was open then is printed, and is had again."""
        stuck = self.spawn(os.path.join(TARGETS, "stuck"), "blocked", stdin=subprocess.PIPE)
        stuck.wait_lines("^ready$", stream="stdout")
        recorder = self.spawn(harness.rptrace_path, "record", "-p", stuck.pid, "-f", "request",
                              "-o", self.path("run.rpt"), stop=signal.SIGINT)
        recorder.wait_lines("^rptrace: tracing")
        stuck.say("x")
        stuck.wait_lines("^stuck$", stream="stdout")
        recorder.end()
        self.open("--from", "0.001", shown="request").press("q")
        self.check_end()
        again = re.search(r"^rptrace: hint: .* report run.rpt (.*)$", self.read("messages"), re.M)[1]
        self.assertEqual([row["open"] for row in self.report(*again.split())["regions"]], [1])

    def test_window_of_the_command_line(self):
        screen = self.open("--from", "0.25", "--to", "750ms")
        screen.wait("that window", lambda text: window_of(text)[:2] == (0.25, 0.75))

    def test_tables_on_a_terminal(self):
        for option in "-b", "--format table", "--slowest 1":
            self.open(option)
            self.screen.wait("all is over")
            self.assertNotIn("F8In", self.screen.scrolled())
            self.screen.end()
