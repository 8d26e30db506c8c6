# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Regions come and go on the live screen: the keys a and d."""

import json
import os
import re
import resource
import shlex
import subprocess
import unittest

from harness import Process
from screen import Screen, TARGETS


class Changes(Screen):
    """Threads that go round in regions: steady > pair > block > nest > victim_I."""

    options = ("-i", "0.2", "--format", "json", "-o", "summary.json")

    def setUp(self):
        self.dir = self.folder()
        self.target = Process(os.path.join(TARGETS, "crowd"), "2", stdin=subprocess.PIPE)
        self.addCleanup(self.target.end)
        self.target.wait_lines("^ready$", stream="stdout")

    def trace(self, *selection):
        screen = self.open("-f", "steady", *selection, shown="F10Quit", NO_COLOR="1")
        self.target.say("x")
        self.wait_counting("steady")
        return screen

    def wait_counting(self, *names):
        """Until each of them has been entered again; returns how often by then."""
        before = [self.frame().figure(name, "COUNT") or 0 for name in names]
        frame = self.wait_frame(f"more of {names}", lambda frame: all(
            (frame.figure(name, "COUNT") or 0) > count for name, count in zip(names, before)))
        return [frame.figure(name, "COUNT") for name in names]

    def marked(self, frame):
        return {name for name, row in zip(frame.names(), frame.rows) if "-" in row[:2]}

    def wait_left_out(self, *names):
        """Their rows are marked, and their figures stand still while others go on."""
        self.wait_frame(f"{names} left out", lambda frame: self.marked(frame) == set(names))
        # Calls that were under way are measured to their end.
        self.wait_counting("steady")
        self.wait_counting("steady")
        frame = self.wait_frame("their figures", lambda frame: all(
            frame.figure(name, "COUNT") is not None for name in names))
        before = [frame.figure(name, "COUNT") for name in names]
        self.wait_counting("steady")
        self.wait_frame(f"{names} as before", lambda frame: before == [
            frame.figure(name, "COUNT") for name in names])

    def finish(self):
        """What the target says it did, and what was measured of it."""
        self.target.finish()
        self.screen.wait("the target has ended")
        self.screen.press("q")
        self.check_end()
        with open(self.path("summary.json"), encoding="utf-8") as file:
            snapshot = json.load(file)
        said = dict(re.findall(r"^expect (\S+) (\d+)$", self.target.out(), re.M))
        return ({name: int(count) for name, count in said.items()},
                {row["name"]: row for row in snapshot["regions"]}, snapshot)

    def check_steady(self, said, rows):
        self.assertEqual(rows["steady"]["count"], said["steady"])
        self.assertEqual(rows["steady"]["unwound"], 0)

    def test_add(self):
        """By a name that is completed, and by a glob: from zero, beside what is there."""
        screen = self.trace()
        screen.type("avictim_2")
        screen.press("Tab")
        screen.wait("victim_26  victim_27")
        screen.type("0")
        screen.press("Enter")
        screen.wait("added: 1 region")
        self.wait_counting("steady", "victim_20")
        screen.type("avictim_1*")
        screen.press("Enter")
        screen.wait("added: 8 regions")
        self.wait_counting("steady", "victim_20", *(f"victim_1{i}" for i in range(8)))
        screen.type("arptrace:pair")
        screen.press("Enter")
        screen.wait("added: 1 region")
        self.wait_counting("pair")
        said, rows, snapshot = self.finish()
        self.check_steady(said, rows)
        self.assertLess(rows["victim_20"]["count"], said["steady"])
        self.assertEqual(snapshot["attach"]["left_out"], [])

    def test_add_nothing(self):
        screen = self.trace()
        for text, answer in (("no_such_function", "nothing more matches 'no_such_function'"),
                             ("steady", "nothing more matches 'steady'")):
            screen.type("a" + text)
            screen.press("Enter")
            screen.wait(answer)
        said, rows, _ = self.finish()
        self.check_steady(said, rows)

    def test_add_refused(self):
        screen = self.trace("--max-regions", "1")
        screen.type("avictim_20")
        screen.press("Enter")
        screen.wait("not traced: victim_20: past the bound of 1 regions")
        said, rows, _ = self.finish()
        self.check_steady(said, rows)

    def test_detach(self):
        """The chosen one goes and comes back; the tagged ones go together."""
        screen = self.trace("-f", "'victim_0*'")
        self.wait_counting("victim_05")
        self.choose("victim_05")
        self.wait_chosen("victim_05")
        # The tag counts, not the cursor, which goes on.
        screen.press("Space", "d")
        screen.wait("detached: victim_05")
        self.wait_left_out("victim_05")
        count = self.wait_frame("its count", lambda frame: frame.figure(
            "victim_05", "COUNT")).figure("victim_05", "COUNT")
        screen.type("avictim_05")
        screen.press("Enter")
        screen.wait("added: 1 region")
        self.wait_frame("victim_05 again", lambda frame: not self.marked(frame) and
                        (frame.figure("victim_05", "COUNT") or 0) > count)
        # Asked before, and taken back.
        self.choose("victim_05")
        self.wait_chosen("victim_05")
        screen.press("F9")
        screen.wait("Detach victim_05?")
        screen.press("n")
        screen.wait("nothing was detached")
        screen.press("F9", "y")
        screen.wait("detached: victim_05")
        self.wait_left_out("victim_05")
        count = self.wait_frame("its count", lambda frame: frame.figure(
            "victim_05", "COUNT")).figure("victim_05", "COUNT")
        screen.press("z")
        screen.wait("attached again: 1 region")
        self.wait_frame("victim_05 once more", lambda frame: not self.marked(frame) and
                        (frame.figure("victim_05", "COUNT") or 0) > count)
        for name in ("victim_01", "victim_03"):
            self.choose(name)
            self.wait_chosen(name)
            screen.press("Space")
        screen.press("d")
        screen.wait("detached: 2 regions")
        self.wait_left_out("victim_01", "victim_03")
        self.wait_counting("victim_02", "victim_05")
        said, rows, snapshot = self.finish()
        self.check_steady(said, rows)
        self.assertEqual(snapshot["attach"]["left_out"], ["victim_01", "victim_03"])
        for i in range(8):
            self.assertEqual(rows[f"victim_0{i}"]["open"], 0)

    def is_left_alone(self, name, answer):
        """The key d only tells why it does nothing: all is measured on."""
        self.wait_counting(name)
        self.choose(name)
        self.wait_chosen(name)
        self.screen.press("d")
        self.screen.wait(answer)
        self.wait_counting("steady", name)
        self.wait_frame("no region left out", lambda frame: not self.marked(frame))

    def detach(self, name):
        """Tried again where probes that were replaced before are awaited by calls yet."""
        told, early = f"detached: {name}", "try again once these calls end"
        self.screen.press("d")
        while self.screen.wait(told, lambda text: [answer for answer in (told, early) if answer in text]) != [told]:
            self.choose(name)
            self.screen.wait_gone(early)
            self.screen.press("d")

    def check_left_alone(self):
        said, rows, snapshot = self.finish()
        self.check_steady(said, rows)
        self.assertEqual(snapshot["attach"]["left_out"], [])

    def open_files(self):
        """Those that rptrace keeps: some it has for a moment only."""
        looks = []
        for _ in range(5):
            self.settle()
            looks.append({int(fd) for fd in os.listdir(f"/proc/{self.rptrace_pid()}/fd")})
        return set.intersection(*looks)

    def leave_files(self, n):
        """So many files are all that rptrace can open; returns its bound so far."""
        pid, taken = self.rptrace_pid(), self.open_files()
        free = [fd for fd in range(len(taken) + n + 1) if fd not in taken][n]
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
        return before

    def test_detach_without_files(self):
        """What takes the place of the probes cannot be had: they stay, and can go later."""
        self.trace("-f", "'victim_0*'")
        # Without any nothing can be read of processes, which is no sign of their end.
        before = self.leave_files(0)
        for _ in range(5):
            self.wait_counting("steady")
        # With one they can be; each kind of probes takes one that is kept.
        resource.prlimit(self.rptrace_pid(), resource.RLIMIT_NOFILE, before)
        self.leave_files(1)
        self.is_left_alone("victim_05", "Too many open files")
        resource.prlimit(self.rptrace_pid(), resource.RLIMIT_NOFILE, before)
        self.detach("victim_05")
        self.wait_left_out("victim_05")
        said, rows, snapshot = self.finish()
        self.check_steady(said, rows)
        self.assertEqual(snapshot["attach"]["left_out"], ["victim_05"])

    def test_add_without_files(self):
        """Also where all processes are looked at: what is measured is measured on."""
        self.aim = lambda: ()
        crowd = os.path.join(TARGETS, "crowd")
        # Entries and returns are probed apart: that takes two files, and to look for them one.
        screen = self.open("-f", f"{crowd}:steady", "--attach", "multi", shown="F10Quit",
                           NO_COLOR="1")
        self.target.say("x")
        self.wait_counting("steady")
        for files in 0, 1:
            before = self.leave_files(files)
            screen.type(f"a{crowd}:victim_2{files}")
            screen.press("Enter")
            screen.wait("Too many open files")
            self.wait_counting("steady")
            self.wait_counting("steady")
            resource.prlimit(self.rptrace_pid(), resource.RLIMIT_NOFILE, before)
        screen.type(f"a{crowd}:victim_22")
        screen.press("Enter")
        screen.wait("added: 1 region")
        self.wait_counting("steady", "victim_21", "victim_22")

    def needs_sessions(self):
        """Kernels that have them let go of return probes late."""
        version = re.match(r"(\d+)\.(\d+)", os.uname().release)
        if (int(version[1]), int(version[2])) < (6, 13):
            raise unittest.SkipTest("this kernel has no sessions")

    def test_detach_perf(self):
        self.needs_sessions()
        self.trace("-f", "'victim_0*'", "--attach", "perf")
        self.is_left_alone("victim_05", "perf events cannot be detached safely while the trace "
                                        "runs: leave --attach perf out")
        self.check_left_alone()

    def test_detach_headless(self):
        """Of a process whose first thread has ended the kernel tells its probes no more."""
        crowd = os.path.join(TARGETS, "crowd")
        other = Process(crowd, "1", stdin=subprocess.PIPE)
        self.addCleanup(other.end)
        other.wait_lines("^ready$", stream="stdout")
        self.target = Process(crowd, "2", "headless", stdin=subprocess.PIPE)
        self.addCleanup(self.target.end)
        self.target.wait_lines("^ready$", stream="stdout")
        self.trace("-f", "'victim_0*'")
        self.target.wait_lines("^headless$", stream="stdout")
        self.is_left_alone("victim_05", "its first thread has ended")
        self.check_left_alone()

    def with_panic(self):
        """As if the kernel panicked where a task hangs: for rptrace alone."""
        self.needs_sessions()
        says_so = self.path("hung_task_panic", "1\n")
        script = (f"mount --bind {says_so} /proc/sys/kernel/hung_task_panic && "
                  'exec "$0" "$@"')
        self.under = f"unshare -m sh -c {shlex.quote(script)}"

    def test_detach_where_it_may_panic(self):
        self.with_panic()
        self.trace("-f", "'victim_0*'")
        self.is_left_alone("victim_05", "(kernel.hung_task_panic): use --exit ret-sites")
        self.check_left_alone()

    def test_detach_return_sites(self):
        """Nothing hangs on them."""
        self.with_panic()
        screen = self.trace("-f", "'victim_0*'", "--exit", "ret-sites")
        self.wait_counting("victim_05")
        self.choose("victim_05")
        screen.wait("the row chosen", lambda _: "victim_05" in screen.chosen())
        screen.press("d")
        screen.wait("detached: victim_05")
        self.wait_left_out("victim_05")
        said, rows, _ = self.finish()
        self.check_steady(said, rows)
