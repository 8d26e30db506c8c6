# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What keys made of the screen is there again in the next run."""

import os

from screen import Screen


class Setup(Screen):
    def setUp(self):
        super().setUp()
        self.home = self.path("home")
        os.mkdir(self.home)
        self.file = os.path.join(self.home, ".config/rptrace/screen")

    def again(self, *options, **how):
        return self.open(*options, HOME=self.home, **how)

    def leave(self):
        self.screen.press("q")
        self.check_end()
        self.screen.end()

    def test_again(self):
        self.again().press("T", "I", "g", "p", "Enter")
        self.screen.wait("all of it", lambda text: "Histogram" in text and "by TOTAL (inverted)" in text and
                         "PROCESS" in text)
        self.leave()
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.again()
        self.screen.wait("as it was", lambda text: "Histogram" in text and "by TOTAL (inverted)" in text and
                         "PROCESS" in text)
        self.leave()
        self.again("-s", "count")
        self.screen.wait("Histogram")
        self.screen.wait("by COUNT ")
        self.leave()
        self.again("--no-setup").wait("by TOTAL ")
        self.screen.wait_gone("Histogram")
        self.leave()
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("sort: cpu\n")
        self.again().wait("it is none that rptrace wrote")
        self.screen.press("P")
        self.screen.wait("by CPU ")
        self.leave()
        self.again().wait("by CPU ")
        self.leave()

    def test_nothing_is_kept_without_keys(self):
        self.again("-s", "count", "--tree", shown=" paths ").wait("by COUNT ")
        self.screen.press("Down", "/", "o", "Enter")
        self.leave()
        self.assertFalse(os.path.exists(self.file))

    def test_home_that_cannot_be_written(self):
        with open(os.path.join(self.home, ".config"), "w", encoding="utf-8"):
            pass
        self.again().wait("set-up not taken")
        self.screen.press("T", "I")
        self.screen.wait("inverted")
        self.leave()
        self.assertIn("was not kept", self.read("messages"))
