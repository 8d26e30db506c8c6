# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The kinds of inputs: what a user without rights, or a slip of the hand, may give to rptrace."""

import binascii
import os
import struct
import subprocess

import elf

PROGRAMS = ("functions", "marks_c", "marks_cxx", "labels", "spans", "unwind", "tails")
FILES = 6  # of one run: to start takes longer than to read


def selection(paths):
    """By name: one that is asked for by its path ends the run where it is none."""
    names_of = [os.path.basename(path) for path in paths]
    return [word for name in names_of for word in ("-f", f"{name}:*", "-u", f"{name}:*:*")]


def looked_at(trial, paths):
    """Mapped by a process, listed or probed."""
    pid = str(trial.hold(os.path.join(trial.targets, "maps"), *paths))
    how = trial.random.choice((["list", "--json"], ["-d", "50ms", "--json"],
                               ["-d", "50ms", "--json", "--exit", "ret-sites"]))
    trial.snapshot(*how, "-p", pid, *selection(paths))


def damaged(trial, places_of):
    paths = []
    for i in range(FILES):
        data = trial.seed(trial.random.choice(PROGRAMS))
        elf.damage(trial.random, data, places_of(data))
        if trial.random.random() < 0.05:
            del data[trial.random.randrange(len(data)):]
        paths.append(trial.write(f"file-{i}", data))
    return paths


def elf_files(trial):
    """Headers, symbols, names, code, anything."""
    def places(data):
        found = elf.sections(data)
        return [*elf.tables(data), *elf.tables(data), (0, len(data)),
                *(found[name] for name in (".symtab", ".dynsym", ".strtab", ".text", ".shstrtab")
                  if name in found)]
    looked_at(trial, damaged(trial, places))


def damaged_arguments(trial, data):
    """What is behind provider and name of each note, so that probes stay where they may be."""
    at, end = elf.sections(data)[".note.stapsdt"]
    end += at
    places = []
    while at + 12 < end:
        name, size, _ = struct.unpack_from("<III", data, at)
        begin = at + 12 + (name + 3 & ~3) + 24
        at = at + 12 + (name + 3 & ~3) + (size + 3 & ~3)
        texts = bytes(data[begin:at]).split(b"\0")
        before = len(texts[0]) + len(texts[1]) + 2 if len(texts) > 2 else 0
        if before and texts[2]:
            places.append((begin + before, len(texts[2])))
    return elf.damage(trial.random, data, places) if places else data


def notes(trial):
    """USDT notes: where probes are, and where their arguments."""
    if trial.random.random() < 0.5:
        program = trial.write("noted", damaged_arguments(trial, trial.seed("labels")))
        trial.run("-u", "*:*", "--label", f"arg{trial.random.randrange(4)}", "--json", "-o",
                  "noted.json", "--", program, "usdt", "20")
        return
    looked_at(trial, damaged(trial, lambda data: [
        elf.sections(data).get(".note.stapsdt", (64, 64)),
        elf.sections(data).get(".stapsdt.base", (64, 64))]))


def dwarf(trial):
    """Lines, inlined functions and unwind tables of a program that is sampled."""
    data = trial.seed("sampled")
    found = elf.sections(data)
    names = [name for name in found if name.startswith(".debug_") or name == ".eh_frame"]
    elf.damage(trial.random, data, [found[name] for name in names], most=64)
    program = trial.write("sampled", data)
    mode = trial.random.choice(("alone", "lines", "threads"))
    trial.run("--sample=2000", "-f", "seven", "--json", "-o", "sampled.json", "--", program, mode, "300")


def debug_links(trial):
    """Names that lead elsewhere, and debug files that are not what they should be."""
    source = os.path.join(trial.targets, trial.random.choice(PROGRAMS))
    program, debug, link = trial.path("linked"), trial.path("linked.debug"), trial.path("link")
    subprocess.run(["objcopy", "--only-keep-debug", source, debug], check=True)
    with open(debug, "rb") as file:
        data = bytearray(file.read())
    if trial.random.random() < 0.7:
        elf.damage(trial.random, data, [*elf.tables(data), (0, len(data))])
        trial.write("linked.debug", data)
    name = trial.random.choice((b"linked.debug", b"linked.debug", b"linked.debug", b"../../etc/passwd",
                                b"/proc/kmsg", b".", b"", b"fifo", b"self", b"\x1b[2J", b"x" * 300))
    text = bytearray(name + bytes(4 - len(name) % 4) + struct.pack("<I", binascii.crc32(data)))
    if trial.random.random() < 0.3:
        elf.damage(trial.random, text, [(0, len(text))], most=3)
    trial.write("link", text)
    for path, make in (("fifo", os.mkfifo), ("self", lambda at: os.symlink("/proc/self/mem", at))):
        make(trial.path(path))
    subprocess.run(["objcopy", "--strip-all", "--remove-section=.note.gnu.build-id",
                    f"--add-section=.gnu_debuglink={link}", source, program], check=True)
    looked_at(trial, [program])


