#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Damaged inputs through the whole program, as root and under sanitizers: of each kind so many, or for so many
seconds, as many kinds at a time as there are CPUs. The inputs whose numbers are in the file `seeds` come first, then
others. KIND:NUMBER does one input again."""

import argparse
import concurrent.futures
import os
import shutil
import sys
import tempfile
import time

from kinds import INPUTS, KINDS
from trial import Failed, Trial, fail

HERE = os.path.dirname(os.path.abspath(__file__))


def saved_seeds(kind):
    with open(os.path.join(HERE, "seeds"), encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words and words[0] == kind:
                yield from map(int, words[1:])


def numbers(kind, begin):
    """Saved ones, then from `begin` on."""
    yield from saved_seeds(kind)
    while True:
        yield begin
        begin += 1


def try_one(kind, number, args):
    """Whether what must hold does."""
    folder = tempfile.mkdtemp(prefix="rptrace-fuzz-")
    trial = Trial(kind, number, args.rptrace, args.targets, folder)
    try:
        KINDS[kind](trial)
    except Failed as failed:
        fail(f"fuzz: {kind}:{number}: {failed}\nfuzz: its files are in {folder}")
        return False
    finally:
        trial.let_go()
    shutil.rmtree(folder)
    return True


def try_many(kind, args):
    """-> (inputs, those that failed)"""
    end, done, failed = time.monotonic() + (args.seconds or 0), 0, 0
    for number in numbers(kind, args.begin):
        failed += not try_one(kind, number, args)
        done += 1
        if (time.monotonic() > end if args.seconds else done == INPUTS[kind]) or failed == 3:
            break
    return done, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rptrace", default="build/asan/rptrace")
    parser.add_argument("--targets", default="build/targets")
    parser.add_argument("--seconds", type=float, help="of each kind, instead of so many that they take about thirty")
    parser.add_argument("--begin", type=int, default=1000000, help="number of the first input that is not saved")
    parser.add_argument("what", nargs="*", metavar="KIND[:NUMBER]", help="of " + ", ".join(KINDS))
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("fuzz: needs root, as tracing does")
    args.rptrace, args.targets = map(os.path.abspath, (args.rptrace, args.targets))
    alone = [what.split(":") for what in args.what if ":" in what]
    kinds = [what for what in args.what if ":" not in what] or ([] if alone else list(KINDS))
    bad = sum(not try_one(kind, int(number), args) for kind, number in alone)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for kind, (done, failed) in zip(kinds, pool.map(lambda kind: try_many(kind, args), kinds)):
            print(f"fuzz: {kind}: {done} inputs, {failed} failed", flush=True)
            bad += failed
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
