# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Do the tests notice? Plants single faults, one at a time, into a copy of the sources, builds it, and
runs the test that must fail then. Fails where a test does not, and where the text that a fault changes is
no longer there. What was caught is remembered until the source, the fault or the test changes.

The faults are in the files beside this one: see table.py for how they are written."""

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

from table import read_tables

MOST_UNSEEN = 0.05  # of all faults may be such that no test sees them
SECONDS = 300  # a test that takes longer hangs, which is noticed too
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Copy:
    """The sources with a build folder of their own."""

    def __init__(self, folder, jobs):
        self.folder, self.jobs = folder, jobs
        self.build = os.path.join(folder, "build")
        os.makedirs(folder, exist_ok=True)
        listed = subprocess.run(["git", "-c", f"safe.directory={TOP}", "ls-files", "-z"], cwd=TOP,
                                capture_output=True, text=True, check=True).stdout
        names = set(filter(None, listed.split("\0")))
        for name in names:
            self.refresh(name)
        self.drop_all_but(names)

    def drop_all_but(self, names):
        """What has left the tree since the last time would still be built."""
        for path, folders, files in os.walk(self.folder):
            if path == self.folder:
                folders[:] = [folder for folder in folders if folder != "build"]
            for file in files:
                copy = os.path.join(path, file)
                if os.path.relpath(copy, self.folder) not in names:
                    os.remove(copy)

    def refresh(self, name):
        """As it is in the tree; what has not changed keeps its time, and is not built again."""
        source, copy = os.path.join(TOP, name), os.path.join(self.folder, name)
        if not os.path.exists(source):
            return
        with open(source, "rb") as file:
            data = file.read()
        with contextlib.suppress(FileNotFoundError):
            with open(copy, "rb") as file:
                if file.read() == data:
                    return
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copyfile(source, copy)
        shutil.copymode(source, copy)

    def make(self, *targets):
        """-> what it said where it failed, else None"""
        compilers = [f"{name}=ccache {compiler}" for name, compiler in (("CC", "gcc"), ("CXX", "g++"))
                     if shutil.which("ccache")]
        done = subprocess.run(["make", f"-j{self.jobs}", "O=build", "WARN=", "BPF_WARN=", *compilers, *targets],
                              cwd=self.folder, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else None

    def build_for(self, test):
        if test.kind == "unit":
            return self.make(f"build/tests/unit/{test.name}")
        if test.kind == "live":
            return self.make("build/rptrace", "targets", f"build/tests/live/{test.name}")
        return self.make("build/rptrace", "targets")

    def passes(self, test):
        environment = {**os.environ, "RPTRACE": f"{self.build}/rptrace",
                       "RPT_TARGETS": f"{self.build}/targets", "CMOCKA_MESSAGE_OUTPUT": "STDOUT"}
        if test.kind == "e2e":
            command = ["tests/e2e/run", test.name]
        else:
            command = [f"build/tests/{test.kind}/{test.name}"]
            if test.filter:
                environment["LIVE_FILTER"] = test.filter
        # In a session of its own: a test that hangs is ended with all that it started.
        with subprocess.Popen(command, cwd=self.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace", start_new_session=True) as run:
            try:
                said = run.communicate(timeout=SECONDS)[0]
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                return False
        # What is skipped in part tells by the rest of it.
        if run.returncode == 0 and ("\nok " if test.kind == "e2e" else "[       OK ]") not in f"\n{said}":
            raise RuntimeError(f"{test}: no test has this name, or all are skipped here")
        return run.returncode == 0


class Memory:
    """Which faults were caught, by all that this rests on."""

    def __init__(self, path):
        self.path = path
        self.known = set()
        with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
            self.known = set(file.read().split())

    @staticmethod
    def key(fault):
        digest = hashlib.sha256(repr((fault.file, fault.old, fault.new, str(fault.test))).encode())
        for name in (fault.file, *fault.test.sources()):
            with open(os.path.join(TOP, name), "rb") as file:
                digest.update(file.read())
        return digest.hexdigest()

    def has(self, fault):
        return self.key(fault) in self.known

    def add(self, fault):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(self.key(fault) + "\n")


def plant(copy, fault):
    path = os.path.join(copy.folder, fault.file)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(fault.old, fault.new))


def stale(fault):
    """Why a fault cannot be planted; None: it can be."""
    path = os.path.join(TOP, fault.file)
    if not os.path.exists(path):
        return "there is no such file"
    with open(path, encoding="utf-8") as file:
        found = file.read().count(fault.old)
    missing = [name for name in fault.test.sources() if not os.path.exists(os.path.join(TOP, name))]
    if missing:
        return f"there is no {missing[0]}"
    return None if found == 1 else f"its text is there {found} times, not once"


def judge(copy, fault):
    """-> "caught", or what happened instead"""
    plant(copy, fault)
    try:
        failed = copy.build_for(fault.test)
        if failed:
            return "does not build: " + "\n".join(
                line for line in failed.split("\n") if "error" in line)[:500]
        return "not caught" if copy.passes(fault.test) else "caught"
    finally:
        copy.refresh(fault.file)


def run(copy, memory, faults):
    """-> the faults that nobody noticed, with what happened"""
    healthy, bad = {}, []
    for number, fault in enumerate(faults, 1):
        began = time.monotonic()
        if memory.has(fault):
            continue
        if str(fault.test) not in healthy:
            # A test that fails without a fault as well would notice everything.
            failed = copy.build_for(fault.test)
            healthy[str(fault.test)] = not failed and copy.passes(fault.test)
        verdict = judge(copy, fault) if healthy[str(fault.test)] else "its test fails without it"
        print(f"{number}/{len(faults)} {verdict}: {fault} ({time.monotonic() - began:.0f} s)", flush=True)
        if verdict == "caught":
            memory.add(fault)
        else:
            bad.append((fault, verdict))
    return bad


def main():
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--build", default="build", help="output folder of make (build)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--check", action="store_true", help="only whether the texts are still there")
    parser.add_argument("only", nargs="*", help="part of a fault's file, text or test")
    args = parser.parse_args()
    faults = [fault for fault in read_tables(os.path.dirname(os.path.abspath(__file__)))
              if not args.only or any(part in fault.words() for part in args.only)]
    unseen = [fault for fault in faults if fault.test.kind == "nobody"]
    bad = [(fault, why) for fault in faults if (why := stale(fault))]
    if not args.check:
        folder = os.path.join(os.path.abspath(args.build), "mutants")
        os.makedirs(folder, exist_ok=True)
        gone = {id(fault) for fault in unseen} | {id(fault) for fault, _ in bad}
        bad += run(Copy(os.path.join(folder, "tree"), args.jobs), Memory(os.path.join(folder, "caught")),
                   [fault for fault in faults if id(fault) not in gone])
    for fault, why in bad:
        print(f"mutants: {fault}: {why}", file=sys.stderr)
    print(f"mutants: {len(faults)} faults, {len(faults) - len(bad) - len(unseen)} "
          f"{'can be planted' if args.check else 'caught'}, {len(bad)} not; no test sees {len(unseen)}")
    return 1 if bad or not faults or (not args.only and len(unseen) > MOST_UNSEEN * len(faults)) else 0


if __name__ == "__main__":
    sys.exit(main())
