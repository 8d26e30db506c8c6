# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The live screen in a real terminal, on a program with regions of known times and names."""

import json
import os
import re
import signal
import time
import unicodedata

import harness
from harness import Case, Process
from tmux import Terminal

TARGETS = os.environ.get("RPT_TARGETS",
                         os.path.join(os.path.dirname(harness.rptrace_path), "targets"))
UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}
NUMBER = re.compile(r"([\d.]+)([MGTPE%]?)(?: (ns|us|µs|ms|s|min|h))?$")


def number(text):
    """A figure of the table; None for what is none."""
    match = NUMBER.match(text.strip())
    if not match:
        return None
    value = float(match[1]) * {"M": 1e6, "G": 1e9, "T": 1e12}.get(match[2], 1)
    return value * UNITS.get(match[3], 1)


def cells(line):
    """A character for each column of the terminal."""
    wide = [char + "_" * (unicodedata.east_asian_width(char) in "WF") for char in line]
    return "".join(char for char in wide if not unicodedata.combining(char[0]))


class Screen(Case):
    needs = ("tmux",)
    target_args = ()
    options = ("-i", "0.1")

    def setUp(self):
        super().setUp()
        self.target = Process(os.path.join(TARGETS, "screen_names"), *self.target_args)
        self.addCleanup(self.target.end)

    def open(self, *options, columns=100, rows=30, shown="innermost", **env):
        command = " ".join([harness.rptrace_path, "-p", str(self.target.pid), *self.options,
                            *options])
        self.screen = Terminal(
            f"stty -g >modes; {command} 2>messages; echo $? >status; stty -g >modes.after; "
            "echo all is over; exec cat", columns, rows, env, self.dir)
        self.addCleanup(self.screen.end)
        self.screen.wait(shown, lambda text: shown in text or "all is over" in text)
        if shown not in self.screen.scrolled():
            raise AssertionError(f"it ended at once: {self.read('messages')}")
        return self.screen

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def check_end(self, status=0):
        """It has ended so, and has left the terminal as it was."""
        self.screen.wait("all is over")
        self.assertEqual(self.read("status").strip(), str(status), self.read("messages"))
        self.assertEqual(self.read("modes"), self.read("modes.after"))

    def rptrace_pid(self):
        shell = int(self.screen.tmux("display-message", "-p", "#{pane_pid}"))
        with open(f"/proc/{shell}/task/{shell}/children", encoding="utf-8") as file:
            return int(file.read().split()[0])

    def titles(self):
        return next(line for line in self.screen.lines() if "REGION" in line)

    def rows(self):
        lines = self.screen.lines()
        first = next(i for i, line in enumerate(lines) if "REGION" in line) + 1
        return [cells(line) for line in lines[first:-1] if line.strip()]

    def names(self):
        return [row.split()[0] for row in self.rows()]

    def column(self, title):
        """The figures under a title: they end where it ends."""
        end = re.search(rf"(?<!\S){re.escape(title)}[v^▼▲]?(?!\S)", self.titles()).end()
        values = []
        for row in self.rows():
            words = re.findall(r"\S+(?: (?:ns|us|µs|ms|s|min|h))?", row[:end])
            values.append(words[-1] if words else "")
        return values

    def count(self, name):
        for row, value in zip(self.rows(), self.column("COUNT")):
            if row.split()[0] == name:
                return number(value)
        raise AssertionError(f"no row {name} in\n{self.screen.text()}")


