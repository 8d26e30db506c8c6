# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The live screen in a real terminal, on a program with regions of known times and names.

The machine may be slow, and rows of like figures change places: what is looked at twice is frozen
first, and all else is waited for."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unicodedata

import harness
from harness import Case, Process
from tmux import Terminal

TARGETS = os.environ.get("RPT_TARGETS",
                         os.path.join(os.path.dirname(harness.rptrace_path), "targets"))
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../targets")
UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}
NUMBER = re.compile(r"([\d.]+)([MGTPE%]?)(?: (ns|us|µs|ms|s|min|h))?$")
FIGURE = r"\S+(?: (?:ns|us|µs|ms|s|min|h))?"


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


class Frame:
    """One picture of the screen, taken apart."""

    def __init__(self, text):
        lines = text.rstrip("\n").split("\n")
        at = next((i for i, line in enumerate(lines) if "REGION" in line), len(lines))
        self.text = text
        self.titles = lines[at] if at < len(lines) else ""
        self.rows = []
        for line in lines[at + 1:-1]:
            if line.startswith(" Histogram "):
                break
            if line.strip():
                self.rows.append(cells(line))

    def names(self):
        return [re.split(r"\s{2,}", row[2:].strip())[0] for row in self.rows]

    def column(self, title):
        """The figures under a title: they end where it ends."""
        found = re.search(rf"(?<!\S){re.escape(title)}[v^▼▲]?(?!\S)", self.titles)
        if not found:
            raise AssertionError(f"no column {title} in\n{self.text}")
        words = [re.findall(FIGURE, row[:found.end()]) for row in self.rows]
        return [row[-1] if row else "" for row in words]

    def numbers(self, title):
        return [value for value in map(number, self.column(title)) if value is not None]

    def figure(self, name, title):
        """Of a row; None without it."""
        for row, value in zip(self.names(), self.column(title)):
            if row == name:
                return number(value)
        return None


class Screen(Case):
    needs = ("tmux",)
    target_args = (0, 40)  # no more regions; ms of a period
    options = ("-i", "0.1")
    under = ""  # a command that starts rptrace

    def setUp(self):
        super().setUp()
        self.start(os.path.join(TARGETS, "screen_names"))

    def start(self, program):
        self.target = Process(program, *self.target_args)
        self.addCleanup(self.target.end)

    def aim(self):
        return "-p", str(self.target.pid)

    def open(self, *options, columns=100, rows=30, shown="innermost", **env):
        command = " ".join([self.under, harness.rptrace_path, *self.aim(), *self.options, *options])
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

    def frame(self):
        return Frame(self.screen.text())

    def wait_frame(self, what, test):
        """Until a picture is as it should be; returns it."""
        def found(text):
            frame = Frame(text)
            return frame if test(frame) else None
        return self.screen.wait(what, found)

    def still_frame(self):
        """The picture once it is all there, of a frozen screen."""
        last = None

        def is_same(text):
            nonlocal last
            same, last = text == last, text
            return same
        self.screen.wait("the same twice", is_same)
        return Frame(last)

    def freeze(self):
        self.screen.press("p")
        self.screen.wait("PAUSED")
        return self.still_frame()

    def wait_chosen(self, name):
        def found(_):
            row = cells(self.screen.chosen())
            return row == name or row.startswith(name + "  ")
        self.screen.wait(f"{name} chosen", found)

    def choose(self, name):
        self.screen.type(f"/{name}")
        self.screen.press("Enter")

    def written(self):
        """Bytes that rptrace has written so far, wherever to."""
        with open(f"/proc/{self.rptrace_pid()}/io", encoding="utf-8") as file:
            return int(re.search(r"wchar: (\d+)", file.read())[1])

    def count_writes(self, press, shown):
        """Bytes that rptrace writes for some keys, one after the other, until the last one shows."""
        before = self.written()
        for keys, what in zip(press, shown):
            self.screen.press(*keys)
            self.screen.wait(what)
        return self.written() - before


