# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The live screen of the whole system, on terminals of all kinds, and how it ends."""

import os
import re
import signal
import time

import harness
from screen import Screen, TARGETS, number
from tmux import Terminal


class System(Screen):
    """Without a target: whatever carries markers, also what starts later."""

    def aim(self):
        return ()

    def test_processes(self):
        screen = self.open(columns=140, rows=60, shown="innermost")
        screen.wait("the whole system: ")
        later = self.spawn(os.path.join(TARGETS, "screen_names"), 0, 40)
        screen.wait("both", lambda text: re.search(r"probes in \d+ processes", text))
        screen.press("g", "p")
        screen.type("\\middle")
        screen.press("Enter")
        pids = self.target.pid, later.pid
        screen.wait("a row of each", lambda text: all(re.search(
            rf"^  middle +{pid} s.* [1-9]\d* ", text, re.M) for pid in pids))
        later.end()
        screen.wait("it goes on", lambda text: "ENDED" not in text and "F10Quit" in text)


class Terminals(Screen):
    def test_sizes(self):
        screen = self.open()
        for columns, rows in ((40, 8), (300, 90), (1, 1), (20, 4), (80, 24)):
            screen.resize(columns, rows)
            if rows >= 8:
                screen.wait(f"{columns} columns", lambda text, width=columns: "long" in text and
                            len(text.split("\n")[0].rstrip()) == width)
        # All keys of the bar fit.
        screen.wait("F10Quit")
        screen.press("Enter")
        screen.resize(40, 8)
        screen.wait("Histogram")
        screen.resize(100, 30)
        screen.wait("p50")

    def test_hostile_names(self):
        screen = self.open(rows=40, columns=220)
        for shown in ("clear\\x1b[2Jscreen", "title\\x1b]0;owned\\x07",
                      "two\\x0alines\\x0d\\x", "bad \\xff\\xfe utf8 \\xc3", "wide 日本語.",
                      "turn \\xe2\\x80\\xaearound", "percent %s %n %d", "\\\\backslash\\\\ "):
            screen.wait(shown)
        # What stands right of a name is in its place: titles end where figures end.
        self.wait_frame("figures in a column", lambda frame: len(frame.rows) > 12 and all(
            number(value) is not None for value in frame.column("COUNT")))
        # Likewise in the tree, in panes and in the message of a search.
        screen.press("t")
        screen.wait("clear\\x1b[2Jscreen")
        for name in "clear", "title", "two", "wide":
            screen.type(f"/{name}")
            screen.press("Enter", "Enter")
            for _ in range(4):
                screen.wait("the pane", lambda text: re.search(r"Wakers  (clear|title|two|wide)", text))
                screen.press("Tab")
            screen.press("Escape")
            screen.wait_gone("Histogram")
        self.assertNotIn("owned", screen.tmux("display-message", "-p", "#{pane_title}"))
        screen.wait("the keys", lambda text: "F10Quit" in text.rstrip("\n").split("\n")[-1])

    def test_ascii(self):
        screen = self.open(LC_ALL="C", rows=40, columns=220)
        screen.wait("wide \\xe6\\x97\\xa5")
        self.assertTrue(screen.text().isascii())
        screen.press("Enter")
        screen.wait("p50")
        self.assertTrue(screen.text().isascii())

    def test_no_color(self):
        colors = re.compile(r"\x1b\[[\d;]*\b(?:[34][0-7]|38;5)[\d;]*m")
        screen = self.open()
        screen.wait("colours", lambda _: colors.search(screen.styled()))
        screen.end()
        self.assertNotRegex(self.open(NO_COLOR="1").styled(), colors)

    def test_few_colors(self):
        """Where there are no 256 colours, none of them is asked for, in the panes neither."""
        screen = self.open(TERM="xterm", rows=40)
        path = self.path("written")
        screen.tmux("pipe-pane", f"cat >{path}.now; mv {path}.now {path}")
        screen.press("Enter", "Tab")
        screen.wait("tones", lambda text: re.search("[░▒▓█]", text.partition("Heat map")[2]))
        screen.press("Tab", "F6")
        screen.wait("Sort by")
        screen.tmux("pipe-pane")
        screen.wait("all that was written", lambda _: os.path.exists(path))
        with open(path, encoding="utf-8") as file:
            written = file.read()
        self.assertRegex(written, r"\x1b\[[\d;]*3[0-7]")
        self.assertNotRegex(written, r"\x1b\[[\d;]*[34]8;5;(?:1[6-9]|[2-9]\d|\d{3})")

    def test_types(self):
        """Terminals of other types; tmux understands most of what is written for them."""
        for name in "xterm-256color", "linux", "vt100", "tmux-256color":
            with self.subTest(type=name):
                screen = self.open(TERM=name)
                screen.press("Down", "End", "Home")
                self.freeze()
                screen.press("q")
                self.check_end()
                screen.end()

    def test_dumb(self):
        self.go()
        screen = self.open(TERM="dumb", shown="overhead:")
        self.assertNotIn("F1Help", screen.text())
        os.kill(self.rptrace_pid(), signal.SIGINT)
        self.check_end()

    def test_batch(self):
        self.go()
        screen = self.open("-b", "-n", "2", shown="all is over")
        self.assertNotIn("F1Help", screen.scrolled())
        self.check_end()


