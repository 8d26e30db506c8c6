# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Open regions on the live screen: what is stuck, in which thread, for how long."""

import os
import re
import subprocess
import time

from harness import Process
from screen import FIGURE, Screen, TARGETS, number

INTERVAL = 0.2  # s
LINE = re.compile(rf"^ ([ !]) *({FIGURE}) +(?:(\d+) (\S+) +)?(\d+|span \d+) +(\S.*)$")


class Line:
    """A line of the list."""

    def __init__(self, match):
        self.stuck = match[1] == "!"
        self.age = number(match[2]) / 1e9
        self.pid, self.comm, self.thread, self.path = match[3], match[4], match[5], match[6]


class Open(Screen):
    options = ("-i", str(INTERVAL))

    def setUp(self):
        self.dir = self.folder()

    def start_stuck(self, *args):
        self.target = Process(os.path.join(TARGETS, "stuck"), *args, stdin=subprocess.PIPE)
        self.addCleanup(self.target.end)
        self.target.wait_lines("^ready$", stream="stdout")

    def enter(self):
        """Go: the regions that it says are open, (from, to, thread, path), times in s."""
        self.target.say("x")
        self.target.wait_lines("^stuck$", stream="stdout")
        found = re.findall(r"^open (\d+) (\d+) (\d+) (.*)$", self.target.out(), re.M)
        return [(int(begin) / 1e9, int(end) / 1e9, thread, path)
                for begin, end, thread, path in found]

    def list(self, text):
        return [Line(match) for match in map(LINE.match, text.split("\n")) if match]

    def open_list(self, *options, **env):
        screen = self.open("-f", "request", "-f", "compute", "-f", "lock_wait", "-f", "nest",
                           "-u", "'rptrace:*'", *options, shown="F10Quit", **env)
        screen.press("o")
        screen.wait("no region is open")
        return screen

    def wait_true(self, said):
        """Until the list has what the target says, and no more, with ages of the last moment."""
        def found(text):
            now, lines = time.monotonic(), self.list(text)
            if sorted((line.thread, line.path) for line in lines) != \
                    sorted((thread, path) for _, _, thread, path in said):
                return None
            for begin, end, thread, path in said:
                line = next(line for line in lines if (line.thread, line.path) == (thread, path))
                # Three digits are shown.
                if not now - end - 2 * INTERVAL <= 1.01 * line.age <= 1.02 * (now - begin):
                    return None
            ages = [line.age for line in lines]
            return lines if ages == sorted(ages, reverse=True) else None
        return self.screen.wait("every open region with its age", found)

    def test_blocked(self):
        """A thread asleep in the kernel."""
        self.start_stuck("blocked")
        self.open_list()
        said = self.enter()
        self.assertEqual([path for *_, path in said],
                         ["request", "request > compute", "request > compute > lock_wait"])
        lines = self.wait_true(said)
        self.assertEqual({(line.pid, line.comm) for line in lines},
                         {(str(self.target.pid), "stuck")})
        self.screen.wait("3 open regions")
        self.target.say("x")
        self.screen.wait("the target has ended")
        self.screen.wait("no region is open")

    def test_spinning(self):
        self.start_stuck("spin")
        self.open_list()
        self.wait_true(self.enter())

    def test_stuck(self):
        """What is older than asked for is marked, and counted above; the rest is not."""
        self.start_stuck("threads", "3")
        screen = self.open_list("--stuck", "2s", NO_COLOR="1")
        self.enter()
        # An age of 1.996 s is shown as 2.00 s.
        screen.wait("marks as the ages", lambda text: len(lines := self.list(text)) == 9 and all(
            line.stuck == (line.age >= 2) or abs(line.age - 2) < 0.01 for line in lines))
        screen.wait("all are stuck", lambda text: "stuck 9 " in text and
                    len(lines := self.list(text)) == 9 and
                    all(line.stuck and line.age >= 2 for line in lines))
        # Also while the list is closed.
        screen.press("o")
        screen.wait("the table", lambda text: "REGION  " in text and "stuck 9 " in text)

    def test_on_stuck(self):
        """The command runs behind the screen too, which need not show the list."""
        self.start_stuck("blocked")
        screen = self.open("-f", "request", "--stuck", "0.1s", "--on-stuck", "'echo ran >>ran; echo first; echo was $RPTRACE_REGION'",
                           shown="F10Quit")
        self.enter()
        screen.wait("the command", lambda _: os.path.exists(self.path("ran")))
        screen.wait("stuck 1 ")
        screen.wait("--on-stuck: was request")
        # The next key takes the message away; whoever comes back later sees it below the screen.
        screen.press("Down")
        screen.wait("F10Quit")
        screen.press("q")
        self.check_end()
        self.assertIn("rptrace: --on-stuck: was request", self.read("messages"))

    def test_choose(self):
        self.start_stuck("threads", "3")
        screen = self.open_list(NO_COLOR="1")
        said = self.enter()
        self.wait_true(said)
        screen.press("End")
        screen.wait("the last one", lambda _: screen.chosen().endswith("lock_wait"))
        screen.type("\\")
        screen.type("no such|lock_")
        screen.press("Enter")
        screen.wait("3 of 9 open regions")
        screen.press("Home", "Enter")
        screen.wait("the region in the table", lambda text: "REGION  " in text and
                    screen.chosen().startswith("lock_wait"))
        screen.press("o")
        screen.wait("3 of 9 open regions")
        screen.press("Escape")
        screen.wait("REGION  ")

    def test_pause(self):
        self.start_stuck("blocked")
        screen = self.open_list()
        self.wait_true(self.enter())
        screen.press("p")
        screen.wait("PAUSED")
        before, written = self.still_frame().text, self.written()
        time.sleep(5 * INTERVAL)
        self.assertEqual((screen.text(), self.written()), (before, written))

    def test_names(self):
        """Labels, spans, and what a terminal should not obey."""
        self.start_stuck("marks")
        screen = self.open_list()
        self.enter()
        screen.wait("the innermost", lambda text: "outer > name > \\x1b[2J > value[-7]" in text)
        screen.resize(40, 8)
        screen.wait("its inner end", lambda text: "... > value[-7]" in text)
        screen.end()
        self.target.end()
        self.start_stuck("span")
        screen = self.open_list()
        self.enter()
        screen.wait("the span", lambda text: [line for line in self.list(text)
                                              if line.thread == "span 4711" and line.path == "job"])
