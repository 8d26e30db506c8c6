# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""A terminal of a given size, through tmux with a server of its own."""

import itertools
import os
import re
import shlex
import subprocess
import threading
import time

from harness import DEADLINE

numbers = itertools.count(1)


class Terminal:
    """Runs one command line in a shell of its own; what it shows is read as text."""

    def __init__(self, command, columns=100, rows=30, env=None, cwd="/"):
        self.name = f"rptrace-{os.getpid()}-{next(numbers)}"
        # A server would hand on what it got of the environment.
        self.env = {"PATH": os.environ["PATH"], "TERM": "screen", "LC_ALL": "C.UTF-8",
                    "SHELL": "/bin/sh", **(env or {})}
        words = [f"{key}={value}" for key, value in self.env.items()]
        self.control = None
        self.run("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "-c", cwd,
                 shlex.join(["env", "-i", *words, "sh", "-c", command]))
        # One client for all that follows: a process a look would keep a loaded machine busy.
        self.control = subprocess.Popen(
            ["tmux", "-L", self.name, "-C", "attach-session", "-f", "no-output,ignore-size"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", errors="replace",
            env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.answer()

    def run(self, *args):
        done = subprocess.run(["tmux", "-L", self.name, *map(str, args)], check=False, text=True,
                              capture_output=True, timeout=DEADLINE,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        if done.returncode:
            raise AssertionError(f"tmux {args}: {done.stderr}")

    def answer(self):
        """What the server says to the command before."""
        lines = []
        late = threading.Timer(DEADLINE, self.control.kill)
        late.start()
        for line in self.control.stdout:
            if line.startswith("%begin "):
                lines = []
            elif line.startswith("%end "):
                late.cancel()
                return "".join(lines)
            elif line.startswith(("%error ", "%exit")):
                break
            else:
                lines.append(line)
        late.cancel()
        raise AssertionError(f"tmux: {''.join(lines)}")

    def tmux(self, *args):
        self.control.stdin.write(shlex.join(map(str, args)) + "\n")
        self.control.stdin.flush()
        return self.answer()

    def end(self):
        subprocess.run(["tmux", "-L", self.name, "kill-server"], check=False,
                       capture_output=True, timeout=DEADLINE)
        if self.control:
            with self.control as control:
                control.kill()
            self.control = None

    # ---- the screen ------------------------------------------------------------------------

    def lines(self):
        return self.tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def text(self):
        return self.tmux("capture-pane", "-p")

    def styled(self):
        """With the escape codes of colours and attributes."""
        return self.tmux("capture-pane", "-p", "-e")

    def scrolled(self):
        """With what has left the screen at the top."""
        return self.tmux("capture-pane", "-p", "-S", "-")

    def reversed(self):
        """What is in reverse video (with NO_COLOR), the titles and the keys aside: (column, text)."""
        reverse, found = False, []
        for line in self.styled().split("\n"):
            at, last = 0, False
            for codes, char in re.findall("\x1b\\[([\\d;]*)m|(.)", line):
                for code in codes.split(";") if not char else ():
                    reverse = code == "7" or (reverse and code not in ("", "0", "27"))
                if char and reverse and last:
                    found[-1] = (found[-1][0], found[-1][1] + char)
                elif char and reverse:
                    found.append((at, char))
                if char:
                    at, last = at + 1, reverse
        return [(at, text) for at, text in found if not re.match(r" *REGION| *AGE", text)]

    def chosen(self):
        """The row under the cursor of the table, its marks aside: they come and go."""
        return next((text[2:].strip() for at, text in self.reversed() if not at), "")

    def wait(self, what, found=None):
        """Until a text is there, or a function of the screen's text returns something true."""
        test = found or (lambda text: what in text)
        until = time.monotonic() + DEADLINE
        while True:
            text = self.text()
            result = test(text)
            if result:
                return result
            if time.monotonic() > until:
                raise AssertionError(f"the screen never showed: {what}\n{text}")
            time.sleep(0.02)

    def wait_gone(self, what):
        self.wait(f"not '{what}'", lambda text: what not in text)

    # ---- keys --------------------------------------------------------------------------------

    def press(self, *keys):
        """Names as tmux has them: Enter, Left, F3, C-z; or single characters."""
        for key in keys:
            if len(key) > 1:
                self.tmux("send-keys", key)
            else:
                self.type(key)

    def type(self, text):
        self.tmux("send-keys", "-H", *[f"{byte:02x}" for byte in text.encode()])

    def click(self, row, column, button=0):
        """A button down and up, as a terminal of the type 'screen' reports it."""
        place = chr(33 + column) + chr(33 + row)
        self.type("\x1b[M" + chr(32 + button) + place + "\x1b[M#" + place)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)