class Ends(Screen):
    def test_quit(self):
        for key in "q", "F10":
            with self.subTest(key=key):
                screen = self.open()
                screen.press(key)
                self.check_end()
                self.assertIn("final summary", screen.scrolled())
                self.assertNotIn("F1Help", screen.scrolled())
                screen.end()

    def test_signals(self):
        for number_ in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(signal=number_):
                screen = self.open()
                os.kill(self.rptrace_pid(), number_)
                self.check_end()
                self.assertIn("final summary", screen.scrolled())
                screen.end()

    def switches(self):
        """How often rptrace has waited for something so far."""
        with open(f"/proc/{self.rptrace_pid()}/status", encoding="utf-8") as file:
            return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", file.read())[1])

    def test_stopped_terminal(self):
        """It takes no more pictures (Ctrl-S), and the run neither stands still nor has no end."""
        screen = self.open()
        screen.press("C-s")
        before = self.switches()
        screen.wait("it goes on", lambda _: self.switches() > before + 20)
        os.kill(self.rptrace_pid(), signal.SIGTERM)
        self.check_end()
        self.assertIn("final summary", screen.scrolled())

    def test_duration(self):
        self.go()
        screen = self.open("-d", "1", shown="final summary")
        self.check_end()
        self.assertIn("final summary", screen.scrolled())

    def test_target_dies(self):
        """Its last figures are on the screen, and stay: no interval hides the end of it."""
        names = "long", "middle", "short"
        screen = self.open("-i", "30")
        self.wait_frame("figures", lambda frame: all(frame.figure(name, "COUNT")
                                                     for name in names))
        self.target.popen.kill()
        screen.wait("the target has ended")
        last = self.wait_frame("ENDED", lambda frame: "ENDED" in frame.text)
        for key, shown in (("Enter", "Histogram"), ("t", "- outer"), ("r", "the target has ended"),
                           ("i", "the target has ended")):
            screen.press(key)
            screen.wait(shown)
        screen.press("q")
        self.check_end()
        summary = re.search(r"final summary.*", screen.scrolled(), re.S)[0]
        for name in names:
            count = int(re.search(rf"^{name} +(\d+)", summary, re.M)[1])
            self.assertEqual(last.figure(name, "COUNT"), count, name)

    def test_stop_and_go_on(self):
        self.screen = Terminal("PS1='$ ' exec bash --norc --noprofile -i", env={"HOME": self.dir},
                               cwd=self.dir)
        self.addCleanup(self.screen.end)
        self.screen.wait("$")
        self.go()
        self.screen.type(f"{harness.rptrace_path} -p {self.target.pid} -i 0.1\n")
        self.screen.wait("F10Quit")
        self.screen.press("C-z")
        self.screen.wait("Stopped")
        self.screen.wait_gone("F10Quit")
        self.screen.type("fg\n")
        self.screen.wait("F10Quit")
        self.freeze()
        self.screen.press("q")
        self.screen.wait("final summary")

    def test_terminal_goes(self):
        self.open()
        pid = self.rptrace_pid()
        self.screen.end()
        until = time.monotonic() + harness.DEADLINE
        while os.path.exists(f"/proc/{pid}"):
            self.assertLess(time.monotonic(), until, "it runs without its terminal")
            time.sleep(0.02)