class Table(Screen):
    def test_header(self):
        screen = self.open()
        screen.wait("a rate", lambda text: re.search(r"[1-9][\d.]* events/s", text))
        text = screen.text()
        self.assertIn(f"PID {self.target.pid}: ", text)
        self.assertRegex(text, r"(session|multi|perf), \d+ probes")
        self.assertRegex(text, r"\d\d:\d\d:\d\d")
        self.assertRegex(text, r"overhead [\d.]+ % of CPU")
        self.assertIn("lost 0", text)
        self.assertLess(self.names().index("long"), self.names().index("middle"))
        self.assertLess(self.names().index("middle"), self.names().index("short"))

    def test_every_order(self):
        screen = self.open(columns=250, rows=40)
        screen.wait("a rate", lambda text: "▁" in text or "█" in text)
        screen.press("p")
        screen.wait("PAUSED")
        seen = set()
        while True:
            sorted_by = screen.wait("an arrow", lambda text: re.search(r"(\S+)▼", text))[1]
            if sorted_by in seen:
                break
            seen.add(sorted_by)
            if sorted_by not in ("REGION", "MINUTE"):
                values = [number(value) for value in self.column(sorted_by)]
                values = [value for value in values if value is not None]
                self.assertGreater(len(values), 3, sorted_by)
                self.assertEqual(values, sorted(values, reverse=True), sorted_by)
                screen.press("I")
                screen.wait(f"{sorted_by}▲")
                values = [number(value) for value in self.column(sorted_by)]
                values = [value for value in values if value is not None]
                self.assertEqual(values, sorted(values), sorted_by)
                screen.press("I")
                screen.wait(f"{sorted_by}▼")
            screen.press(">")
            screen.wait("another order", lambda text, by=sorted_by: f"{by}▼" not in text)
        self.assertTrue({"COUNT", "TOTAL", "SELF", "MEAN", "P50", "P99", "MAX", "%TIME",
                         "RATE/S", "REGION"} <= seen, seen)
        screen.press("<")
        screen.wait("the order before", lambda text, by=sorted_by: f"{by}▼" not in text)

    def test_move_and_search(self):
        screen = self.open(NO_COLOR="1")
        self.assertRegex(screen.chosen(), "^long ")
        for keys, expected in ((("Down",), 1), (("Down", "Up", "Down"), 2), (("PPage",), 0),
                               (("End",), -1), (("Home",), 0), (("NPage",), -1)):
            screen.press(*keys)
            screen.wait(f"row {expected} chosen",
                        lambda _, at=expected: screen.chosen().split()[:1] ==
                        self.names()[at:][:1])
        screen.type("/MIDD")
        screen.wait("Search: MIDD")
        screen.wait("middle chosen", lambda _: screen.chosen().startswith("middle"))
        screen.press("Enter")
        screen.type("/nothing like it")
        screen.wait("no row has")
        screen.press("Escape")
        screen.wait("F10Quit")

    def test_filter(self):
        screen = self.open()
        screen.type("\\SHORT|middle")
        screen.press("Enter")
        screen.wait("two rows", lambda _: sorted(self.names()) == ["middle", "short"])
        self.assertRegex(screen.text(), r"2 of \d+ regions")
        self.assertIn("filter: SHORT|middle", screen.text())
        screen.press("Escape")
        screen.wait("long")

    def test_tree(self):
        screen = self.open(NO_COLOR="1")
        screen.press("t")
        screen.wait("- outer")
        self.assertRegex(screen.text(), r"\n {4}- inner.*\n {8}short")
        screen.type("/outer")
        screen.press("Enter", "Left")
        screen.wait("+ outer")
        self.assertNotIn("inner", screen.text())
        screen.press("Right")
        screen.wait("- inner")
        screen.type("*")
        screen.wait_gone("inner")
        screen.press("F5")
        screen.wait_gone("+ outer")

    def test_columns(self):
        screen = self.open(columns=200)
        self.assertNotIn("P90", self.titles())
        screen.press("F2")
        screen.wait("[ ] P90")
        at = next(i for i, line in enumerate(screen.lines()) if "] P90 " in line) - 1
        screen.press(*["Down"] * at)
        screen.press("Space")
        screen.wait("[x] P90")
        screen.press("Enter")
        screen.wait("REGION")
        self.assertIn("P90", self.titles())
        self.assertTrue(any(number(value) for value in self.column("P90")))

    def test_scroll_columns(self):
        screen = self.open(columns=60)
        self.assertIn("%TIME", self.titles())
        screen.press("Right", "Right", "Right", "Right")
        screen.wait("another column", lambda _: "%TIME" not in self.titles())
        self.assertIn("REGION", self.titles())
        screen.press("Left", "Left", "Left", "Left")
        screen.wait("%TIME")

    def test_panes(self):
        screen = self.open()
        screen.press("Enter")
        screen.wait(r"p50", lambda text: re.search(r" ms +\d+ [█▉▊▋▌▍▎▏]+.*p50", text))
        screen.press("Tab")
        screen.wait("entered from: 1")
        screen.type("/inner")
        screen.press("Enter")
        screen.wait("the kin of inner", lambda text: re.search(
            r"entered from: 1 +enters: 1\nouter +\d+ .*short +\d+ ", text))
        screen.press("Tab")
        screen.wait("not grouped")
        screen.press("Escape")
        screen.wait_gone("not grouped")

    def test_help(self):
        screen = self.open(rows=40)
        screen.press("?")
        screen.wait("freeze the display")
        screen.press("x")
        screen.wait("REGION")

    def test_interval(self):
        screen = self.open()
        screen.wait("every 0.1 s")
        screen.press("+")
        screen.wait("every 0.2 s")
        screen.press("-", "F8", "F8")
        screen.wait("every 0.5 s")

    def test_mouse(self):
        screen = self.open()
        for button in range(3):
            screen.click(20, 5, button)
        before = screen.text()
        screen.wait("it goes on", lambda text: text != before)
        screen.click(3, self.titles().index("COUNT") + 2)
        screen.wait("COUNT▼")
        screen.click(3, self.titles().index("COUNT") + 2)
        screen.wait("COUNT▲")
        screen.press("p")
        screen.wait("PAUSED")
        name = self.names()[2]
        screen.click(6, 5)
        screen.click(6, 5)
        screen.wait(f"Groups  {name}")
        screen.click(29, 1)
        screen.wait("freeze the display")


    def test_complete(self):
        screen = self.open()
        screen.type("aon_sig")
        screen.press("Tab")
        screen.wait("Tab completes): on_signal")
        screen.press("C-u")
        screen.type("no such name")
        screen.press("Tab")
        screen.wait("no name begins with 'no such name'")
        screen.press("Escape")
        screen.wait("F10Quit")


