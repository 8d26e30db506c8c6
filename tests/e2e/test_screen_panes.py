# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The panes of the live screen, and what its figures stand for."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

from screen import ROWS, SOURCES, Screen, TARGETS


class Panes(Screen):
    def test_histogram(self):
        screen = self.open()
        screen.wait("long")  # not there before it was entered for the first time
        self.choose("long")
        screen.press("Enter")
        hist = r" ms +(\d+) [█▉▊▋▌▍▎▏]+.*p50"
        before = int(screen.wait("p50", lambda text: re.search(hist, text))[1])
        # A picture may come half drawn, without that line.
        screen.wait("more of them", lambda text: any(
            int(count) > before for count in re.findall(hist, text)))
        screen.wait("all marks", lambda text: all(
            re.search(rf"[█▉▊▋▌▍▎▏].* {mark}\b", text) for mark in ("p50", "p90", "p99", "max")))
        screen.press("Enter")
        screen.wait_gone("Histogram")

    @staticmethod
    def bars(text):
        return sum(line.count("█") for line in text.split("\n") if re.search(r" [mµn]s +\d", line))

    def test_log_scale(self):
        screen = self.open()
        self.choose("mixed")
        screen.press("Enter")
        screen.wait("some of them", lambda text: re.search(r"count [3-9]\d", text))
        linear = self.bars(self.freeze().text)
        screen.press("l")
        screen.wait("longer bars", lambda text: self.bars(text) > linear)
        screen.press("l")
        screen.wait("the bars before", lambda text: self.bars(text) == linear)

    def test_heat_map(self):
        screen = self.open(columns=120, rows=40)
        self.choose("long")
        screen.press("Enter", "Tab")
        screen.wait("times as tones", lambda text: re.search(r" m?s .*[░▒▓█]", text) and " now" in text)

    def test_icicle(self):
        screen = self.open(NO_COLOR="1")
        self.wait_all_rows()
        self.choose("outer")
        screen.press("Enter", "Tab", "Tab")
        screen.wait("a path", lambda text: re.search(r"^outer: .*arrows walk", text, re.M))
        screen.press("Down")
        screen.wait("what is in it", lambda text: re.search(
            r"^(?!outer:).*: .*arrows walk", text, re.M))
        screen.press("Up")
        screen.wait("back", lambda text: re.search(r"^outer: .*arrows walk", text, re.M))
        screen.press("Escape")
        self.wait_frame("the table", lambda frame: len(frame.rows) == ROWS)

    def test_beside(self):
        """Where there is room the pane takes none of the table's lines."""
        screen = self.open(columns=160)
        self.wait_all_rows()
        screen.press("Enter")
        screen.wait("both side by side", lambda text: re.search(r"REGION .* Histogram ", text))

    def test_calls(self):
        screen = self.open()
        screen.press("Enter", "Tab", "Tab", "Tab")
        screen.wait("entered from: 1")
        self.choose("inner")
        screen.wait("callers and callees of inner", lambda text: re.search(
            r"entered from: 1 +COUNT +TOTAL +enters: 1 +COUNT +TOTAL\nouter +\d+ .*short +\d+ ", text))
        screen.press("Tab")
        screen.wait("not grouped")
        screen.press("BTab")
        screen.wait("entered from: 1")
        screen.press("Escape")
        screen.wait_gone("entered from")

    def source(self, rows=30):
        """Opens the pane of the one region with a site of its own."""
        screen = self.open(columns=140, rows=rows)
        self.choose("innermost")
        screen.press("Enter", "BTab", "BTab")
        return screen

    def test_source(self):
        screen = self.source()
        found = screen.wait("both sites", lambda text: len(sites := re.findall(
            r"^(begin|end) .*screen_names\+0x[0-9a-f]+ .*/?screen_names\.c:(\d+)$", text,
            re.M)) == 2 and sites)
        with open(os.path.join(SOURCES, "screen_names.c"), encoding="utf-8") as file:
            lines = file.read().split("\n")
        self.assertEqual([(role, lines[int(line) - 1].split("(")[0].strip())
                          for role, line in found],
                         [("begin", "RPTRACE_BEGIN"), ("end", "RPTRACE_END")])
        self.choose("long")
        screen.wait("named at run time")

    def test_source_stripped(self):
        program = self.path("stripped")
        shutil.copy(os.path.join(TARGETS, "screen_names"), program)
        subprocess.run(["objcopy", "--only-keep-debug", program, program + ".debug"], check=True)
        subprocess.run(["strip", "-g", program], check=True)
        self.target.end()
        self.start(program)
        screen = self.source()
        screen.wait("no debug information")
        screen.wait("-dbgsym")
        screen.end()
        self.target.end()
        # With its debug file beside it all is known again.
        subprocess.run(["objcopy", f"--add-gnu-debuglink={program}.debug", program], check=True)
        self.start(program)
        self.source().wait("both sites", lambda text: len(re.findall(
            r"stripped\+0x[0-9a-f]+ .*screen_names\.c:\d+", text)) == 2)


