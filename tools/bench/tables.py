# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What unwind tables cost: how long it takes to read them, and how much memory they are."""

import glob
import os
import re
import subprocess

BACKEND = "a PostgreSQL backend"
ROWS = "100,000 rows"
PLACES = ("/usr/bin/node", "/usr/bin/python3.*[0-9]", "/usr/lib/postgresql/*/bin/postgres", "/usr/lib/*/libLLVM*.so*",
          "/usr/lib/chromium/chromium", "/usr/lib/*/libc.so.6")


def read(bench, files):
    """-> (rows, bytes, ns) of each file that has a table"""
    out = subprocess.run([bench.tables, *files], check=True, capture_output=True, text=True).stdout
    return [tuple(map(int, line.split()[:3])) for line in out.splitlines()]


def row(name, tables):
    rows, size, ns = map(sum, zip(*tables))
    return {"name": name, "rows": rows, "mib": size / (1 << 20), "ms": ns / 1e6}


def files_of(program):
    """The program, and the libraries that it begins with."""
    told = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return [program, *re.findall(r"(/\S+) \(", told)]


def bench_tables(bench):
    files = sorted({os.path.realpath(path) for place in PLACES for path in glob.glob(place)})
    result = [row(os.path.basename(path), tables) for path in files if (tables := read(bench, [path]))]
    result.sort(key=lambda row: -row["rows"])
    most = result[0]  # small ones are read in no time that could be measured
    result.append({"name": ROWS, "rows": 100000, "mib": most["mib"] * 100000 / most["rows"],
                   "ms": most["ms"] * 100000 / most["rows"]})
    servers = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if servers:
        result.append(row(BACKEND, read(bench, files_of(servers[-1]))))
    return result
