# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The report: tables, goals, and what machine this is."""

import os
import platform
import re
import sys

from exports import FORMS
from growth import MANY
from page import PAGE_OF
from tables import BACKEND, ROWS

# section of the report, row, figure of it, what that may be at most
GOALS = [
    ("kinds", "function: push", "rptrace/floor", 1.20),
    ("kinds", "function: push", "rptrace/bpftrace", 0.75),
    ("kinds", "function: push", "rptrace/funclatency", 1.00),
    ("kinds", "function: endbr64, push", "rptrace/bpftrace", 0.12),
    ("kinds", "marker", "rptrace/floor", 1.20),
    ("regions", MANY, "rptrace/first", 1.10),
    ("paths", 1000, "rptrace/first", 1.10),
    ("threads", 64, "rptrace/first", 1.10),
    ("attach", f"rptrace, {MANY} functions", "start_ms", 1000),
    ("attach", f"rptrace, {MANY} functions", "end_ms", 2000),
    ("self", 100, "cpu_percent", 1),
    ("self", 100, "rss_mib", 50),
    ("records", "a region", "recorded/rptrace", 1.07),
    ("records", "a region", "added_ns", 60),
    ("records", "two threads, as fast as they can", "lost_percent", 0.1),
    ("records", "two threads, as fast as they can", "cpu_percent", 12),
    ("records", "100,000 a second", "lost_percent", 0),
    ("records", "100,000 a second", "cpu_percent", 2),
    ("records", "the demo", "bytes", 8),
    ("records", "read: 4 million", "ns", 1000 / 15),
    ("records", "report of it: 10 million", "cpu_s", 3),
    ("records", "report of it: 10 million", "rss_mib", 200),
    ("samples", "997 Hz", "added_percent", 1.5),
    ("samples", "4999 Hz", "added_percent", 5),
    ("tables", ROWS, "ms", 15),
    ("tables", BACKEND, "mib", 8),
    ("wakers", "in a traced region", "added_ns", 500),
    ("screen", 100, "cpu_percent", 1),
    ("screen", 10000, "cpu_percent", 3),
    ("screen", 10000, "slowest_key_ms", 100),
    ("page", PAGE_OF, "page_mb", 5),
    ("page", PAGE_OF, "ready_ms", 3000),
    ("page", PAGE_OF, "pan_median_ms", 16),
    ("memory", "128 CPUs, 1000 functions traced, 1000 hit", "maps_mib", 64),
    ("memory", f"128 CPUs, {MANY} functions traced, 200 hit", "maps_mib", 64),
    *(("exports", form, "instance_ns", 250) for form in FORMS),
]


def form(key, value):
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.{2 if '/' in key else 0 if value >= 1000 else 1}f}"


ROW_KEYS = ("name", "regions", "paths", "threads", "depth")


def print_table(title, rows):
    keys = list(dict.fromkeys(key for row in rows for key in row))
    # What names a row first, then ratios, then the rest.
    keys.sort(key=lambda key: (key not in ROW_KEYS, "/" not in key))
    cells = [keys] + [[form(key, row.get(key)) for key in keys] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    print(f"\n{title}")
    for line in cells:
        print("  " + "  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                               for i, (text, width) in enumerate(zip(line, widths))))
    sys.stdout.flush()


def check_goals(report):
    goals = []
    for section, row, figure, most in GOALS:
        rows = {row[key]: row for row in report.get(section, []) for key in ROW_KEYS if key in row}
        if row not in rows:
            continue
        figures, value = rows[row], rows[row].get(figure)
        goals.append({"section": section, "row": row, "figure": figure, "goal": most,
                      "value": value, "met": None if value is None else value <= most})
        other = figures.get(f"{figure.rpartition('/')[2]}_ns")
        if other and section == "kinds" and figure != "rptrace/floor":
            goals[-1]["least"] = figures["floor_ns"] / other
        if "floor_percent" in figures:
            goals[-1]["least"] = figures["floor_percent"]
    print("\ngoals")
    for goal in goals:
        verdict = {True: "met", False: "not met", None: "not measured"}[goal["met"]]
        least = f", an empty program {goal['least']:.2f}" if "least" in goal else ""
        print(f"  {goal['section']}, {goal['row']}, {goal['figure']}: "
              f"{form(goal['figure'], goal['value'])} (at most {goal['goal']:.4g}{least}): {verdict}")
    return goals


def machine():
    with open("/proc/cpuinfo") as file:
        text = file.read()
    model = re.search(r"(?:model name|CPU part)\s*:\s*(.*)", text)
    guest = re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE)
    clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    with open(clock) as file:
        clock = file.read().strip()
    return {"kernel": platform.release(), "arch": platform.machine(),
            "cpu": model.group(1) if model else "unknown", "cores": os.cpu_count(),
            "virtual": bool(guest), "clock": clock}
