# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""
Every key that the screen's own help names, every pane, menu and size. The keys are read from the help that is
shown: one that has no entry here fails the test of its heading.
"""

import re

from screen import Screen

HELP_LINES = 60
PANES = {"Histogram": r"count \d+", "Heat map": r" now\b", "Icicle": "arrows walk", "Calls": "entered from: ",
         "Groups": "not grouped", "Source": "begin +screen_names",
         "Wakers": "ENDED BY|no thread was seen to sleep in it|is not known yet"}
WIDTHS = {80: ["REGION", "%TIME", "RATE/S", "CPU/WAIT/BLK", "P50", "P99", "MAX"],
          120: ["COUNT", "TOTAL", "SELF", "TREND"], 140: ["CPU", "WAIT", "BLOCKED"]}
# columns, lines
SIZES = [(80, 24), (120, 30), (140, 40), (200, 60)]


def shows(pattern):
    return lambda test: test.screen.wait(pattern, lambda text: re.search(pattern, text, re.M))


def hides(pattern):
    return lambda test: test.screen.wait(f"not {pattern}", lambda text: not re.search(pattern, text, re.M))


def chooses(place):
    return lambda test: test.wait_chosen(test.names[place])


def chooses_name(name):
    return lambda test: test.screen.wait(f"{name} chosen", lambda _: re.match(
        rf"([-+] )?{name}\b", test.screen.chosen()))


def chooses_match(text, number):
    """The nth row with a text in its name, from that of "middle" on, and round again."""
    def check(test):
        names = test.names[test.names.index("middle"):] + test.names[:test.names.index("middle")]
        test.wait_chosen([name for name in names if text in name][number])
    return check


def tags(number):
    return lambda test: test.wait_frame(f"{number} tags", lambda frame:
                                        sum(row.startswith("*") for row in frame.rows) == number)


def sorts_by_another(test):
    """Than it did when it last looked."""
    test.sorted_by = test.screen.wait("another order", lambda text: (
        found := re.search(r"(\S+)▼", text)) and found[1] != test.sorted_by and found[1])


def draws_anew(test):
    """What somebody else has written to the terminal is gone; it stays where nothing changes."""
    tty = test.screen.tmux("display-message", "-p", "#{pane_tty}").strip()

    def write(text):  # until it is seen: what is drawn at this moment may be written over it
        if "somebody was here" in text:
            return True
        with open(tty, "w", encoding="utf-8") as terminal:
            terminal.write("\x1b[24;1Hsomebody was here")
        return False

    test.screen.wait("what somebody writes", write)
    test.screen.press("C-l")
    test.screen.wait_gone("somebody was here")


# What the help calls it (several may be one step), what is pressed, what must come of it. A word that is no
# name of a key of tmux is typed.
MOVE = [
    ("Down", ["Home", "Down"], chooses(1)),
    ("Up", ["Up"], chooses(0)),
    ("PgDn", ["NPage"], chooses(-1)),
    ("PgUp", ["PPage"], chooses(0)),
    ("", ["j", "j", "k"], chooses(1)),
    ("End", ["End"], chooses(-1)),
    ("Home", ["Home"], chooses(0)),
    ("Right", ["Right", "Right", "Right"], hides("%TIME ")),
    ("Left", ["Left", "Left", "Left"], shows("REGION +%TIME")),
    ("", ["]", "]", "]"], hides("%TIME ")),
    ("", ["[", "[", "["], shows("REGION +%TIME")),
    ("", ["F5"], shows("- outer")),
    ("-Right", ["S-Right", "S-Right", "S-Right"], hides("%TIME ")),
    ("Shift-Left", ["S-Left", "S-Left", "S-Left"], shows("REGION +%TIME")),
    ("", ["F5"], hides("- outer")),
    ("F3", ["F3", "middle", "Enter"], chooses_name("middle")),
    ("/", ["/", "inner", "Enter"], chooses_match("inner", 0)),
    ("n", ["n"], chooses_match("inner", 1)),
    ("N", ["N"], chooses_match("inner", 0)),
    ("F4", ["F4", "middle", "Enter"], shows("1 of [0-9]+ regions")),
    ("", ["Escape"], hides("1 of [0-9]+ regions")),
]
FORM = [
    ("F6", ["F6"], shows("Sort by")),
    ("", ["Escape"], hides("Sort by")),
    (">", [">"], sorts_by_another),
    ("<", ["<"], sorts_by_another),
    ("P", ["P"], sorts_by_another),
    ("T", ["T"], shows("TOTAL▼")),
    ("I", ["I"], shows("TOTAL▲")),
    ("", ["I"], shows("TOTAL▼")),
    ("F2", ["F2"], shows(r"\[ \] P90")),
    ("", ["Escape"], hides(r"\[ \] P90")),
    ("c", ["c"], shows(r"\[ \] P90")),
    ("", ["Escape"], hides(r"\[ \] P90")),
    ("F5", ["F5"], shows("- outer")),
    ("*", ["*"], shows(r"\+ outer")),
    ("t", ["*", "t"], hides("[-+] outer")),
    ("g", ["g"], shows("cgroup")),
    ("", ["Escape"], hides("cgroup")),
    ("i", ["i"], shows("last interval")),
    ("", ["i"], shows("since start")),
    ("Enter", ["/", "mixed", "Enter", "Enter"], shows(PANES["Histogram"])),
    ("Tab", ["Tab"], shows(PANES["Heat map"])),
    ("", ["BTab"], shows(PANES["Histogram"])),
    ("l", ["l"], shows(r"Wakers  mixed +\(log scale\)")),
    ("", ["l"], hides("log scale")),
    ("", ["Escape"], hides(" Histogram ")),
    ("o", ["o"], shows("AGE")),
    ("", ["o"], hides("AGE")),
]
FIGURES = [
    ("p", ["p"], shows("PAUSED")),
    ("", ["p"], hides("PAUSED")),
    ("r", ["r"], shows(r"since \d\d:\d\d:\d\d ")),
    ("+", ["+"], shows("every 0.2 s")),
    ("F8", ["F8"], shows("every 0.5 s")),
    ("F7", ["F7"], shows("every 0.2 s")),
    ("-", ["-"], shows("every 0.1 s")),
    ("w", ["w"], shows("written: rptrace-")),
    ("Ctrl-L", ["C-l"], draws_anew),
]
TRACED = [
    ("a", ["a"], shows("Tab completes")),
    ("", ["Escape"], shows("F10Quit")),
    ("", ["/", "innermost", "Enter"], chooses_name("innermost")),
    ("A", ["A"], shows("no samples are taken")),
    ("F9", ["F9"], shows("Detach innermost\\?")),
    ("", ["n"], shows("nothing was detached")),
    ("d", ["d"], shows("detached: innermost")),
    ("z", ["z"], shows("attached again: 1 region")),
    ("Space", ["Home", "Space", "Space"], tags(2)),
    ("U", ["U"], tags(0)),
]
ENDS = {"F10": ["F10"], "q": ["q"]}
HEADINGS = {"Move": MOVE, "Order and form": FORM, "Figures": FIGURES, "What is traced": TRACED}
EXPLAINED = {"M": "no memory is measured", "s": "system calls are not traced", "u": "regions have no user"}
NAMES = {"Home", "End", "NPage", "PPage", "Up", "Down", "Left", "Right", "S-Left", "S-Right", "Enter", "Escape",
         "Tab", "BTab", "Space", "C-l", *(f"F{n}" for n in range(1, 13))}


class Keys(Screen):
    sorted_by = "TOTAL"

    def press(self, words):
        for word in words:
            if word in NAMES:
                self.screen.press(word)
            else:
                self.screen.type(word)

    def check(self, heading, elsewhere=()):
        self.open(rows=HELP_LINES, NO_COLOR="1")
        self.wait_all_rows()
        tested = {key for key, _, _ in HEADINGS[heading]} - {""} | set(elsewhere)
        self.assertEqual(self.keys_of_help(heading), tested)
        # Rows change places; where they are is frozen, and what keys do is the same.
        if heading == "Move":
            self.names = self.freeze().names()
        for _, words, check in HEADINGS[heading]:
            self.press(words)
            check(self)

    def test_move(self):
        self.check("Move")

    def test_order_and_form(self):
        self.check("Order and form")

    def test_figures(self):
        self.check("Figures")

    def test_what_is_traced(self):
        self.check("What is traced", elsewhere=ENDS)

    def test_ends(self):
        for words in ENDS.values():
            screen = self.open()
            self.press(words)
            self.check_end()
            screen.end()

    def test_keys_of_htop(self):
        screen = self.open()
        for key, answer in EXPLAINED.items():
            screen.type(key)
            screen.wait(answer)


class Sizes(Screen):
    """At each size the columns, menus and panes that belong there are there, and the keys below them."""

    def check_columns(self, columns):
        wanted = [title for width, titles in WIDTHS.items() if width <= columns for title in titles]
        missing = [title for width, titles in WIDTHS.items() if width > columns for title in titles]
        self.wait_frame(f"the columns of {columns}", lambda frame: (
            titles := {title.rstrip("▼▲") for title in frame.titles.split()}) and
            set(wanted) <= titles and not titles & set(missing))

    def check_menus(self):
        for key, shown in (("F6", "Sort by"), ("F2", r"\[x\] %TIME"), ("g", "cgroup"), ("?", "move; j and k"),
                           ("F9", "Detach .*\\?")):
            self.screen.press(key)
            shows(shown)(self)
            self.screen.press("n" if key == "F9" else "Escape")
            hides(shown)(self)

    def check_panes(self):
        self.choose("innermost")
        self.wait_chosen("innermost")
        self.screen.press("Enter")
        for title, shown in PANES.items():
            self.screen.wait(f"the pane {title}", lambda text, title=title, shown=shown:
                             re.search(rf" {title} ", text) and re.search(shown, text) and "F10Quit" in text)
            self.screen.press("Tab")
        self.screen.press("Escape")
        hides(" Histogram ")(self)

    def check_size(self, columns, rows):
        screen = self.open(columns=columns, rows=rows, NO_COLOR="1")
        self.check_columns(columns)
        self.check_menus()
        self.check_panes()
        screen.end()

    def test_80(self):
        self.check_size(*SIZES[0])

    def test_120(self):
        self.check_size(*SIZES[1])

    def test_140(self):
        self.check_size(*SIZES[2])

    def test_200(self):
        self.check_size(*SIZES[3])
