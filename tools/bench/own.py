# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What rptrace itself takes: CPU, memory, and on the live screen."""

import contextlib
import fcntl
import os
import pty
import re
import select
import statistics
import struct
import termios
import threading
import time

from growth import MANY, many_glob
from processes import Process, Target

BPF_F_MMAPABLE = 1 << 10


def process_figures(pid):
    """-> CPU seconds so far, those of its child (the calibration) included; resident MiB"""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        pids = [pid, *file.read().split()]
    seconds = 0
    for each in pids:
        with open(f"/proc/{each}/schedstat") as file:
            seconds += int(file.read().split()[0]) / 1e9
    with open(f"/proc/{pid}/status") as file:
        resident = re.search(r"VmRSS:\s+(\d+)", file.read())
    return seconds, int(resident.group(1)) / 1024


def bench_self(bench):
    """rptrace's own share of a CPU while 100 regions are busy, at one table a second."""
    seconds = 10
    with Target(bench, bench.many, "rptrace", "many", 1000, 1, 1, 100) as target:
        with bench.start_rptrace(target, "-f", many_glob(100)) as tracer:
            tracer.wait_ready()
            target.settle("rptrace")
            target.begin(1000, int(1e9 * (seconds + 1) / (1000 * target.run())))
            before, _ = process_figures(tracer.popen.pid)
            time.sleep(seconds)
            after, resident = process_figures(tracer.popen.pid)
            target.end()
    return [{"regions": 100, "cpu_percent": 100 * (after - before) / seconds,
             "rss_mib": resident}]


class Screen(Process):
    """rptrace on a terminal of its own, one table a second."""

    def __init__(self, bench, target, glob):
        self.terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        super().__init__("env", "TERM=xterm-256color", "LC_ALL=C.UTF-8", bench.rptrace, "-p",
                         target.pid, "-f", glob, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)

    def __exit__(self, *rest):
        reader = threading.Thread(target=self.read_all)
        reader.start()
        super().__exit__(*rest)
        reader.join()
        os.close(self.terminal)

    def read_all(self):
        with contextlib.suppress(OSError):  # nobody has the other end any more
            while os.read(self.terminal, 65536):
                pass

    def first_write(self, seconds):
        """Take what is written for some time; when that began, None: nothing was."""
        first, until = None, time.monotonic() + seconds
        while select.select([self.terminal], [], [], max(0, until - time.monotonic()))[0]:
            first = first or time.monotonic()
            os.read(self.terminal, 65536)
        return first

    def answer_ms(self, key):
        """From a key to the first byte of the new picture."""
        pressed = time.monotonic()
        os.write(self.terminal, key)
        first = self.first_write(0.3)
        return 1e3 * (first - pressed) if first else 300.0


@contextlib.contextmanager
def kept_busy(target, pause):
    """All functions of it are called again and again."""
    stop = threading.Event()

    def run():
        while not stop.wait(pause):
            target.run()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def bench_screen(bench):
    """The live screen while every region is entered five times a second: rptrace's share of a CPU, and
    how long it takes from a key to the picture: the order inverted, a page down, the tree, and back."""
    rows, seconds = [], 10
    for count in 100, 10000:
        with Target(bench, bench.many, "screen", "many", count, 1, 1, count) as target, \
                kept_busy(target, 0.2), Screen(bench, target, many_glob(count)) as screen:
            screen.first_write(5)
            before, _ = process_figures(screen.popen.pid)
            screen.first_write(seconds)
            after, resident = process_figures(screen.popen.pid)
            times = [screen.answer_ms(key)
                     for _ in range(10) for key in (b"I", b"\x1b[6~", b"t", b"t")]
        rows.append({"regions": count, "cpu_percent": 100 * (after - before) / seconds,
                     "rss_mib": resident, "key_ms": statistics.median(times),
                     "slowest_key_ms": max(times)})
    return rows


def kernel_mib(pid):
    """-> MiB of all maps of a process: those it has mapped, closed ones among them, and the rest"""
    with open(f"/proc/{pid}/maps") as file:
        ranges = [line.split()[0].split("-") for line in file if "anon_inode:bpf-map" in line]
    size, seen = sum(int(end, 16) - int(start, 16) for start, end in ranges), set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/fdinfo/{fd}") as file:
            info = dict(line.split(":", 1) for line in file if ":" in line)
        if "map_id" in info and info["map_id"] not in seen:
            seen.add(info["map_id"])
            if not int(info["map_flags"], 0) & BPF_F_MMAPABLE:
                size += int(info["memlock"])
    return size / (1 << 20)


def bench_memory(bench):
    """What the kernel's maps take: here, and as it would be with 128 CPUs."""
    rows = []
    for cpus in (os.cpu_count(), 128):
        for traced, hit in ((100, 100), (1000, 1000), (MANY, 200)):
            with Target(bench, bench.many, f"memory-{cpus}-{traced}", "many", 1000, 1, 1,
                        hit) as target, \
                    bench.start_rptrace(target, "-f", many_glob(traced), cpus=cpus) as tracer:
                tracer.wait_ready()
                target.run()
                time.sleep(1)
                rows.append({"name": f"{cpus} CPUs, {traced} functions traced, {hit} hit",
                             "maps_mib": kernel_mib(tracer.popen.pid),
                             "rss_mib": process_figures(tracer.popen.pid)[1]})
    return rows
