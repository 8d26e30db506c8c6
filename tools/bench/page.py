# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The HTML report of a million instances: its size, how soon it is there, how long a frame takes while its timeline
is panned in headless Chromium."""

import json
import os
import resource
import shutil
import subprocess

from processes import say

HERE = os.path.dirname(os.path.abspath(__file__))
THREADS, CALLS, INSTANCES_A_CALL = 4, 50000, 5
PAGE_OF = "1,000,000 instances"


def cpu_seconds(argv):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_browser(bench, page):
    """The least of some rounds: what else the machine does only adds to it."""
    playwright = os.path.join(os.path.dirname(os.path.abspath(bench.rptrace)), "npm/node_modules/playwright-core")
    chromium, node = shutil.which("chromium"), shutil.which("node")
    if not chromium or not node or not os.path.isdir(playwright):
        say("SKIPPED the page in a browser: needs chromium, node and playwright-core (tools/install-deps, make npm)")
        return {}
    rounds = []
    for _ in range(bench.rounds):
        out = subprocess.run([node, os.path.join(HERE, "pan.js"), playwright, chromium, page], check=True,
                             capture_output=True, text=True).stdout
        rounds.append(json.loads(out))
    return {key: min(one[key] for one in rounds) for key in rounds[0]}


def bench_page(bench):
    path, page = os.path.join(bench.folder, "million.rpt"), os.path.join(bench.folder, "million.html")
    subprocess.run([bench.rptrace, "record", "-o", path, "-f", "outer", "-f", "middle", "-f", "inner", "--",
                    os.path.join(bench.targets, "threads"), "busy", str(THREADS), str(CALLS)],
                   check=True, capture_output=True)
    instances = THREADS * CALLS * INSTANCES_A_CALL
    html, read = [], []
    for _ in range(bench.rounds):
        html.append(cpu_seconds([bench.rptrace, "report", "--format", "html", "-o", page, path]))
        read.append(cpu_seconds([bench.rptrace, "report", "--format", "instances-csv", path]))
    return [{"name": PAGE_OF, "html/csv": min(html) / min(read), "page_mb": os.path.getsize(page) / 1e6,
             "ns_an_instance": min(html) * 1e9 / instances, **in_browser(bench, page)}]
