# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What the screen shows until there are figures."""

import os
import re
import termios

import harness
from harness import Case, Process
from raw_terminal import BACK, RawTerminal, SCREEN
from screen import TARGETS


class Start(Case):
    def setUp(self):
        super().setUp()
        self.target = Process(os.path.join(TARGETS, "screen_names"), 0, 40)
        self.addCleanup(self.target.end)

    def open(self, *options, target=None, **how):
        terminal = RawTerminal([harness.rptrace_path, "-p", str(target or self.target.pid),
                                "--no-setup", *options], **how)
        self.addCleanup(terminal.end)
        return terminal

    def check_given_back(self, terminal):
        self.assertEqual(terminal.text.count(SCREEN), 1, terminal.text)
        self.assertEqual(terminal.text.count(BACK), 1, terminal.text)
        self.assertEqual(termios.tcgetattr(terminal.line), terminal.modes)

    def test_what_is_done_is_shown_before_figures_are(self):
        terminal = self.open()
        terminal.wait(rb"REGION")
        before = terminal.text[:terminal.text.index(b"REGION")]
        shown = [before.index(text) for text in (
            SCREEN, b"PID %d screen_names" % self.target.pid, b"starting", b"q: quit")]
        self.assertEqual(shown, sorted(shown), before)
        terminal.press(b"q")
        self.assertEqual(terminal.finish(), 0)
        self.check_given_back(terminal)
        # What was said meanwhile is told behind it.
        after = terminal.text.split(BACK)[1]
        self.assertRegex(after, rb"rptrace: tracing \d+ regions?.*\n(?s:.*)final summary")
        self.assertNotIn(b"rptrace: tracing", terminal.text.split(BACK)[0])

    def test_a_key_that_quits_is_heard_at_once(self):
        terminal = self.open(typed=b"q")
        self.assertEqual(terminal.finish(), 0)
        self.assertNotIn(b"RATE/S", terminal.text)
        self.check_given_back(terminal)

    def test_other_keys_are_done_once_there_are_figures(self):
        terminal = self.open(typed=b"?")
        terminal.wait(b"any other key leaves")
        self.assertNotIn(b"any other key leaves", terminal.text.split(b"RATE/S")[0])

    def test_a_pause_does_not_come_before_the_first_figures(self):
        # More keys than are taken ahead: some are there when figures are due for the first time.
        terminal = self.open(typed=b"p" + b"~" * 200)
        terminal.wait(b"RATE/S")
        terminal.press(b"q")
        self.assertEqual(terminal.finish(), 0)

    def test_the_mouse_is_the_terminals_own(self):
        for options, times in ((), 2), (("--no-mouse",), 0):
            terminal = self.open(*options)
            terminal.wait(b"RATE/S")
            terminal.press(b"q")
            self.assertEqual(terminal.finish(), 0)
            # Reports of clicks begin, and end.
            self.assertEqual(len(re.findall(rb"\x1b\[\?1000[hl;]|\x1b\[\?1006;1000[hl]", terminal.text)), times)

    def test_a_start_that_fails_gives_the_terminal_back(self):
        terminal = self.open("-f", "no_such_function")
        self.assertEqual(terminal.finish(), 3)
        self.check_given_back(terminal)
        after = terminal.text.split(BACK)[1]
        self.assertIn(b"rptrace: nothing in the target matches 'no_such_function'", after)
        self.assertIn(b"rptrace: hint: rptrace list -p %d" % self.target.pid, after)

    def test_what_a_record_will_not_have_is_said_behind_the_screen(self):
        terminal = self.open("--off-cpu", "--record", self.path("record.rpt"))
        terminal.wait(b"RATE/S")
        terminal.press(b"q")
        self.assertEqual(terminal.finish(), 0)
        told = b"--off-cpu: this run shows that, but the record will not have it"
        self.assertEqual([told in part for part in terminal.text.split(BACK)], [False, True])

    def test_samples_are_offered_without_another_start(self):
        target = self.spawn("sleep", "1000")
        terminal = self.open(target=target.pid)
        terminal.wait(b"nothing is traced so far: A traces what is hot")
        terminal.press(b" q")
        self.assertEqual(terminal.finish(), 0)
        self.check_given_back(terminal)
        self.assertIn(b"rptrace: the target has no markers", terminal.text.split(BACK)[1])
