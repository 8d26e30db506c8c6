# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""How faults are written: in the files *.faults beside this one, each as

    @ FILE KIND/TEST [FILTER]
    - old text, which FILE has once
    + new text

Lines of either text may be several, each with its own sign; leading blanks count from the third column
on. KIND/TEST is unit/test_NAME, live/test_NAME (FILTER: a glob on its tests) or e2e/PART, a part of the
names of tests. Or it is "nobody", and what follows is the reason why no test can see this one: such a
fault is not planted. Lines that begin with # are comments."""

import os


class Test:
    def __init__(self, word, glob):
        self.kind, _, self.name = word.partition("/")
        self.filter = glob
        if self.kind != "nobody" and (self.kind not in ("unit", "live", "e2e") or not self.name):
            raise ValueError(f"'{word}' is no test")

    def __str__(self):
        return f"{self.kind}/{self.name}" + (f" {self.filter}" if self.filter else "")

    def binary(self):
        return f"build/tests/{self.kind}/{self.name}"

    def sources(self):
        return [] if self.kind in ("e2e", "nobody") else [f"tests/{self.kind}/{self.name}.c"]


class Fault:
    def __init__(self, file, test):
        self.file, self.test, self.lines = file, test, {"-": [], "+": []}

    @property
    def old(self):
        return "\n".join(self.lines["-"])

    @property
    def new(self):
        return "\n".join(self.lines["+"])

    def words(self):
        return f"{self.file} {self.test} {self.old}"

    def __str__(self):
        return f"{self.file}: {' '.join(self.old.split())} -> {' '.join(self.new.split())} [{self.test}]"


def read_table(path):
    faults = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.startswith("@ "):
                words = line.split(None, 3)
                faults.append(Fault(words[1], Test(words[2], words[3] if len(words) > 3 else None)))
            elif line[:2] in ("- ", "+ ") or line in ("-", "+"):
                faults[-1].lines[line[0]].append(line[2:])
            elif line and not line.startswith("#"):
                raise ValueError(f"{path}:{number}: neither @, -, + nor #")
    return faults


def read_tables(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".faults"):
            yield from read_table(os.path.join(folder, name))
