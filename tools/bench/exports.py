# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""What an export of a record takes for each instance: CPU time, reading included. It goes to /dev/null where
that will do: what the file system takes for a byte is not rptrace's."""

import json
import os
import subprocess

from start import cpu_ms

FORMS = ("chrome", "perfetto", "speedscope", "folded", "pprof", "region-flamegraph", "heatmap", "otlp", "sqlite",
         "instances-csv")


def bench_exports(bench):
    """Best of the rounds, of a record of half a million instances in some depth, labels, spans and samples among
    them."""
    record, output = (os.path.join(bench.folder, name) for name in ("exports.rpt", "exports.out"))
    subprocess.run([bench.rptrace, "record", "--sample", "-o", record, "--", os.path.join(bench.targets, "marks_c"), "2", "10000"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tree = json.loads(subprocess.run([bench.rptrace, "report", "--json", record], check=True,
                                     stdout=subprocess.PIPE).stdout)["tree"]
    instances = sum(row["count"] + row["unwound"] + row["open"] for row in tree)
    rows = []
    for form in FORMS:
        argv = [bench.rptrace, "report", "--format", form, record, "-o"]
        cpu_ms([*argv, output])
        goes_to = output if form == "sqlite" else "/dev/null"
        best = min(cpu_ms([*argv, goes_to]) for _ in range(bench.rounds))
        rows.append({"name": form, "instance_ns": 1e6 * best / instances,
                     "instance_bytes": os.path.getsize(output) / instances})
    return rows