class Figures(Screen):
    def test_pause(self):
        screen = self.open()
        screen.press("p")
        screen.wait("PAUSED")
        before = screen.text()
        written = self.path("written")
        screen.tmux("pipe-pane", f"cat >{written}")
        # Ten tables would have gone by.
        time.sleep(1)
        self.assertEqual(screen.text(), before)
        self.assertEqual(os.path.getsize(written), 0)
        screen.tmux("pipe-pane")
        screen.press("p")
        screen.wait("it goes on", lambda text: "PAUSED" not in text and text != before)

    def test_reset(self):
        screen = self.open()
        screen.wait("some counts", lambda _: self.count("long") > 20)
        screen.press("r")
        screen.wait("figures since now")
        screen.wait("fewer counts", lambda _: self.count("long") < 20)
        self.assertLess(self.count("long"), 20)

    def test_recent(self):
        screen = self.open()
        screen.wait("some counts", lambda _: self.count("long") > 20)
        screen.press("i")
        screen.wait("last interval")
        screen.wait("few counts", lambda _: self.count("long") < 20)
        screen.press("i")
        screen.wait("all counts", lambda _: self.count("long") > 20)

    def test_group(self):
        screen = self.open(columns=140)
        screen.press("g")
        screen.wait("cgroup")
        screen.press("p")
        screen.wait(f"{self.target.pid} screen_")
        self.assertIn("PROCESS", self.titles())
        screen.type("/long")
        screen.press("Enter", "Enter", "Tab", "Tab")
        screen.wait("the pane of groups", lambda text: re.search(
            rf"PROCESS +COUNT.*\n{self.target.pid} screen_names +\d+ ", text))
        screen.press("g", "t")
        screen.wait("THREAD ")
        screen.press("g", "n")
        screen.wait_gone("THREAD ")

    def test_save(self):
        screen = self.open()
        screen.wait("a count", lambda _: self.count("long") > 1)
        screen.press("w")
        screen.wait("written: rptrace-")
        files = [name for name in os.listdir(self.dir) if name.endswith(".json")]
        self.assertEqual(len(files), 1)
        with open(self.path(files[0]), encoding="utf-8") as file:
            data = json.load(file)
        self.assertEqual(data["schema"], "rptrace-snapshot/1")
        self.assertGreater({r["name"]: r["count"] for r in data["regions"]}["long"], 0)

    def test_many(self):
        self.target.end()
        self.target = Process(os.path.join(TARGETS, "screen_names"), 3000)
        self.addCleanup(self.target.end)
        screen = self.open(shown="long")
        screen.wait("all regions", lambda text: re.search(r"^30\d\d regions", text, re.M))
        screen.type("\\region_02999")
        screen.wait("one row", lambda _: self.names() == ["region_02999"])


