# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The screen on a line that carries few bytes, or none for a while."""

import fcntl
import os
import select
import struct
import termios
import time

import harness
from harness import Case, Process
from raw_terminal import RawTerminal
from screen import TARGETS

SPEED = 1920  # bytes a second that 19200 baud are
ON_ITS_WAY = SPEED // 5
LINE = 400  # bytes at most that a line of 120 columns is, with its colours
OPENING = 600  # bytes that set the terminal up


class SlowLine(Case):
    def setUp(self):
        super().setUp()
        self.target = Process(os.path.join(TARGETS, "screen_names"), 0, 40)
        self.addCleanup(self.target.end)

    def open(self, **how):
        self.began = time.monotonic()
        self.terminal = RawTerminal([harness.rptrace_path, "-p", str(self.target.pid), "--no-setup",
                                     "-i", "0.1"], columns=120, rows=40, **how)
        self.addCleanup(self.terminal.end)
        return self.terminal

    def check_bounded(self):
        """No more than the line would have carried since the start, and what may be on its way."""
        came = len(self.terminal.text)
        most = OPENING + LINE + ON_ITS_WAY + SPEED * (time.monotonic() - self.began)
        self.assertLess(came, most)

    def test_no_more_is_written_than_the_line_carries(self):
        terminal = self.open(speed=termios.B19200)
        terminal.wait(b"RATE/S")
        while len(terminal.text) < 5000:
            terminal.take()
            self.check_bounded()
            terminal.press(b"\x1b[B")  # all that keys change, too
        terminal.press(b"q")
        self.assertEqual(terminal.finish(), 0)

    def test_a_key_goes_before_what_is_left_of_a_picture(self):
        terminal = self.open(speed=termios.B19200)
        terminal.wait(b"RATE/S")
        for _ in range(3):
            begun = len(terminal.text)
            # In the middle of one, in which all lines change.
            while len(terminal.text) < begun + 2 * ON_ITS_WAY:
                terminal.take()
            pressed = len(terminal.text)
            terminal.press(b"/")
            # On a busy machine it is read late, and what was written before that is no answer.
            terminal.take()
            while self.unread() or select.select([terminal.fd], [], [], 0)[0]:
                terminal.take()
            read = len(terminal.text)
            terminal.wait(b"Search: ", pressed)
            answer = terminal.text.index(b"Search: ", pressed)
            self.assertLess(answer - read, 2 * (ON_ITS_WAY + LINE))
            terminal.press(b"\x1b")
        terminal.press(b"q")

    def unread(self):
        """Bytes that were typed and that rptrace has not taken yet."""
        return struct.unpack("i", fcntl.ioctl(self.terminal.line, termios.FIONREAD, b"\0" * 4))[0]

    def test_a_reader_that_stops_is_not_waited_for(self):
        terminal = self.open()
        terminal.wait(b"RATE/S")
        pressed, until = 0, time.monotonic() + harness.DEADLINE
        while select.select([], [terminal.line], [], 0)[1]:  # it takes more
            self.assertLess(time.monotonic(), until, "the line is never full")
            terminal.press(b"?")  # the help comes, or goes: all of the screen changes
            pressed += 1
            time.sleep(0.01)
        for _ in range(20 + pressed % 2):
            terminal.press(b"?")
            while self.unread():
                self.assertLess(time.monotonic(), until, "keys are not taken")
                time.sleep(0.001)
        terminal.press(b"/newest")
        before = len(terminal.text)
        terminal.wait(b"newest")
        # What the kernel keeps and a picture or two.
        self.assertLess(len(terminal.text) - before, 40000)
        terminal.press(b"\x1bq")
        self.assertEqual(terminal.finish(), 0)