class Figures(Screen):
    def test_pause(self):
        screen = self.open()
        before, written = self.freeze().text, self.written()
        # Five tables would have gone by.
        time.sleep(0.5)
        self.assertEqual(screen.text(), before)
        self.assertEqual(self.written(), written)
        screen.press("p")
        screen.wait("it goes on", lambda text: "PAUSED" not in text and text != before)

    def test_quiet(self):
        """What does not change is not written: not for keys that change nothing, and at no refresh
        is all of it written anew."""
        screen = self.open()
        self.freeze()
        there_and_back = [["I"], ["I"]], ["▲", "▼"]
        self.count_writes(*there_and_back)
        once = self.count_writes(*there_and_back)
        quiet = self.count_writes([["U"] * 50 + ["I"], ["U"] * 50 + ["I"]], ["▲", "▼"])
        self.assertGreater(once, 0)
        self.assertEqual(quiet, once)
        screen.press("p")
        path = self.path("written")
        screen.tmux("pipe-pane", f"cat >{path}")
        count = max(self.frame().numbers("COUNT"))
        self.wait_frame("later figures", lambda frame: max(frame.numbers("COUNT")) > count + 10)
        screen.wait("it is in the file", lambda _: os.path.getsize(path) > 0)
        screen.tmux("pipe-pane")
        with open(path, "rb") as file:
            written = file.read()
        for clears in b"\x1b[2J", b"\x1b[J", b"REGION", b"F10":
            self.assertNotIn(clears, written)

    def test_pictures(self):
        """Each is one for the terminal. At 9600 baud one of 80 by 24 takes less than a second; a key much less."""
        screen = self.open(columns=80, rows=24)
        self.wait_frame("all rows", lambda frame: len(frame.rows) == ROWS)
        path = self.path("written")
        screen.tmux("pipe-pane", f"cat >{path}")

        def pictures(_):
            with open(path, "rb") as file:
                found = re.findall(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", file.read(), re.S)
            return found if len(found) > 20 else None
        screen.wait("some pictures", lambda _: os.path.exists(path))
        lengths = sorted(map(len, screen.wait("many pictures", pictures)))
        screen.tmux("pipe-pane")
        self.assertGreater(lengths[0], 0)
        self.assertLess(lengths[len(lengths) // 2], 960)
        self.freeze()
        self.count_writes([["Home"]], ["PAUSED"])
        self.assertLess(self.count_writes([["Down"]], ["PAUSED"]), 480)

    def test_reset(self):
        screen = self.open()
        self.wait_frame("some counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 20)
        before = self.freeze().figure("long", "COUNT")
        os.kill(self.target.pid, signal.SIGSTOP)
        screen.press("r")
        screen.wait("figures since now")
        screen.wait("since when", lambda text: re.search(r"since \d\d:\d\d:\d\d ", text))
        # It stands still: one that it was stopped in is all that there can be.
        self.wait_frame("from zero", lambda frame:
                        (frame.figure("long", "COUNT") or 0) <= 1)
        os.kill(self.target.pid, signal.SIGCONT)
        screen.press("p")
        self.wait_frame("it counts on", lambda frame:
                        1 < (frame.figure("long", "COUNT") or 0) < before)

    def test_recent(self):
        screen = self.open()
        self.wait_frame("some counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 40)
        screen.press("i")
        screen.wait("last interval")
        self.wait_frame("few counts", lambda frame:
                        0 < (frame.figure("long", "COUNT") or 0) < 20)
        screen.press("i")
        self.wait_frame("all counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 40)

    def test_recent_of_frozen(self):
        """Both periods end when the figures were frozen, so the way back leads to the same ones."""
        screen = self.open("--columns", "count,total,p50", NO_COLOR="1")
        self.wait_frame("some counts", lambda frame: (frame.figure("long", "COUNT") or 0) > 40)
        while True:
            rows = self.freeze().rows
            screen.press("i")
            screen.wait("last interval  ")
            if 0 < (self.still_frame().figure("long", "COUNT") or 0) < 20:
                break
            # The target, or this machine, stood still in that one: another interval.
            screen.press("i", "p")
            screen.wait_gone("PAUSED")
        screen.press("i")
        self.wait_frame("the same as before", lambda frame: frame.rows == rows)

    def test_group(self):
        screen = self.open(columns=140)
        screen.press("g")
        screen.wait("cgroup")
        screen.press("p")
        screen.wait(f"{self.target.pid} screen_")
        screen.wait("PROCESS ")
        self.choose("long")
        screen.press("Enter", "Tab", "Tab", "Tab", "Tab")
        screen.wait("the pane of groups", lambda text: re.search(
            rf"PROCESS +COUNT.*\n{self.target.pid} screen_names +\d+ ", text))
        for key, title in (("t", "THREAD "), ("c", "COMMAND "), ("g", "CGROUP "), ("l", "LABEL ")):
            screen.press("g", key)
            screen.wait(title)
            screen.wait_gone("no region was entered yet")
        screen.press("g", "n")
        screen.wait_gone("LABEL ")

    def test_save(self):
        screen = self.open()
        self.wait_frame("a count", lambda frame: (frame.figure("long", "COUNT") or 0) > 1)
        shown = self.freeze().figure("long", "COUNT")
        screen.press("w")
        screen.wait("written: rptrace-")
        files = [name for name in os.listdir(self.dir) if name.endswith(".json")]
        self.assertEqual(len(files), 1)
        with open(self.path(files[0]), encoding="utf-8") as file:
            data = json.load(file)
        self.assertEqual(data["schema"], "rptrace-snapshot/1")
        self.assertEqual({r["name"]: r["count"] for r in data["regions"]}["long"], shown)

    def test_many(self):
        self.target.end()
        self.target_args = (3000,)
        self.start(os.path.join(TARGETS, "screen_names"))
        screen = self.open(shown="long")
        screen.wait("all regions", lambda text: re.search(r"^30\d\d regions", text, re.M))
        screen.type("\\region_02999")
        self.wait_frame("one row", lambda frame: frame.names() == ["region_02999"])