class Terminals(Screen):
    def test_sizes(self):
        screen = self.open()
        for columns, rows in ((40, 8), (300, 90), (1, 1), (20, 4), (80, 24)):
            screen.resize(columns, rows)
            if rows >= 8:
                screen.wait(f"{columns} columns", lambda text, width=columns: "long" in text and
                            len(text.split("\n")[0].rstrip()) == width)
        screen.press("Enter")
        screen.resize(40, 8)
        screen.wait("Histogram")
        screen.resize(100, 30)
        screen.wait("p50")

    def test_hostile_names(self):
        screen = self.open(rows=40, columns=220)
        text = screen.wait("the names", lambda text: "\\backslash\\ " in text and text)
        for shown in ("clear\\x1b[2Jscreen", "title\\x1b]0;owned\\x07", "two\\x0alines\\x0d\\x",
                      "bad \\xff\\xfe utf8 \\xc3", "wide 日本語.", "turn \\xe2\\x80\\xaearound",
                      "percent %s %n %d"):
            self.assertIn(shown, text)
        self.assertNotIn("owned\n", screen.tmux("display-message", "-p", "#{pane_title}"))
        # What stands right of a name is in its place: titles end where figures end.
        self.assertTrue(all(number(value) is not None for value in self.column("COUNT")),
                        self.column("COUNT"))

    def test_ascii(self):
        screen = self.open(LC_ALL="C", rows=40, columns=220)
        screen.wait("wide \\xe6\\x97\\xa5")
        self.assertTrue(screen.text().isascii())
        screen.press("Enter")
        screen.wait("p50")
        self.assertTrue(screen.text().isascii())

    def test_no_color(self):
        colors = re.compile(r"\x1b\[[\d;]*\b(?:[34][0-7]|38;5)[\d;]*m")
        self.assertRegex(self.open().styled(), colors)
        self.screen.end()
        self.assertNotRegex(self.open(NO_COLOR="1").styled(), colors)

    def test_dumb(self):
        screen = self.open(TERM="dumb", shown="overhead:")
        self.assertNotIn("F1Help", screen.text())
        os.kill(self.rptrace_pid(), signal.SIGINT)
        self.check_end()

    def test_batch(self):
        screen = self.open("-b", "-n", "2", shown="all is over")
        self.assertNotIn("F1Help", screen.scrolled())
        self.check_end()


class Ends(Screen):
    def test_quit(self):
        screen = self.open()
        screen.press("q")
        self.check_end()
        self.assertIn("final summary", screen.scrolled())
        self.assertNotIn("F1Help", screen.scrolled())

    def test_signals(self):
        for number_ in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(signal=number_):
                screen = self.open()
                os.kill(self.rptrace_pid(), number_)
                self.check_end()
                self.assertIn("final summary", screen.scrolled())
                screen.end()

    def test_duration(self):
        screen = self.open("-d", "1")
        self.check_end()
        self.assertIn("final summary", screen.scrolled())

    def test_target_dies(self):
        screen = self.open()
        self.target.popen.kill()
        screen.wait("ENDED")
        screen.wait("the target has ended")
        screen.press("Enter")
        screen.wait("Histogram")
        screen.press("q")
        self.check_end()
        self.assertIn("final summary", screen.scrolled())

    def test_stop_and_go_on(self):
        self.screen = Terminal("PS1='$ ' exec bash --norc --noprofile -i", env={"HOME": self.dir},
                               cwd=self.dir)
        self.addCleanup(self.screen.end)
        self.screen.wait("$")
        self.screen.type(f"{harness.rptrace_path} -p {self.target.pid} -i 0.1\n")
        self.screen.wait("F10Quit")
        self.screen.press("C-z")
        self.screen.wait("Stopped")
        self.assertNotIn("F10Quit", self.screen.text())
        self.screen.type("fg\n")
        self.screen.wait("F10Quit")
        self.screen.press("p")
        self.screen.wait("PAUSED")
        self.screen.press("q")
        self.screen.wait("final summary")

    def test_terminal_goes(self):
        self.open()
        pid = self.rptrace_pid()
        self.screen.end()
        until = time.monotonic() + harness.DEADLINE
        while os.path.exists(f"/proc/{pid}"):
            self.assertLess(time.monotonic(), until, "it runs without its terminal")
            time.sleep(0.02)