class Table(Screen):
    def test_header(self):
        screen = self.open(columns=120)
        text = screen.wait("a rate and the last minute", lambda text: re.search(
            r"[1-9]\S* events/s +[▁▂▃▄▅▆▇]+  lost 0", text) and text)
        self.assertIn(f"PID {self.target.pid} screen_names: ", text)
        self.assertRegex(text, r"(session|multi|perf), \d+ probes")
        self.assertRegex(text, r"\d\d:\d\d:\d\d")
        self.assertRegex(text, r"overhead [\d.]+ % of CPU")
        names = self.frame().names()
        self.assertLess(names.index("long"), names.index("middle"))
        self.assertLess(names.index("middle"), names.index("short"))

    def test_every_order(self):
        screen = self.open(columns=250, rows=40)
        screen.wait("a rate", lambda text: "▁" in text or "▇" in text)
        self.freeze()
        seen = set()
        while True:
            sorted_by = screen.wait("an arrow", lambda text: re.search(r"(\S+)▼", text))[1]
            if sorted_by in seen:
                break
            seen.add(sorted_by)
            frame = self.still_frame()
            if sorted_by == "REGION":
                ascii_names = [name for name in frame.names() if name.isalpha()]
                self.assertEqual(ascii_names, sorted(ascii_names))
            elif sorted_by != "MINUTE":
                values = frame.numbers(sorted_by)
                self.assertGreater(len(values), 3, sorted_by)
                self.assertEqual(values, sorted(values, reverse=True), sorted_by)
                screen.press("I")
                screen.wait(f"{sorted_by}▲")
                values = self.still_frame().numbers(sorted_by)
                self.assertEqual(values, sorted(values), sorted_by)
                screen.press("I")
                screen.wait(f"{sorted_by}▼")
            screen.press(">")
            screen.wait("another order", lambda text, by=sorted_by: f"{by}▼" not in text)
        self.assertTrue({"COUNT", "TOTAL", "SELF", "MEAN", "P50", "P99", "MAX", "%TIME",
                         "RATE/S", "REGION"} <= seen, seen)
        screen.press("<")
        before = screen.wait("the order before", lambda text, by=sorted_by:
                             re.search(r"(\S+)▼", text) if f"{by}▼" not in text else None)[1]
        screen.press("F6")
        screen.wait(f"{sorted_by}▼")
        self.assertNotEqual(before, sorted_by)

    def test_move(self):
        screen = self.open(NO_COLOR="1")
        self.wait_frame("all rows", lambda frame: len(frame.rows) > 12)
        names = self.freeze().names()
        place = 0
        for keys, to in ((("Down",), 1), (("Down", "Down", "Up"), 2), (("j",), 3), (("k", "k"), 1),
                         (("PPage",), 0), (("End",), -1), (("Home",), 0), (("NPage",), -1),
                         (("G", "Up"), -2)):
            screen.press(*keys)
            place = to % len(names)
            self.wait_chosen(names[place])
        # The row stays chosen wherever it goes.
        screen.press("I")
        screen.wait("▲")
        self.wait_chosen(names[place])
        self.assertNotEqual(self.still_frame().names(), names)

    def test_search(self):
        screen = self.open(NO_COLOR="1")
        self.wait_frame("all rows", lambda frame: len(frame.rows) > 12)
        names = self.freeze().names()
        with_inner = [name for name in names if "inner" in name]
        screen.type("/MIDD")
        screen.wait("Search: MIDD")
        self.wait_chosen("middle")
        screen.press("Enter")
        screen.type("/inner")
        screen.press("Enter")
        first = names.index("middle")
        after = sorted(with_inner, key=lambda name: (names.index(name) - first) % len(names))
        self.wait_chosen(after[0])
        screen.press("n")
        self.wait_chosen(after[1])
        screen.press("N")
        self.wait_chosen(after[0])
        screen.press("F3")
        screen.type("nothing like it")
        screen.wait("no row has 'nothing like it'")
        screen.press("Escape")
        screen.wait("F10Quit")
        self.wait_chosen(after[0])

    def test_filter(self):
        screen = self.open()
        screen.type("\\SHORT|middle")
        screen.press("Enter")
        frame = self.wait_frame("two rows", lambda frame:
                                sorted(frame.names()) == ["middle", "short"])
        self.assertRegex(frame.text, r"2 of \d+ regions")
        self.assertIn("filter: SHORT|middle", frame.text)
        screen.press("Escape")
        self.wait_frame("all rows", lambda frame: len(frame.rows) > 12)
        screen.press("F4")
        screen.type("no such")
        screen.wait("no row has this text")
        screen.press("Escape")
        self.wait_frame("all rows", lambda frame: len(frame.rows) > 12)

    def test_tree(self):
        screen = self.open(NO_COLOR="1")
        screen.press("t")
        screen.wait("- outer")
        screen.wait("its children", lambda text: re.search(r"\n {4}- inner.*\n {8}short", text))
        self.choose("outer")
        self.wait_chosen("- outer")
        screen.press("Left")
        screen.wait("it closed", lambda text: "+ outer" in text and "inner" not in text)
        before = self.frame().figure("+ outer", "COUNT")
        self.wait_frame("closed still", lambda frame:
                        (frame.figure("+ outer", "COUNT") or 0) > before)
        screen.press("Right")
        screen.wait("- inner")
        screen.press("Right", "Right")
        self.wait_chosen("short")
        screen.press("Left")
        screen.wait("its parent", lambda _: screen.chosen().startswith("- inner"))
        screen.type("*")
        screen.wait_gone("inner")
        screen.type("*")
        screen.wait("- inner")
        screen.press("F5")
        screen.wait_gone("- outer")

    def test_columns(self):
        screen = self.open(columns=200, NO_COLOR="1")
        self.assertNotIn("P90", self.frame().titles)
        screen.press("F2")
        screen.wait("[ ] P90")
        at = next(i for i, line in enumerate(screen.lines()) if "] P90 " in line) - 1
        screen.press(*["Down"] * at)
        screen.press("Space")
        screen.wait("[x] P90")
        screen.press("<", "s", "Enter")
        frame = self.wait_frame("the column", lambda frame: "P90▼" in frame.titles)
        self.assertTrue(any(frame.numbers("P90")))
        screen.press("c", "End", "c")
        self.wait_frame("the table", lambda frame: "P90▼" in frame.titles)
        # All of them can be had.
        screen.press("c")
        hidden = screen.wait("the list", lambda text: "[ ]" in text and text).count("[ ] ")
        for _ in range(screen.text().count("[x] ") + hidden):
            if re.search(r"\[ \] ", screen.chosen()):
                screen.press("Space")
                screen.wait("shown", lambda _: "[x]" in screen.chosen())
            chosen = screen.chosen()
            screen.press("Down")
            screen.wait("the next", lambda _, was=chosen: screen.chosen() != was or
                        "UNMATCHED" in was)
        self.assertNotIn("[ ]", screen.text())

    def test_scroll_columns(self):
        screen = self.open(columns=60)
        self.assertIn("%TIME", self.frame().titles)
        for there, back in (("Right", "Left"), ("]", "[")):
            screen.press(there, there, there, there)
            self.wait_frame("another column", lambda frame: "REGION" in frame.titles and
                            "%TIME" not in frame.titles)
            screen.press(back, back, back, back)
            self.wait_frame("the first column", lambda frame: "%TIME" in frame.titles)

    def test_tags(self):
        screen = self.open()
        screen.press("Home", "Space", "Space")
        frame = self.wait_frame("two tags", lambda frame:
                                sum(row.startswith("*") for row in frame.rows) == 2)
        tagged = {name for name, row in zip(frame.names(), frame.rows) if row.startswith("*")}
        count = max(frame.numbers("COUNT"))
        frame = self.wait_frame("later figures", lambda frame:
                                max(frame.numbers("COUNT")) > count)
        self.assertEqual(tagged, {name for name, row in zip(frame.names(), frame.rows)
                                  if row.startswith("*")})
        screen.press("U")
        self.wait_frame("no tag", lambda frame: not any(row.startswith("*") for row in frame.rows))

    def test_help(self):
        screen = self.open(rows=40)
        for key in "?", "h", "F1":
            screen.press(key)
            screen.wait("freeze the display")
            screen.press("x")
            screen.wait("REGION")
        screen.resize(80, 10)
        screen.press("?")
        screen.wait("Up Down")
        screen.press("End")
        screen.wait("single-stepped")

    def test_interval(self):
        screen = self.open()
        screen.wait("every 0.1 s")
        screen.press("+")
        screen.wait("every 0.2 s")
        screen.press("-", "F8", "F8")
        screen.wait("every 0.5 s")
        screen.press("F7")
        screen.wait("every 0.2 s")

    def test_mouse(self):
        screen = self.open()
        for button in range(3):
            screen.click(20, 5, button)
        before = screen.text()
        screen.wait("it goes on", lambda text: text != before)
        at = self.frame().titles.index("COUNT") + 2
        screen.click(3, at)
        screen.wait("COUNT▼")
        screen.click(3, at)
        screen.wait("COUNT▲")
        screen.click(3, at)
        self.wait_frame("all rows", lambda frame: "COUNT▼" in frame.titles and
                        len(frame.rows) > 12)
        # A click on a row that is chosen already would open it.
        screen.press("Home")
        name = self.freeze().names()[2]
        screen.click(6, 5)
        screen.click(6, 5)
        screen.wait(f"Source  {name}")
        heading = next(i for i, line in enumerate(screen.lines()) if " Histogram " in line)
        screen.click(heading, len(" Histogram  C"))
        screen.wait("entered from: ")
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


