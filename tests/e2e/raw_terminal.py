# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""A terminal of which the test is the other end: it takes bytes when it likes, each one once."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from harness import DEADLINE

SCREEN, BACK = b"\x1b[?1049h", b"\x1b[?1049l"  # the screen for pictures, and back to the text


class RawTerminal:
    """One command; `typed` is there before it begins."""

    def __init__(self, command, columns=100, rows=30, typed=b"", speed=None):
        self.fd, self.line = pty.openpty()
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if speed:
            modes = termios.tcgetattr(self.line)
            modes[4] = modes[5] = speed
            termios.tcsetattr(self.line, termios.TCSANOW, modes)
        self.modes = termios.tcgetattr(self.line)
        self.text = b""
        self.press(typed)
        self.popen = subprocess.Popen(
            command, stdin=self.line, stdout=self.line, stderr=self.line, start_new_session=True,
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})

    def press(self, keys):
        os.write(self.fd, keys)

    def take(self, most=65536):
        """What is there within a moment."""
        if select.select([self.fd], [], [], 0.05)[0]:
            self.text += os.read(self.fd, most)

    def wait(self, pattern, since=0):
        """Take bytes until those from one on match."""
        until = time.monotonic() + DEADLINE
        while not re.search(pattern, self.text[since:]):
            if time.monotonic() > until:
                raise AssertionError(f"{pattern} never came: {self.text!r}")
            self.take()

    def finish(self):
        """Take all that comes until the command ends; returns its status."""
        until = time.monotonic() + DEADLINE
        while self.popen.poll() is None:
            if time.monotonic() > until:
                raise AssertionError(f"it never ended: {self.text!r}")
            self.take()
        while select.select([self.fd], [], [], 0)[0]:
            self.take()
        return self.popen.returncode

    def end(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        os.close(self.line)
        os.close(self.fd)
