# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Samples on the screen: what is hot in a program of which nothing is known, and in a region."""

import os
import re

from screen import Screen, TARGETS, number

SHARE = r"\d+\.\d% +\S+ +\d+\.\d%  "


class Samples(Screen):
    target_args = ("alone", 60000)

    def setUp(self):
        super(Screen, self).setUp()
        self.start(os.path.join(TARGETS, "sampled"))

    @staticmethod
    def has_figures(frame):
        """Which functions are worth it is up to chance; and what is too costly is left out soon."""
        rows = dict(zip(frame.names(), frame.column("COUNT")))
        return any(number(count) for name, count in rows.items()
                   if name.lstrip("-~%") in ("take", "seven", "three", "now"))

    def test_from_nothing_known_to_a_table(self):
        """Two keys: A chooses, Escape closes the pane."""
        screen = self.open("-i", "0.2", rows=40, shown="nothing is traced so far: A traces")
        screen.wait("what is hot, and enough of it", lambda text: re.search(
            rf"{SHARE}seven ", text) and re.search(r"functions, \d{3,} samples", text))
        screen.press("A")
        self.wait_frame("regions", self.has_figures)
        screen.press("Escape")
        self.wait_frame("the table alone", lambda frame: "functions," not in frame.text and
                        self.has_figures(frame))
        screen.press("q")
        self.check_end()

    def test_pane_of_a_region(self):
        """Two loops in one function, seven times to three."""
        screen = self.open("--sample", "-f", "take", rows=40, shown="take ")
        screen.press("Enter", "BTab")
        screen.wait("those of the region", lambda text: re.search(r"Samples  take", text) and
                    re.search(rf"{SHARE}seven ", text) and re.search(rf"{SHARE}three ", text))
        screen.wait("lines", lambda text: re.search(r"lines, \d+ samples", text) and
                    re.search(rf"{SHARE}seven  sampled.c:\d+", text))

    def test_a_selection_is_not_offered_another(self):
        """What was asked for by name and is not there ends it, as ever."""
        self.open("-f", "no_such_function", shown="all is over")
        self.check_end(3)


class Asleep(Screen):
    target_args = ("places", 100000)

    def setUp(self):
        super(Screen, self).setUp()
        self.start(os.path.join(TARGETS, "asleep"))

    def test_switch_to_where_it_sleeps(self):
        """The panes of samples and of sleeps are next to each other: Tab and back."""
        screen = self.open("--sample", "--off-cpu", "-f", "by_poll", rows=40, shown="by_poll ")
        screen.press("Enter", "BTab")
        screen.wait("where it sleeps", lambda text: re.search(r"Asleep  by_poll", text) and
                    re.search(r"\d [num]?s +100\.0%  by_poll  asleep", text.replace("\u00b5", "u")))
        screen.press("BTab")
        screen.wait("where it runs", lambda text: re.search(r"Samples  Asleep  by_poll", text) and
                    re.search(r"functions, \d+ samples", text))
        screen.press("q")
        self.check_end()