class Panes(Screen):
    def test_histogram(self):
        screen = self.open()
        self.choose("long")
        screen.press("Enter")
        hist = r" ms +(\d+) [█▉▊▋▌▍▎▏]+.*p50"
        before = int(screen.wait("p50", lambda text: re.search(hist, text))[1])
        screen.wait("more of them", lambda text: int(re.search(hist, text)[1]) > before)
        screen.wait("all marks", lambda text: all(
            re.search(rf"[█▉▊▋▌▍▎▏].* {mark}\b", text) for mark in ("p50", "p90", "p99", "max")))
        screen.press("Enter")
        screen.wait_gone("Histogram")

    def test_log_scale(self):
        screen = self.open()
        self.choose("long")
        screen.press("Enter")
        self.screen.wait("some of them", lambda text: re.search(r"count [2-9]\d", text))
        self.freeze()

        def bars():
            return sum(line.count("█") for line in screen.lines() if re.search(r" [mµn]s +\d", line))
        linear = bars()
        screen.press("l")
        screen.wait("other bars", lambda _: bars() > linear or "1 of one length")
        screen.press("l")
        screen.wait("the bars before", lambda _: bars() == linear)

    def test_kin(self):
        screen = self.open()
        screen.press("Enter", "Tab")
        screen.wait("entered from: 1")
        self.choose("inner")
        screen.wait("callers and callees of inner", lambda text: re.search(
            r"entered from: 1 +enters: 1\nouter +\d+ .*short +\d+ ", text))
        screen.press("Tab")
        screen.wait("not grouped")
        screen.press("BTab")
        screen.wait("entered from: 1")
        screen.press("Escape")
        screen.wait_gone("entered from")

    def source(self, rows=30):
        """Opens the pane of the one region with a site of its own."""
        screen = self.open(columns=140, rows=rows)
        self.choose("innermost")
        screen.press("Enter", "BTab")
        return screen

    def test_source(self):
        screen = self.source()
        found = screen.wait("both sites", lambda text: re.findall(
            r"^(begin|end) .*screen_names\+0x[0-9a-f]+ .*/?screen_names\.c:(\d+)", text, re.M))
        with open(os.path.join(SOURCES, "screen_names.c"), encoding="utf-8") as file:
            lines = file.read().split("\n")
        self.assertEqual([(role, lines[int(line) - 1].split("(")[0].strip())
                          for role, line in found],
                         [("begin", "RPTRACE_BEGIN"), ("end", "RPTRACE_END")])
        self.choose("long")
        screen.wait("named at run time")

    def test_source_stripped(self):
        program = self.path("stripped")
        shutil.copy(os.path.join(TARGETS, "screen_names"), program)
        subprocess.run(["objcopy", "--only-keep-debug", program, program + ".debug"], check=True)
        subprocess.run(["strip", "-g", program], check=True)
        self.target.end()
        self.start(program)
        screen = self.source()
        screen.wait("no debug information")
        screen.wait("-dbgsym")
        screen.end()
        self.target.end()
        # With its debug file beside it all is known again.
        subprocess.run(["objcopy", f"--add-gnu-debuglink={program}.debug", program], check=True)
        self.start(program)
        self.source().wait("both sites", lambda text: len(re.findall(
            r"stripped\+0x[0-9a-f]+ .*screen_names\.c:\d+", text)) == 2)


