# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Processes with bounded waits, rptrace among them, and its JSON snapshot."""

import contextlib
import ctypes
import json
import math
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

DEADLINE = 300  # seconds; generous, as it bounds failures only
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

rptrace_path = os.path.abspath(os.environ.get("RPTRACE", "build/rptrace"))
started = []  # every process not ended yet, in the order of their starts


def die_with_runner():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run under nohup


def end_all():
    for proc in reversed(list(started)):
        proc.end()


class Process:
    """A started program in a session of its own; its lines are read as they come."""

    def __init__(self, *argv, env=None, user=None, stdin=subprocess.DEVNULL, cwd=None,
                 stop=signal.SIGTERM):
        self.argv = [str(word) for word in argv]
        self.stop_signal = stop
        self.lines = {"stdout": [], "stderr": []}
        self.news = threading.Condition()
        owner = {"user": user, "group": user, "extra_groups": []} if user else {}
        self.popen = subprocess.Popen(
            self.argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
            env={**os.environ, "LC_ALL": "C", **(env or {})}, text=True, errors="replace",
            start_new_session=True, preexec_fn=die_with_runner, **owner)
        started.append(self)
        self.readers = [threading.Thread(target=self._read, args=(name,), daemon=True)
                        for name in self.lines]
        for reader in self.readers:
            reader.start()

    @property
    def pid(self):
        return self.popen.pid

    def _read(self, name):
        for line in getattr(self.popen, name):
            with self.news:
                self.lines[name].append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.lines[name].append(None)  # end of file
            self.news.notify_all()

    def out(self):
        return "\n".join(line for line in self.lines["stdout"] if line is not None)

    def err(self):
        return "\n".join(line for line in self.lines["stderr"] if line is not None)

    def explain(self, what):
        return (f"{what}\n$ {' '.join(self.argv)}\nstatus {self.popen.poll()}\n"
                f"stdout:\n{self.out()[-4000:]}\nstderr:\n{self.err()[-4000:]}")

    def wait_lines(self, pattern, number=1, stream="stderr"):
        """Wait until `number` lines match; return them."""
        regex = re.compile(pattern)
        found, seen, until = [], 0, time.monotonic() + DEADLINE
        with self.news:
            while True:
                lines = self.lines[stream]
                found += [s for s in lines[seen:] if s is not None and regex.search(s)]
                seen = len(lines)
                if len(found) >= number:
                    return found
                left = until - time.monotonic()
                if (lines and lines[-1] is None) or left <= 0:
                    raise AssertionError(
                        self.explain(f"{len(found)} of {number} lines match '{pattern}'"))
                self.news.wait(left)

    def say(self, text):
        self.popen.stdin.write(text)
        self.popen.stdin.flush()

    def finish(self, status=0):
        """Wait for the end by itself, with this exit status."""
        if self.popen.stdin:
            self.popen.stdin.close()
        try:
            self.popen.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.explain("did not end")) from None
        for reader in self.readers:
            reader.join(DEADLINE)
        if self.popen.returncode != status:
            raise AssertionError(self.explain(f"status is not {status}"))
        self.end()
        return self

    def end(self):
        """Stop it if it still runs, and whatever it left in its session."""
        if self not in started:
            return
        started.remove(self)
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop_signal)
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        for reader in self.readers:
            reader.join(10)
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


class Snapshot:
    """The parsed JSON: regions by name, the tree by paths."""

    def __init__(self, data):
        self.data = data
        self.regions = {}
        for region in data["regions"]:
            if region["name"] in self.regions:
                raise AssertionError(f"region {region['name']} is there twice")
            self.regions[region["name"]] = region
        self.nodes = data["tree"]
        self.by_id = {node["id"]: node for node in self.nodes}

    def region(self, name):
        if name not in self.regions:
            raise AssertionError(f"no region {name}, but {sorted(self.regions)}")
        return self.regions[name]

    def ancestors(self, node):
        """Names of the enclosing regions, innermost first."""
        names = []
        while node["parent"] is not None:
            node = self.by_id[node["parent"]]
            names.append(node["name"])
        return names

    def nesting(self, node):
        """How many frames of its own region enclose this node's."""
        return self.ancestors(node).count(node["name"])

    def by_nesting(self, name, key="count"):
        """A figure of a region, summed over the nodes of each nesting depth of that region."""
        sums = {}
        for node in self.nodes:
            if node["name"] == name:
                depth = self.nesting(node)
                sums[depth] = sums.get(depth, 0) + node[key]
        return {depth: value for depth, value in sums.items() if value}


