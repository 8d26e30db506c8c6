# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The live screen in a real terminal, on a program with regions of known times and names.

The machine may be slow or busy, rows of like figures change places, and a look may come while a
picture is being drawn. So nothing is judged at a first look: what should be there is waited for, all
of it in one condition; what should not change any more is frozen first. That something is not there,
or has not changed, is told after settle(). A target begins once it is measured: else some of it would
be under way, and have paths that begin in the middle."""

import os
import platform
import re
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
# epoll_wait, epoll_pwait, poll and ppoll, by machine
WAITS = {"x86_64": {232, 281, 7, 271}, "aarch64": {22, 73}}[platform.machine()]
ROWS = 17  # regions of screen_names
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
    shown = f"{ROWS} regions"  # each was entered
    is_held = False

    def setUp(self):
        super().setUp()
        self.start(os.path.join(TARGETS, "screen_names"))

    def start(self, program):
        """A target that waits for go()."""
        self.target = Process(program, *self.target_args, stdin=subprocess.PIPE)
        self.addCleanup(self.target.end)
        self.is_held = True

    def go(self):
        if self.is_held:
            self.target.say("\n")
        self.is_held = False

    def aim(self):
        return "-p", str(self.target.pid)

    def open(self, *options, columns=100, rows=30, shown=None, **env):
        """Until a text is there."""
        shown, over = shown or self.shown, "all is over"
        command = " ".join([self.under, harness.rptrace_path, *self.aim(), *self.options, *options])
        self.screen = Terminal(
            f"stty -g >modes; {command} 2>messages; echo $? >status; stty -g >modes.after; "
            "echo all is over; exec cat", columns, rows, env, self.dir)
        self.addCleanup(self.screen.end)
        self.screen.wait("the table", lambda text: "REGION" in text or shown in text or over in text)
        self.go()
        self.screen.wait(shown, lambda text: shown in text or over in text)
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

    def settle(self):
        """Until it has done what it was asked for and waits for more; what it shows for the keys
        pressed last has to be there already."""
        path, until = f"/proc/{self.rptrace_pid()}/syscall", time.monotonic() + harness.DEADLINE
        while True:
            with open(path, encoding="utf-8") as file:
                call = file.read().split()[0]
            if call.isdigit() and int(call) in WAITS:
                return
            self.assertLess(time.monotonic(), until, "it never waits")
            time.sleep(0.002)

    def still_frame(self):
        """The picture once it is all there, of a frozen screen."""
        last = None
        self.settle()

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

    def wait_all_rows(self):
        """Until each region of the target has been left a few times: no row is to come any more."""
        return self.wait_frame("all rows", lambda frame: len(frame.rows) == ROWS and
                               min(frame.numbers("COUNT")) > 1)

    def wait_chosen(self, name):
        def found(_):
            row = cells(self.screen.chosen())
            return row == name or row.startswith(name + "  ")
        self.screen.wait(f"{name} chosen", found)

    def choose(self, name):
        self.screen.type(f"/{name}")
        self.screen.press("Enter")

    def keys_of_help(self, heading):
        """Those in the first column of the help, under a heading."""
        self.screen.press("?")
        text = self.screen.wait("the help", lambda text: "single-stepped" in text and text)
        self.screen.press("Escape")
        self.screen.wait("REGION  ")
        lines = text.split("\n")
        keys = set()
        for line in lines[lines.index(heading) + 1:]:
            if not line.startswith(" "):
                break
            keys |= set(line[:18].split())
        self.assertTrue(keys, f"nothing is under {heading}")
        return keys

    def written(self):
        """Bytes that rptrace has written so far, wherever to."""
        with open(f"/proc/{self.rptrace_pid()}/io", encoding="utf-8") as file:
            return int(re.search(r"wchar: (\d+)", file.read())[1])

    def count_writes(self, press, shown):
        """Bytes that rptrace writes to the terminal for some keys, one after the other, until the last one shows."""
        before = self.written()
        for keys, what in zip(press, shown):
            self.screen.press(*keys)
            self.screen.wait(what)
            self.settle()
        return (self.written() - before) // 2  # each is written to memory first
