# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Copies of the sources that are built, in which faults are planted one after the other.

What a fault changed is put back from an original that has nothing planted, with its times: nothing is
built but what a fault makes different."""

import contextlib
import os
import shutil
import signal
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The BPF programs, and what has them inside. A unit test includes their sources and never loads them.
LOADED = ("build/bpf/rptrace.skel.h", "build/librprun.a", "build/librpcore.a")


def files_below(folder):
    for path, _, files in os.walk(folder):
        for file in files:
            yield os.path.relpath(os.path.join(path, file), folder)


class Tree:
    def __init__(self, folder, jobs):
        self.folder, self.jobs = folder, jobs
        self.build = os.path.join(folder, "build")

    def path(self, name):
        return os.path.join(self.folder, name)

    def follow_sources(self):
        """As they are in the tree; what has not changed keeps its time, and is not built again."""
        listed = subprocess.run(["git", "-c", f"safe.directory={TOP}", "ls-files", "-z"], cwd=TOP,
                                capture_output=True, text=True, check=True).stdout
        names = {name for name in listed.split("\0") if name and os.path.exists(os.path.join(TOP, name))}
        for name in names:
            with open(os.path.join(TOP, name), "rb") as file:
                data = file.read()
            with contextlib.suppress(FileNotFoundError), open(self.path(name), "rb") as file:
                if file.read() == data:
                    continue
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            shutil.copyfile(os.path.join(TOP, name), self.path(name))
            shutil.copymode(os.path.join(TOP, name), self.path(name))
        for name in set(files_below(self.folder)) - names:
            if not name.startswith("build/"):
                os.remove(self.path(name))

    def follow(self, original):
        """All as in the original, which is built: whatever differs in size or time, with its times, and those
        of folders, on which archives depend."""
        names = set(files_below(original.folder))
        folders = [os.path.relpath(path, original.folder) for path, _, _ in os.walk(original.folder)]
        for folder in folders:
            os.makedirs(self.path(folder), exist_ok=True)
        for name in set(files_below(self.folder)) - names:
            os.remove(self.path(name))
        for name in names:
            want, have = os.lstat(original.path(name)), None
            with contextlib.suppress(FileNotFoundError):
                have = os.lstat(self.path(name))
            if have and (have.st_mtime_ns, have.st_size) == (want.st_mtime_ns, want.st_size):
                continue
            if have:  # it may be running still
                os.remove(self.path(name))
            shutil.copy2(original.path(name), self.path(name), follow_symlinks=False)
        for folder in folders:
            shutil.copystat(original.path(folder), self.path(folder))

    def plant(self, fault):
        with open(self.path(fault.file), encoding="utf-8") as file:
            text = file.read()
        with open(self.path(fault.file), "w", encoding="utf-8") as file:
            file.write(text.replace(fault.old, fault.new))

    def make(self, *words):
        """-> status and what it said"""
        done = subprocess.run(["make", f"-j{self.jobs}", "O=build", "WARN=", "BPF_WARN=", "CFLAGS=-O1 -g", *words],
                              cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def build_for(self, fault):
        """-> as make()"""
        test = fault.test
        if test.kind == "unit":
            kept = LOADED if fault.file.startswith("bpf/") else ()
            return self.make(test.binary(), *(f"--old-file={name}" for name in kept))
        return self.make("build/rptrace", "targets", *([test.binary()] if test.kind == "live" else []))

    def passes(self, test, seconds):
        """None: it takes longer than so many seconds"""
        environment = {**os.environ, "RPTRACE": f"{self.build}/rptrace",
                       "RPT_TARGETS": f"{self.build}/targets", "CMOCKA_MESSAGE_OUTPUT": "STDOUT"}
        if test.filter:
            environment["LIVE_FILTER"] = test.filter
        command = ["tests/e2e/run", test.name] if test.kind == "e2e" else [test.binary()]
        # In a session of its own: a test that hangs is ended with all that it started.
        with subprocess.Popen(command, cwd=self.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace", start_new_session=True) as run:
            try:
                said = run.communicate(timeout=seconds)[0]
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                return None
        # What is skipped in part tells by the rest of it.
        if run.returncode == 0 and ("\nok " if test.kind == "e2e" else "[       OK ]") not in f"\n{said}":
            raise LookupError("no test has this name, or all are skipped here")
        return run.returncode == 0