class Figures(Screen):
    def test_pause(self):
        screen = self.open()
        self.freeze()
        before, written = screen.text(), self.written()
        # Five tables would have gone by.
        time.sleep(0.5)
        self.assertEqual(screen.text(), before)
        self.assertEqual(self.written(), written)
        screen.press("p")
        screen.wait("it goes on", lambda text: "PAUSED" not in text and text != before)

    def test_quiet(self):
        """What does not change is not written: not for keys that change nothing, and at no refresh
        is all of it written anew."""
        screen = self.open()
        self.freeze()
        there_and_back = [["I"], ["I"]], ["▲", "▼"]
        self.count_writes(*there_and_back)
        once = self.count_writes(*there_and_back)
        quiet = self.count_writes([["U"] * 50 + ["I"], ["U"] * 50 + ["I"]], ["▲", "▼"])
        self.assertGreater(once, 0)
        self.assertEqual(quiet, once)
        screen.press("p")
        path = self.path("written")
        screen.tmux("pipe-pane", f"cat >{path}")
        count = max(self.frame().numbers("COUNT"))
        self.wait_frame("later figures", lambda frame: max(frame.numbers("COUNT")) > count + 10)
        screen.wait("it is in the file", lambda _: os.path.getsize(path) > 0)
        screen.tmux("pipe-pane")
        with open(path, "rb") as file:
            written = file.read()
        for clears in b"\x1b[2J", b"\x1b[J", b"REGION", b"F10":
            self.assertNotIn(clears, written)

    def test_reset(self):
        screen = self.open()
        self.wait_frame("some counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 20)
        before = self.freeze().figure("long", "COUNT")
        screen.press("r")
        screen.wait("figures since now")
        # The picture that the key asked for: hardly anything can have come since.
        after = self.frame().figure("long", "COUNT") or 0
        self.assertLess(after, before / 2)
        screen.press("p")
        self.wait_frame("it counts on", lambda frame:
                        (frame.figure("long", "COUNT") or 0) > after)

    def test_recent(self):
        screen = self.open()
        self.wait_frame("some counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 40)
        screen.press("i")
        screen.wait("last interval")
        self.wait_frame("few counts", lambda frame:
                        0 < (frame.figure("long", "COUNT") or 0) < 20)
        screen.press("i")
        self.wait_frame("all counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 40)

    def test_group(self):
        screen = self.open(columns=140)
        screen.press("g")
        screen.wait("cgroup")
        screen.press("p")
        screen.wait(f"{self.target.pid} screen_")
        screen.wait("PROCESS ")
        self.choose("long")
        screen.press("Enter", "Tab", "Tab")
        screen.wait("the pane of groups", lambda text: re.search(
            rf"PROCESS +COUNT.*\n{self.target.pid} screen_names +\d+ ", text))
        for key, title in (("t", "THREAD "), ("c", "COMMAND "), ("g", "CGROUP "), ("l", "LABEL ")):
            screen.press("g", key)
            screen.wait(title)
            screen.wait_gone("no region was entered yet")
        screen.press("g", "n")
        screen.wait_gone("LABEL ")

    def test_save(self):
        screen = self.open()
        self.wait_frame("a count", lambda frame: (frame.figure("long", "COUNT") or 0) > 1)
        shown = self.freeze().figure("long", "COUNT")
        screen.press("w")
        screen.wait("written: rptrace-")
        files = [name for name in os.listdir(self.dir) if name.endswith(".json")]
        self.assertEqual(len(files), 1)
        with open(self.path(files[0]), encoding="utf-8") as file:
            data = json.load(file)
        self.assertEqual(data["schema"], "rptrace-snapshot/1")
        self.assertEqual({r["name"]: r["count"] for r in data["regions"]}["long"], shown)

    def test_many(self):
        self.target.end()
        self.target_args = (3000,)
        self.start(os.path.join(TARGETS, "screen_names"))
        screen = self.open(shown="long")
        screen.wait("all regions", lambda text: re.search(r"^30\d\d regions", text, re.M))
        screen.type("\\region_02999")
        self.wait_frame("one row", lambda frame: frame.names() == ["region_02999"])


class System(Screen):
    """Without a target: whatever carries markers, also what starts later."""

    def aim(self):
        return ()

    def test_processes(self):
        screen = self.open(columns=140, rows=60)
        self.assertIn("the whole system: ", screen.text())
        later = self.spawn(os.path.join(TARGETS, "screen_names"), 0, 40)
        screen.wait("both", lambda text: re.search(r"probes in [2-9]\d* processes", text))
        screen.press("g", "p")
        screen.type("\\middle")
        screen.press("Enter")
        pids = self.target.pid, later.pid
        screen.wait("a row of each", lambda text: all(re.search(
            rf"^  middle +{pid} screen_na.* [1-9]\d* ", text, re.M) for pid in pids))
        later.end()
        screen.wait("it goes on", lambda text: "ENDED" not in text and "F10Quit" in text)


class Terminals(Screen):
    def test_sizes(self):
        screen = self.open()
        for columns, rows in ((40, 8), (300, 90), (1, 1), (20, 4), (80, 24)):
            screen.resize(columns, rows)
            if rows >= 8:
                screen.wait(f"{columns} columns", lambda text, width=columns: "long" in text and
                            len(text.split("\n")[0].rstrip()) == width)
        # All keys of the bar fit.
        screen.wait("F10Quit")
        screen.press("Enter")
        screen.resize(40, 8)
        screen.wait("Histogram")
        screen.resize(100, 30)
        screen.wait("p50")

    def test_hostile_names(self):
        screen = self.open(rows=40, columns=220)
        text = screen.wait("the names", lambda text: "\\\\backslash\\\\ " in text and text)
        for shown in ("clear\\x1b[2Jscreen", "title\\x1b]0;owned\\x07",
                      "two\\x0alines\\x0d\\x", "bad \\xff\\xfe utf8 \\xc3", "wide 日本語.",
                      "turn \\xe2\\x80\\xaearound", "percent %s %n %d"):
            self.assertIn(shown, text)
        # What stands right of a name is in its place: titles end where figures end.
        frame = self.frame()
        self.assertTrue(all(number(value) is not None for value in frame.column("COUNT")),
                        frame.column("COUNT"))
        # Likewise in the tree, in panes and in the message of a search.
        screen.press("t")
        screen.wait("clear\\x1b[2Jscreen")
        for name in "clear", "title", "two", "wide":
            screen.type(f"/{name}")
            screen.press("Enter", "Enter")
            for _ in range(4):
                screen.wait("the pane", lambda text: re.search(r"Source  (clear|title|two|wide)", text))
                screen.press("Tab")
            screen.press("Escape")
            screen.wait_gone("Histogram")
        self.assertNotIn("owned", screen.tmux("display-message", "-p", "#{pane_title}"))
        self.assertIn("F10Quit", screen.lines()[-1])

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

    def test_types(self):
        """Terminals of other types; tmux understands most of what is written for them."""
        for name in "xterm-256color", "linux", "vt100", "tmux-256color":
            with self.subTest(type=name):
                screen = self.open(TERM=name)
                screen.press("Down", "End", "Home")
                self.freeze()
                screen.press("q")
                self.check_end()
                screen.end()

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
        for key in "q", "F10":
            with self.subTest(key=key):
                screen = self.open()
                screen.press(key)
                self.check_end()
                self.assertIn("final summary", screen.scrolled())
                self.assertNotIn("F1Help", screen.scrolled())
                screen.end()

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
        """Its last figures are on the screen, and stay: no interval hides the end of it."""
        names = "long", "middle", "short"
        screen = self.open("-i", "30")
        self.wait_frame("figures", lambda frame: all(frame.figure(name, "COUNT")
                                                     for name in names))
        self.target.popen.kill()
        screen.wait("the target has ended")
        last = self.wait_frame("ENDED", lambda frame: "ENDED" in frame.text)
        for key, shown in (("Enter", "Histogram"), ("t", "- outer"), ("r", "the target has ended"),
                           ("i", "the target has ended")):
            screen.press(key)
            screen.wait(shown)
        screen.press("q")
        self.check_end()
        summary = re.search(r"final summary.*", screen.scrolled(), re.S)[0]
        for name in names:
            count = int(re.search(rf"^{name} +(\d+)", summary, re.M)[1])
            self.assertEqual(last.figure(name, "COUNT"), count, name)

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
        self.freeze()
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
