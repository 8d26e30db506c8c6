# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Processes that the benchmark starts: targets, rptrace and the tools beside it."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


DEADLINE = 30  # seconds, for whatever is waited for
HIT_NS = 250  # a region that takes less is not traced
FUNCLATENCY = shutil.which("funclatency") or "/usr/sbin/funclatency"
BPFTRACE = shutil.which("bpftrace")
PERF = shutil.which("perf")
UPROBE_EVENTS = "/sys/kernel/tracing/uprobe_events"
CPUS_POSSIBLE = "/sys/devices/system/cpu/possible"


class Process:
    """A program that we started; ended with the block that it serves. `ready`: the line that says
    so, and where."""

    def __init__(self, *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                 stderr=subprocess.DEVNULL, ready=None):
        self.argv, self.ready, self.stopped = [str(word) for word in argv], ready, False
        self.popen = subprocess.Popen(self.argv, stdin=stdin, stdout=stdout, stderr=stderr,
                                      start_new_session=True)
        self.text = b""

    def __enter__(self):
        return self

    def stop(self):
        if not self.stopped and self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)
        self.stopped = True

    def wait_ready(self):
        if self.ready:
            self.wait_line(*self.ready)
        return self

    def __exit__(self, *_):
        self.stop()
        with contextlib.suppress(BrokenPipeError):
            if self.popen.stdin:
                self.popen.stdin.close()
        try:
            self.popen.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for stream in (self.popen.stdout, self.popen.stderr):
            if stream:
                stream.close()

    def wait_line(self, pattern, stream="stdout", deadline=DEADLINE):
        """Wait for a line that matches; return the match."""
        regex, source, until = re.compile(pattern.encode()), getattr(self.popen, stream), \
            time.monotonic() + deadline
        while True:
            line, newline, rest = self.text.partition(b"\n")
            if newline:
                self.text = rest
                match = regex.match(line)
                if match:
                    return match
                continue
            ready, _, _ = select.select([source], [], [], max(0, until - time.monotonic()))
            more = os.read(source.fileno(), 65536) if ready else b""
            if not more:
                raise RuntimeError(f"{' '.join(self.argv)[:300]}: no '{pattern}'"
                                   f"{': ' + self.text.decode() if self.text else ''}")
            self.text += more


class Target(Process):
    """bench_region or bench_many; `copy`: a file of its own, so that probes are no one else's."""

    def __init__(self, bench, path, copy, mode, iterations, repeats, threads=1, width=1):
        self.path = bench.copy(path, copy)
        super().__init__(self.path, mode, iterations, repeats, threads, width)
        self.iterations, self.repeats, self.threads = iterations, repeats, threads
        self.nested = width if mode == "nest" else 1
        self.figure = 1 if threads > 1 else 2 # the best of all threads would be one's luck
        self.outer = 1 if mode == "inner" else 0
        self.regions = 0
        self.wait_line("ready")

    @property
    def pid(self):
        return self.popen.pid

    def begin(self, iterations, repeats):
        self.popen.stdin.write(f"{iterations} {repeats}\n".encode())
        self.popen.stdin.flush()
        # One iteration is to warm up.
        self.regions += self.threads * (self.nested * (iterations * repeats + 1) +
                                        self.outer * (repeats + 1))

    def end(self):
        """ns a region: the best of the repeats, of threads the median."""
        return float(self.wait_line(r"median (\S+) min (\S+)").group(self.figure)) / self.nested

    def keep_to(self, cpu):
        """What has one thread runs there: CPUs of a virtual machine may differ by a third."""
        if self.threads == 1:
            os.sched_setaffinity(self.pid, {cpu})

    def run(self, iterations=None, repeats=None):
        self.begin(iterations or self.iterations, repeats or self.repeats)
        return self.end()

    def settle(self, tool):
        """Wait until probes are hit, and all of them: what is attached site by site takes time."""
        until, last = time.monotonic() + DEADLINE, 0
        while time.monotonic() < until:
            now = self.run(repeats=3)
            if now > HIT_NS and abs(now - last) < 0.1 * now:
                return
            last = now
            time.sleep(0.05)
        raise RuntimeError(f"{tool} has no probe in {' '.join(self.argv)}")


class Rptrace(Process):
    """Says at its end if not every region was counted: what was missed costs nothing."""

    def __init__(self, bench, target, *select_args, cpus=None):
        self.snapshot = f"{target.path}.json"
        self.target, self.before = target, target.regions
        super().__init__(*(seeing_cpus(bench, cpus) if cpus else ()), bench.rptrace, "-p", target.pid, *select_args, "-d", 600, "--format",
                         "json", "-o", self.snapshot, "-b", stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         ready=("rptrace: tracing", "stderr"))

    def __exit__(self, failure, *rest):
        super().__exit__(failure, *rest)
        if failure:
            return
        with open(self.snapshot) as file:
            counted = sum(region["count"] for region in json.load(file)["regions"])
        entered = self.target.regions - self.before
        if counted != entered:
            say(f"warning: {' '.join(self.argv)}: counted {counted} regions of {entered}")


def seeing_cpus(bench, count):
    """-> the command that runs another one on a machine that says it may have so many CPUs"""
    path = os.path.join(bench.folder, f"possible-{count}")
    with open(path, "w") as file:
        file.write(f"0-{count - 1}\n")
    return ("unshare", "--mount", "sh", "-c", f"mount --bind {path} {CPUS_POSSIBLE} && exec \"$@\"",
            "sh")


class PerfStat(Process):
    """perf counts hits of these events, by name: what "perf probe" would define."""

    def __init__(self, target, events):
        self.group = f"rptrace_bench_{target.pid}"
        self.names = [f"{self.group}/{name}" for name in events]
        for name, (kind, site) in zip(self.names, events.values()):
            offset, _, semaphore = str(site).partition("/")
            where = f"{target.path}:{int(offset, 0):#x}" + (f"({semaphore})" if semaphore else "")
            self._define(f"{kind}:{name} {where}")
        super().__init__(PERF, "stat", "-e", f"{self.group}:*", "-p", target.pid,
                         stdin=subprocess.DEVNULL)

    def __exit__(self, *failure):
        super().__exit__(*failure)
        for name in self.names:
            self._define(f"-:{name}")

    @staticmethod
    def _define(event):
        # Not to be emptied, and it has no end to go to, as open() with "a" does.
        events = os.open(UPROBE_EVENTS, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(events, f"{event}\n".encode())
        finally:
            os.close(events)


def why_not_perf():
    """-> None, or why perf cannot be compared with here"""
    if not PERF:
        return "there is no perf here: tools/install-deps all"
    if not os.path.exists(UPROBE_EVENTS):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"],
                       stderr=subprocess.DEVNULL, check=False)
    if not os.path.exists(UPROBE_EVENTS):
        return f"the kernel has no {UPROBE_EVENTS}"
    version = subprocess.run([PERF, "--version"], capture_output=True, text=True, check=False)
    return version.stderr.strip().partition("\n")[0] if version.returncode else None
