#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""A monkey at the live screen: so many keys, clicks and sizes at random, under sanitizers. Where it ends the
screen, which must be well, the next one begins."""

import argparse
import contextlib
import fcntl
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from trial import DEADLINE, SANITIZER_STATUS, WRONG

KEYS = ["\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1bOP", "\x1b[15~", "\x1b[3~",
        "\x1b", "\x1b[", "\x1b[<", "\x1b[M", "\r", "\t", "\x1b[Z", "\x7f", " ", "\x15", "\x0c", "\u00e9", "\u65e5", "\x80", "\xff",
        *(chr(c) for c in range(33, 127) if chr(c) not in "qQ")]
TIOCGPTN = 0x80045430  # os.ptsname() is there from Python 3.13 on
OPEN = b"\x1b[?1049h"  # the screen has the terminal
LAST = 65536  # bytes that are kept of what it writes


def click(rng):
    button = rng.choice((0, 1, 2, 64, 65, 35))
    return f"\x1b[<{button};{rng.randint(0, 300)};{rng.randint(0, 120)}{rng.choice('Mm')}"


class Screen:
    """rptrace on a terminal of its own."""

    def __init__(self, command, folder):
        self.said = b""
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
                       "ASAN_OPTIONS": f"exitcode={SANITIZER_STATUS}",
                       "UBSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}"}
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.execve(command[0], command, environment)
        os.set_blocking(self.fd, False)
        self.resize(100, 30)
        # What is typed before is for the terminal, and a signal for nobody.
        self.take_until(lambda: OPEN in self.said)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def all_is_read(self):
        """Of what was typed."""
        number = struct.unpack("I", fcntl.ioctl(self.fd, TIOCGPTN, bytes(4)))[0]
        terminal = os.open(f"/dev/pts/{number}", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
        n = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))[0]
        os.close(terminal)
        return not n

    def take_until(self, done):
        """Take what it writes. False: it has ended."""
        until = time.monotonic() + DEADLINE
        while not done():
            if time.monotonic() > until:
                self.give_up()
            if select.select([self.fd], [], [], 0.02)[0] and self.wait(False) is None:
                return False
        return True

    def give_up(self):
        text = self.said.decode(errors="replace")
        with open(f"/proc/{self.pid}/stack", encoding="utf-8") as file:
            stack = file.read()
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(f"monkey: it hangs: {text[-3000:]}\n{stack}")

    def wait(self, writing):
        """Take what it writes. -> whether it reads, where that is wanted; None: it has ended."""
        ready, writable, _ = select.select([self.fd], [self.fd] if writing else [], [], DEADLINE)
        if not ready and not writable:
            self.give_up()
        if ready:
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                more = b""
            if not more:
                return None
            self.said = (self.said + more)[-LAST:]
        return bool(writable)

    def type(self, keys):
        """False: it has ended."""
        data = keys.encode("utf-8", "surrogateescape")
        while data:
            writable = self.wait(True)
            if writable is None:
                return False
            if writable:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self.fd, data):]
        return True

    def end(self):
        """-> status"""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self.take_until(lambda: False)
        os.close(self.fd)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        text = self.said.decode(errors="replace")
        if status or WRONG.search(text):
            sys.exit(f"monkey: status {status}\n{text[-6000:]}")


def play(args, folder, target):
    rng, typed, screens = random.Random(args.seed), 0, 0
    command = [args.rptrace, "--no-setup", "-p", str(target.pid), "-i", "200ms", "-f", "*", "-u", "*:*"]
    while typed < args.keys:
        screen, left = Screen(command, folder), rng.randint(100, 3000)
        screens += 1
        while left and typed < args.keys:
            left -= 1
            typed += 1
            if rng.random() < 0.01:
                screen.resize(rng.randint(1, 250), rng.randint(1, 90))
            if not screen.type(click(rng) if rng.random() < 0.05 else rng.choice(KEYS)):
                break
            if left % 32 == 0 and not screen.take_until(screen.all_is_read):
                break
        screen.end()
    print(f"monkey: {typed} keys in {screens} screens")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rptrace", default="build/asan/rptrace")
    parser.add_argument("--targets", default="build/targets")
    parser.add_argument("--keys", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.rptrace = os.path.abspath(args.rptrace)
    with tempfile.TemporaryDirectory(prefix="rptrace-monkey-") as folder:
        program = os.path.join(os.path.abspath(args.targets), "functions")
        with subprocess.Popen([program, "forever"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target:
            target.stdin.write(b"\n")  # it goes on, until there is no more
            target.stdin.flush()
            try:
                play(args, folder, target)
            finally:
                target.kill()


if __name__ == "__main__":
    main()