PIECES = ("\x1b[2J", "\x1b]0;x\x07", "\r", "\n", "\t", "\\", "\\x1b", '"', "'", ",", ";", "%", "%s", "{}", "=",
          "\u202e", "\u0085", "\u200b", "\U0001f600", "e\u0301", "\udcff", "\udc80", "a", "region", " ")


def some_text(random, most=24):
    return "".join(random.choice(PIECES) for _ in range(random.randint(1, most)))


def names(trial):
    """Of regions, labels, programs and processes, in whatever is printed."""
    texts = [some_text(trial.random).encode(errors="surrogateescape")[:200] for _ in range(12)]
    trial.write("texts", b"\0".join(texts) + b"\0")
    file = some_text(trial.random, 6).replace("/", "_").replace("\n", "_")
    program = trial.write(os.fsdecode(file.encode(errors="surrogateescape")[:100]), trial.seed("named"))
    traced = ["--label", "arg0:str", "-f", "by_text", "-u", "rptrace:*"]
    form = trial.random.choice(("table", "csv", "json", "openmetrics"))
    by = trial.random.choice(("process", "thread", "command", "cgroup", "label"))
    trial.run(*traced, "--by", by, "--format", form, "-o", "named.out", "--", program, "texts")
    trial.look_at_file("named.out", form)
    trial.run("record", *traced, "-o", "named.rpt", "--", program, "texts")
    form = trial.random.choice(("table", "csv", "json", "folded", "chrome", "instances-csv"))
    if form in ("json", "chrome"):
        trial.snapshot("report", "named.rpt", "--format", form)
    else:
        trial.run("report", "named.rpt", "--format", form)


WORDS = ("", "0", "1", "-1", "3", "99999999999999999999", "1e9", "nan", "0.1", "50ms", "1m", "10k", "*", "[", "]",
         "by_*", "arg0", "arg1:str", "ret", "arg9999", "arg0==1", "arg0==1&&", "dur>1us", "name", "count", "total",
         "process", "none", "all", "json", "csv", "table", "auto", "perf", "multi", "return", "ret-sites", ",", "a,b",
         "x" * 5000, "\x1b[31m", "\u00e9", "--", "-", "=", "%s%n", "rptrace:*", ":", "::", "a:b:c@arg1", "true")
# What they name would be written, or run.
FILES_OF = {"--output": ("out", "/dev/null/x", "", "."), "-o": ("out", "out2", ""),
            "--record": ("out.rpt", "", "."), "--on-stuck": ("true", "exit 1"), "--user": ("nobody", "nosuch", "")}


def options(trial):
    """Lines that nobody would type: a word each, or the same twice, or without its value."""
    said = trial.run("--help").decode() + trial.run("record", "--help").decode()
    known = sorted({word.strip(",").split("=")[0].split("[")[0] for word in said.split()
                    if word.startswith("-") and word.strip("-,")} - {"-p", "--pid"})
    for _ in range(4):
        line = [trial.random.choice(([], ["list"], ["record"], ["doctor"], []))]
        words = list(line[0])
        for _ in range(trial.random.randint(0, 6)):
            option = trial.random.choice(known)
            value = trial.random.choice(FILES_OF.get(option, WORDS))
            words += trial.random.choice(([option, value], [f"{option}={value}"], [option, value]))
        verbose = any(word.startswith(("-v", "--verb")) for word in words)
        trial.run(*words, "--", os.path.join(trial.targets, "labels"), "values", "1", "20", "5", verbose=verbose)


KINDS = {"elf": elf_files, "notes": notes, "dwarf": dwarf, "links": debug_links, "names": names,
         "options": options}
# Of each in a run, whatever else the machine does: in about thirty seconds where it does nothing else.
INPUTS = {"elf": 70, "notes": 60, "dwarf": 25, "links": 75, "names": 25, "options": 70}
