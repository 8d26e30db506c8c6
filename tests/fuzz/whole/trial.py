# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""One input given to rptrace, and what must hold whatever the input is."""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys

DEADLINE = 300  # seconds: past it, it hangs
SANITIZER_STATUS = 99
STATUS = {0, 1, 2, 3, 4, 126, 127}
WRONG = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|has ended over it"
                   r"|answered what cannot be")
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


class Failed(Exception):
    """What must not happen has happened."""


class Trial:
    """The input is made of its kind and its number alone."""

    def __init__(self, kind, number, build, targets, folder):
        self.random = random.Random(f"{kind} {number}")
        self.rptrace, self.targets, self.folder = build, targets, folder
        self.held = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def seed(self, target):
        with open(os.path.join(self.targets, target), "rb") as file:
            return bytearray(file.read())

    def write(self, name, data):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o755)
        return path

    def hold(self, *command):
        """A target that waits; -> its process id."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   cwd=self.folder)
        self.held.append(process)
        if process.stdout.readline() != b"ready\n":
            raise Failed(f"{command[0]} is not ready")
        return process.pid

    def let_go(self):
        for process in self.held:
            process.kill()
            process.wait()

    def run(self, *words, verbose=False):
        """rptrace with these words; -> what it wrote to stdout, as bytes."""
        environment = {**os.environ, "LC_ALL": "C.UTF-8",
                       "ASAN_OPTIONS": f"exitcode={SANITIZER_STATUS}:allocator_may_return_null=1",
                       "UBSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}",
                       "LSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}"}
        with subprocess.Popen([self.rptrace, *words], cwd=self.folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=DEADLINE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise Failed(f"{words}: hangs") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # what it may have started
        self.judge(words, process.returncode, out, err, verbose)
        return out

    @staticmethod
    def judge(words, status, out, err, verbose):
        said = err.decode(errors="replace")
        if WRONG.search(said) or status not in STATUS:
            raise Failed(f"{words}: status {status}\n{said[-6000:]}")
        if not verbose:
            for text in (out, err):
                if CONTROL.search(text):
                    raise Failed(f"{words}: control characters: {text[-2000:]}")
        if status in (2, 3, 4) and len(said.splitlines()) < 1:
            raise Failed(f"{words}: status {status} without a word")

    def look_at_file(self, name, form):
        """What was written there, as a terminal or a parser would."""
        with open(self.path(name), "rb") as file:
            text = file.read()
        if CONTROL.search(text):
            raise Failed(f"{form}: control characters: {CONTROL.search(text)} in {text[-2000:]}")
        if form == "json":
            json.loads(text)

    def snapshot(self, *words):
        """The same, whose stdout is one JSON document, or nothing."""
        out = self.run(*words)
        if out.strip():
            try:
                return json.loads(out)
            except ValueError as error:
                raise Failed(f"{words}: {error}: {out[-2000:]}") from None
        return None


def fail(text):
    print(text, file=sys.stderr, flush=True)
