# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Wakers on the screen: who ends the sleep of a region is counted once its pane is opened."""

import os

from screen import Screen, TARGETS


class Wakers(Screen):
    target_args = ("timer", 1000000)

    def setUp(self):
        super(Screen, self).setUp()
        self.start(os.path.join(TARGETS, "wakers"))

    def check_pane(self, *options, keys=("Enter", "BTab"), **env):
        screen = self.open("-i", "0.2", *options, rows=40, shown="nap ", **env)
        screen.press(*keys)
        screen.wait("who ends its sleep", lambda text: "Wakers  nap" in text and "ENDED BY" in text and
                    "interrupts" in text)
        screen.press("q")
        self.check_end()
        screen.end()

    def test_opened(self):
        self.check_pane()

    def test_counted_from_the_start(self):
        self.check_pane("--wakers")

    def test_kept(self):
        """It is open from the start where it was so when the screen was left."""
        self.check_pane(HOME=self.dir)
        self.check_pane(keys=(), HOME=self.dir)