class Case(unittest.TestCase):
    """A test with a folder and processes of its own; all gone at its end, also on failure."""

    maxDiff = None
    needs = ()  # programs
    may_be_lost = frozenset()  # reasons

    @classmethod
    def require(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        for program in cls.needs:
            if not shutil.which(program):
                raise unittest.SkipTest(f"{program} is not installed")

    @classmethod
    def setUpClass(cls):
        cls.require()

    def setUp(self):
        self.dir = self.folder()

    def folder(self, cleanup=None):
        path = tempfile.mkdtemp(prefix="rptrace-e2e-")
        (cleanup or self.addCleanup)(shutil.rmtree, path, ignore_errors=True)
        return path

    def path(self, name, text=None):
        path = os.path.join(self.dir, name)
        if text is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def spawn(self, *argv, **options):
        proc = Process(*argv, **options)
        self.addCleanup(proc.end)
        return proc

    # ---- rptrace ----------------------------------------------------------------------

    def _rptrace(self, *args):
        self.assertTrue(os.access(rptrace_path, os.X_OK), f"{rptrace_path}: not there; set RPTRACE")
        self.json = self.path("snapshot.json")
        command = []
        if "--" in args:
            at = args.index("--")
            args, command = args[:at], args[at:]
        return self.spawn(rptrace_path, *args, "--format", "json", "-o", self.json, *command,
                          stop=signal.SIGINT)

    def attach(self, *args):
        """Start rptrace on running processes; returns once it measures."""
        self.tracer = self._rptrace(*args)
        self.tracer.wait_lines("^rptrace: tracing")

    def detach(self):
        """End it with SIGINT and read its final summary."""
        if self.tracer.popen.poll() is None:
            self.tracer.popen.send_signal(signal.SIGINT)
        self.tracer.finish()
        return self.snapshot()

    def run_traced(self, *args):
        """rptrace ... -- COMMAND, to its end; returns the snapshot and the process."""
        proc = self._rptrace(*args)
        proc.finish()
        return self.snapshot(), proc

    def snapshot(self):
        with open(self.json, encoding="utf-8") as file:
            snapshot = Snapshot(json.load(file))
        self.check(snapshot)
        return snapshot

    # ---- what holds of every snapshot ----------------------------------------------------

    def check(self, snapshot):
        self.assertEqual(snapshot.data["schema"], "rptrace-snapshot/1")
        lost = {reason: n for reason, n in snapshot.data["lost"].items() if n}
        self.assertEqual(lost.keys() - self.may_be_lost, set(), lost)
        for row in [*snapshot.regions.values(), *snapshot.nodes]:
            self.check_row(row)
        for name, region in snapshot.regions.items():
            self.check_sums(snapshot, name, region)

    def check_row(self, row):
        if not row["count"]:
            return
        order = ["min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"]
        values = [row[key] for key in order]
        self.assertEqual(values, sorted(values), row)
        self.assertTrue(row["min_ns"] - 1 <= row["mean_ns"] <= row["max_ns"] + 1, row)
        self.assertEqual(row["cpu_ns"] + row["wait_ns"] + row["blocked_ns"], row["total_ns"], row)

    def check_sums(self, snapshot, name, region):
        """The flat figures of a region are those of its nodes in the tree."""
        for key in ("count", "self_ns", "open", "unwound"):
            summed = sum(snapshot.by_nesting(name, key).values())
            self.assertEqual(summed, region[key], f"{key} of {name}: tree, region")
        outermost = snapshot.by_nesting(name, "total_ns").get(0, 0)
        self.assertEqual(outermost, region["total_ns"], f"total_ns of {name}: tree, region")

    def assertNear(self, measured, own, share, what, waited=0):
        """
        Within a share of the program's own figure. Its clock is read a little before or after the
        probe; where it lost the processor in between, that is part of what the region `waited`.
        """
        allowed = share * own + waited
        self.assertLessEqual(
            abs(measured - own), allowed,
            f"{what}: measured {measured}, the program's own figure {own} "
            f"({measured / own - 1:+.2%}; allowed {share:.0%} and {waited} ns of waiting)")


    def assertShare(self, part, whole, truth, seconds):
        """
        Of samples that were taken 997 times in a second of CPU time. By chance it is further off once in
        500 million runs. Time without samples, as of a machine that stood still, may all have been one part's.
        """
        self.assertGreater(whole, 500)
        unseen = max(0, 1 - whole / (997 * seconds))
        self.assertLess(abs(part / whole - truth), 6 * math.sqrt(truth * (1 - truth) / whole) + unseen,
                        f"{part} of {whole} samples, but it is {truth:.3f} of {seconds} s")


def free_port():
    """Below those that connections get by themselves, also until a server has taken it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="utf-8") as file:
        first = max(int(file.read().split()[0]), 2048)
    while True:
        port = random.randrange(max(first - 20000, 1024), first)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def state_of(pid):
    """Its state, as one letter, and its parent; None where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, parent = file.read().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None, None
    return state, int(parent)


def wait_gone(pid, parent):
    """Wait for the end of a child of another process, which will reap it: then anybody may get its number."""
    until = time.monotonic() + DEADLINE
    while state_of(pid)[1] == parent:
        if time.monotonic() > until:
            raise AssertionError(f"process {pid} did not end")
        time.sleep(0.002)


def wait_asleep(pid):
    """Wait until a process waits for something in the kernel."""
    until = time.monotonic() + DEADLINE
    while state_of(pid)[0] != "S":
        if time.monotonic() > until:
            raise AssertionError(f"process {pid} did not sleep")
        time.sleep(0.002)


class Fifo:
    """A file for another program to write a word to when it has come to a certain point."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # its own writer: never at an end

    def wait(self, text):
        got, until = "", time.monotonic() + DEADLINE
        while text not in got:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"{self.path}: '{text}' did not come, but '{got}'")
            got += os.read(self.fd, 4096).decode()

    def close(self):
        os.close(self.fd)
