# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Do the tests notice? Plants single faults, each into a copy of the sources, builds it, and runs the test
that must fail then. Fails where a test does not, and where the text that a fault changes is
no longer there. What was caught is remembered until the source, the fault or the test changes.

The faults are in the files beside this one: see table.py for how they are written."""

import argparse
import contextlib
import hashlib
import os
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from table import read_tables
from tree import TOP, Tree

MOST_UNSEEN = 0.05  # of all faults may be such that no test sees them
# A test hangs, which is noticed too, if it takes so many times as long as without the fault, and so many seconds;
# and does not take half of that without it afterwards: others may have taken all the CPUs.
TIMES, SECONDS = 20, 60
ENDLESS = 1800  # seconds that no test takes


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


class Healthy:
    """How long tests take where nothing is planted, each tried once."""

    def __init__(self):
        self.locks, self.took, self.lock = {}, {}, threading.Lock()

    def seconds(self, tree, test):
        """None: it fails then as well, and would notice everything"""
        name = str(test)
        with self.lock:
            mine = self.locks.setdefault(name, threading.Lock())
        with mine:
            if name not in self.took:
                began = time.monotonic()
                passes = tree.passes(test, ENDLESS)
                self.took[name] = time.monotonic() - began if passes else None
            return self.took[name]


def judge(tree, original, healthy, fault):
    """-> "caught", or what happened instead"""
    try:
        seconds = healthy.seconds(tree, fault.test)
        if seconds is None:
            return "its test fails without it"
        tree.plant(fault)
        status, said = tree.build_for(fault)
        if status:
            return "does not build: " + "\n".join(line for line in said.split("\n") if "error" in line)[:500]
        most = max(SECONDS, TIMES * seconds)
        passes = tree.passes(fault.test, most)
        if passes is None:
            tree.follow(original)
            return "caught" if tree.passes(fault.test, most / 2) else "its test takes as long without it"
        return "not caught" if passes else "caught"
    except LookupError as why:
        return str(why)
    finally:
        tree.follow(original)


def run(original, folder, jobs, memory, faults):
    """-> the faults that nobody noticed, with what happened; so many are planted at a time, each in a tree
    of its own, and those whose test has to be alone at the end"""
    trees, healthy, bad, lock = queue.SimpleQueue(), Healthy(), [], threading.Lock()
    for number in range(jobs):
        tree = Tree(os.path.join(folder, str(number)), 1)
        os.makedirs(tree.folder, exist_ok=True)
        tree.follow(original)
        trees.put(tree)
    # Tests of real programs use ports and servers, which are there once.
    alone = set(original.make("--silent", "names-alone")[1].split())
    done = len([fault for fault in faults if memory.has(fault)])

    def one(fault):
        nonlocal done
        tree, began = trees.get(), time.monotonic()
        try:
            verdict = judge(tree, original, healthy, fault)
        finally:
            trees.put(tree)
        with lock:
            done += 1
            print(f"{done}/{len(faults)} {verdict}: {fault} ({time.monotonic() - began:.0f} s)", flush=True)
            if verdict == "caught":
                memory.add(fault)
            else:
                bad.append((fault, verdict))

    left = [fault for fault in faults if not memory.has(fault)]
    at_end = [fault for fault in left if fault.test.kind == "e2e" or fault.test.name in alone]
    for some, workers in (([fault for fault in left if fault not in at_end], jobs), (at_end, 1)):
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, some))
    return bad


def main():
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--build", default="build", help="output folder of make (build)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="faults at a time (one a CPU)")
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
        original = Tree(os.path.join(folder, "original"), args.jobs)
        original.follow_sources()
        status, said = original.make("built", "npm")
        if status:
            sys.exit(f"mutants: what has no fault does not build:\n{said}")
        bad += run(original, folder, args.jobs, Memory(os.path.join(folder, "caught")),
                   [fault for fault in faults if id(fault) not in gone])
    for fault, why in bad:
        print(f"mutants: {fault}: {why}", file=sys.stderr)
    print(f"mutants: {len(faults)} faults, {len(faults) - len(bad) - len(unseen)} "
          f"{'can be planted' if args.check else 'caught'}, {len(bad)} not; no test sees {len(unseen)}")
    return 1 if bad or not faults or (not args.only and len(unseen) > MOST_UNSEEN * len(faults)) else 0


if __name__ == "__main__":
    sys.exit(main())
