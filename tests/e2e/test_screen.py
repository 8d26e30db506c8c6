# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The table of the live screen: order, rows, columns, keys and mouse."""

import re

from screen import Screen


def is_sorted(values, reverse=False):
    return len(values) > 3 and values == sorted(values, reverse=reverse)


class Table(Screen):
    def test_header(self):
        screen = self.open(columns=120)
        for pattern in (r"[1-9]\S* events/s +[▁▂▃▄▅▆▇]+  lost 0",
                        f"PID {self.target.pid} screen_names: ", r"(session|multi|perf), \d+ probes",
                        r"\d\d:\d\d:\d\d", r"overhead [\d.]+ % of CPU"):
            screen.wait(pattern, lambda text, pattern=pattern: re.search(pattern, text))
        self.wait_frame("the order of their times", lambda frame: [
            name for name in frame.names() if name in ("long", "middle", "short")] ==
            ["long", "middle", "short"])

    def wait_order(self, title, arrow, reverse):
        self.wait_frame(f"{title}{arrow}", lambda frame: f"{title}{arrow}" in frame.titles and
                        is_sorted(frame.numbers(title), reverse))

    def test_every_order(self):
        screen = self.open(columns=250, rows=40)
        screen.wait("a rate", lambda text: re.search("[▁▄▇]", text))
        self.freeze()
        seen = set()
        while True:
            sorted_by = screen.wait("an arrow", lambda text: re.search(r"(\S+)▼", text))[1]
            if sorted_by in seen:
                break
            seen.add(sorted_by)
            if sorted_by == "REGION":
                self.wait_frame("names in order", lambda frame: is_sorted(
                    [name for name in frame.names() if name.isalpha()]))
            elif sorted_by not in ("TREND", "CPU/WAIT/BLK"):
                self.wait_order(sorted_by, "▼", reverse=True)
                screen.press("I")
                self.wait_order(sorted_by, "▲", reverse=False)
                screen.press("I")
                self.wait_order(sorted_by, "▼", reverse=True)
            screen.press(">")
            screen.wait("another order", lambda text, by=sorted_by: f"{by}▼" not in text)
        self.assertTrue({"COUNT", "TOTAL", "SELF", "MEAN", "P50", "P99", "MAX", "%TIME",
                         "RATE/S", "REGION", "TREND", "CPU/WAIT/BLK"} <= seen, seen)
        screen.press("<")
        before = screen.wait("the order before", lambda text, by=sorted_by:
                             re.search(r"(\S+)▼", text) if f"{by}▼" not in text else None)[1]
        screen.press(">")
        screen.wait(f"{sorted_by}▼")
        self.assertNotEqual(before, sorted_by)

    def test_sort_menu(self):
        screen = self.open(columns=120)
        screen.press("F6")
        screen.wait("the list beside the table", lambda text: re.search(
            r"REGION .*%TIME.* Sort by", text))
        screen.press("Home", "Down", "Down", "Enter")
        self.wait_frame("another order", lambda frame: "%TIME▼" in frame.titles and
                        "Sort by" not in frame.text)
        for key, title in ("P", "CPU▼"), ("T", "TOTAL▼"):
            screen.press(key)
            screen.wait(title)

    def test_unknown_sequences(self):
        """Reports of the mouse and of the focus that this terminal does not know: no key of them."""
        screen = self.open()
        self.freeze()
        before = screen.text()
        for sequence in ("\x1b[<0;90;20M", "\x1b[I", "\x1b[O", "\x1b[200~", "\x1b]11;rgb:0/0/0\a",
                         "\x1bP1$r0m I\x1b\\", "\x1b_Gi=1;OK I\x1b\\"):
            screen.type(sequence)
        # The last one is a key, and what it does is all that has changed.
        screen.press("I")
        self.wait_frame("the other order", lambda frame: "▲" in frame.titles)
        screen.press("I")
        screen.wait("as it was", lambda text: text == before)

    def test_move(self):
        screen = self.open(NO_COLOR="1")
        self.wait_all_rows()
        names = self.freeze().names()
        place = 0
        for keys, to in ((("Down",), 1), (("Down", "Down", "Up"), 2), (("j",), 3), (("k", "k"), 1),
                         (("PPage",), 0), (("End",), -1), (("Home",), 0), (("NPage",), -1),
                         (("G", "Up"), -2)):
            screen.press(*keys)
            place = to % len(names)
            self.wait_chosen(names[place])
        # The row stays chosen wherever it goes.
        screen.press("I")
        self.wait_frame("another order", lambda frame: "▲" in frame.titles and
                        sorted(frame.names()) == sorted(names) != frame.names() != names)
        self.wait_chosen(names[place])

    def test_search(self):
        screen = self.open(NO_COLOR="1")
        self.wait_all_rows()
        names = self.freeze().names()
        with_inner = [name for name in names if "inner" in name]
        screen.type("/MIDD")
        screen.wait("Search: MIDD")
        self.wait_chosen("middle")
        screen.press("Enter")
        screen.type("/inner")
        screen.press("Enter")
        first = names.index("middle")
        after = sorted(with_inner, key=lambda name: (names.index(name) - first) % len(names))
        self.wait_chosen(after[0])
        screen.press("n")
        self.wait_chosen(after[1])
        screen.press("N")
        self.wait_chosen(after[0])
        screen.press("F3")
        screen.type("nothing like it")
        screen.wait("no row has 'nothing like it'")
        screen.press("Escape")
        screen.wait("F10Quit")
        self.wait_chosen(after[0])

    def test_filter(self):
        screen = self.open()
        screen.type("\\SHORT|middle")
        screen.press("Enter")
        self.wait_frame("two rows", lambda frame:
                         sorted(frame.names()) == ["middle", "short"] and
                         re.search(r"2 of \d+ regions", frame.text) and
                         "filter: SHORT|middle" in frame.text)
        screen.press("Escape")
        self.wait_all_rows()
        screen.press("F4")
        screen.type("no such")
        screen.wait("no row has this text")
        screen.press("Escape")
        self.wait_all_rows()

    def test_tree(self):
        # Where the trace began in the middle of a nest, "innermost" is a path of its own as well.
        child = re.compile(r"\n.. {2}[-+] inner ")
        screen = self.open(NO_COLOR="1")
        screen.press("t")
        screen.wait("- outer")
        screen.wait("its children", lambda text: re.search(child.pattern + r".*\n.. {6}short", text))
        self.choose("outer")
        self.wait_chosen("- outer")
        screen.press("Left")
        screen.wait("it closed", lambda text: "+ outer" in text and not child.search(text))
        before = self.wait_frame("its figures", lambda frame: frame.figure(
            "+ outer", "COUNT")).figure("+ outer", "COUNT")
        self.wait_frame("closed still", lambda frame:
                        (frame.figure("+ outer", "COUNT") or 0) > before)
        screen.press("Right")
        screen.wait("- inner")
        screen.press("Right", "Right")
        self.wait_chosen("short")
        screen.press("Left")
        screen.wait("its parent", lambda _: screen.chosen().startswith("- inner"))
        screen.type("*")
        screen.wait("all closed", lambda text: not child.search(text))
        screen.type("*")
        screen.wait("- inner")
        screen.press("F5")
        screen.wait_gone("- outer")

    def test_columns(self):
        screen = self.open(columns=200, NO_COLOR="1")
        self.assertNotIn("P90", self.frame().titles)
        screen.press("F2")
        screen.wait("[ ] P90")
        while not self.chosen_column()[1] == "P90":
            self.next_column()
        screen.press("Space")
        screen.wait("[x] P90")
        screen.press("<", "s", "Enter")
        self.wait_frame("the column", lambda frame: "P90▼" in frame.titles and
                        any(frame.numbers("P90")))
        screen.press("c", "End", "c")
        self.wait_frame("the table", lambda frame: "P90▼" in frame.titles)
        # All of them can be had, while figures stand still: OPEN shows itself where
        # something is open.
        self.freeze()
        screen.press("c")
        screen.wait("[ ] ")
        while True:
            if self.chosen_column()[0] == "[ ]":
                screen.press("Space")
                screen.wait("shown", lambda _: self.chosen_column()[0] == "[x]")
            if self.chosen_column()[1] == "UNMATCHED":
                break
            self.next_column()
        screen.wait_gone("[ ]")

    def chosen_column(self):
        """The box and the title under the cursor in the list of columns."""
        return self.screen.wait("a column chosen", lambda _: next(filter(None, (
            re.match(r" *(\[.\]) (\S+)", text) for _, text in self.screen.reversed())), None)).groups()

    def next_column(self):
        before = self.chosen_column()[1]
        self.screen.press("Down")
        self.screen.wait("the next", lambda _: self.chosen_column()[1] != before)

    def test_scroll_columns(self):
        screen = self.open(columns=60)
        self.assertIn("%TIME", self.frame().titles)
        for there, back in (("Right", "Left"), ("]", "[")):
            screen.press(there, there, there, there)
            self.wait_frame("another column", lambda frame: "REGION" in frame.titles and
                            "%TIME" not in frame.titles)
            screen.press(back, back, back, back)
            self.wait_frame("the first column", lambda frame: "%TIME" in frame.titles)

    def test_tags(self):
        screen = self.open()
        screen.press("Home", "Space", "Space")
        self.wait_frame("two tags", lambda frame:
                        sum(row.startswith("*") for row in frame.rows) == 2)
        frame = self.freeze()
        tagged = {name for name, row in zip(frame.names(), frame.rows) if row.startswith("*")}
        count = max(frame.numbers("COUNT"))
        screen.press("p")
        self.wait_frame("the same with later figures", lambda frame:
                        max(frame.numbers("COUNT")) > count and tagged == {
                            name for name, row in zip(frame.names(), frame.rows)
                            if row.startswith("*")})
        screen.press("U")
        self.wait_frame("no tag", lambda frame: not any(row.startswith("*") for row in frame.rows))

    def test_help(self):
        screen = self.open(rows=40)
        for key in "?", "h", "F1":
            screen.press(key)
            screen.wait("freeze the display")
            screen.press("x")
            screen.wait("REGION")
        screen.resize(80, 10)
        screen.press("?")
        screen.wait("Up Down")
        screen.press("End")
        screen.wait("single-stepped")

    def test_interval(self):
        screen = self.open()
        screen.wait("every 0.1 s")
        screen.press("+")
        screen.wait("every 0.2 s")
        screen.press("-", "F8", "F8")
        screen.wait("every 0.5 s")
        screen.press("F7")
        screen.wait("every 0.2 s")

    def test_mouse(self):
        screen = self.open(NO_COLOR="1")
        for button in range(3):
            screen.click(20, 5, button)
        before = screen.text()
        screen.wait("it goes on", lambda text: text != before)
        at = self.wait_frame("the title", lambda frame: "COUNT" in frame.titles).titles.index(
            "COUNT") + 2
        screen.click(3, at)
        screen.wait("COUNT▼")
        screen.click(3, at)
        screen.wait("COUNT▲")
        screen.click(3, at)
        screen.wait("COUNT▼")
        self.wait_all_rows()
        # A click on a row that is chosen already would open it.
        names = self.freeze().names()
        screen.press("Home")
        self.wait_chosen(names[0])
        place = next(i for i, name in enumerate(names) if i and name.isalpha())
        screen.click(place + 4, 5)
        self.wait_chosen(names[place])
        screen.click(place + 4, 5)
        screen.wait(f"Wakers  {names[place]}")
        heading = next(i for i, line in enumerate(self.screen.wait(
            "the headings", lambda text: " Histogram " in text and text.split("\n")))
            if " Histogram " in line)
        screen.click(heading, len(" Histogram  Heat map  Icicle  C"))
        screen.wait("entered from: ")
        screen.click(29, 1)
        screen.wait("freeze the display")

    def test_complete(self):
        screen = self.open()
        screen.type("aon_sig")
        screen.press("Tab")
        screen.wait("Tab completes): on_signal")
        screen.press("C-u")
        screen.type("no such name")
        screen.press("Tab")
        screen.wait("no name begins with 'no such name'")
        screen.press("Escape")
        screen.wait("F10Quit")
