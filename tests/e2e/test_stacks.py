# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Call stacks of Debian's own programs, which have no frame pointers, lead up to their beginning."""

import os

from harness import Case
from servers import PostgresCase, RedisCase

TAKEN_MIN = 100  # untraced, hardly one of them in 1,000 is not complete
ROWS = """
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {}) SELECT count(*), sum(n % 7) FROM t;
"""
PYTHON = """
import json, re, sys, time
print("ready", flush=True)
sys.stdin.readline()
while time.thread_time() < 0.8:
    text = json.dumps([{"name": str(i), "values": sorted(range(i % 50), key=lambda x: -x)} for i in range(200)])
    re.findall(r"[0-9]+", str(json.loads(text)))
"""
NODE = """
const end = Date.now() + 2000; let n = 0;
function sum(list) { return list.map(x => x * 2).filter(x => x % 3).reduce((a, b) => a + b, 0); }
while (process.cpuUsage().user < 900000) {
    const list = []; for (let i = 0; i < 500; i++) list.push(i ^ n);
    n = (n + sum(JSON.parse(JSON.stringify(list.sort((a, b) => b - a))))) | 0;
}
"""


class StacksOf:
    """Of regions' own probes a few stacks cannot be told: a return is just being taken over."""

    def check_complete(self, snapshot, least):
        samples = snapshot.data["samples"]
        self.assertGreater(samples["taken"], TAKEN_MIN)
        self.assertGreaterEqual(samples["stacks"]["complete"], least * samples["taken"], samples)


class Commands(StacksOf, Case):
    def check_command(self, *command, traced):
        for least, selection in (0.99, ("-x", "*")), (0.96, traced):
            snapshot, _ = self.run_traced("--sample", *selection, "--", *command)
            self.check_complete(snapshot, least)

    def test_sqlite(self):
        if not os.access("/usr/bin/sqlite3", os.X_OK):
            self.skipTest("sqlite3 is not installed")
        self.check_command("/usr/bin/sqlite3", ":memory:", ROWS.format(2000000),
                           traced=("-f", "libsqlite3.so*:sqlite3_step", "-f", "libsqlite3.so*:sqlite3_prepare_v2"))

    def test_node(self):
        if not os.access("/usr/bin/node", os.X_OK):
            self.skipTest("node is not installed")
        self.check_command("/usr/bin/node", self.path("script.js", NODE),
                           traced=("-f", "node:uv_run", "-f", "node:v8::Script::Run*"))


class Python(StacksOf, Case):
    needs = ("/usr/bin/python3.11",)

    def check_script(self, least, *selection):
        target = self.spawn("/usr/bin/python3.11", self.path("script.py", PYTHON), stdin=-1)
        target.wait_lines("ready", stream="stdout")
        self.attach("--sample", "-p", target.pid, *selection)
        target.say("go\n")
        target.finish()
        self.tracer.finish()
        self.check_complete(self.snapshot(), least)

    def test_stacks(self):
        self.check_script(0.99, "-x", "*")

    def test_stacks_of_what_is_traced(self):
        self.check_script(0.96, "-f", "python3.11:PyUnicode_Join", "-f", "python3.11:PyList_Sort")


class Postgres(StacksOf, PostgresCase):
    def check_queries(self, least, rows, *selection):
        self.attach("--sample", "-p", self.server.pid, *selection)
        self.client("psql", "-X", "-q", "-A", "-t", "-c", ROWS.format(rows), "postgres").finish()
        self.check_complete(self.detach(), least)

    def test_stacks(self):
        self.check_queries(0.99, 1500000, "-x", "*")

    def test_stacks_of_what_is_traced(self):
        self.check_queries(0.96, 1500000, "-f", "exec_simple_query", "-f", "standard_Executor*")


class Redis(StacksOf, RedisCase):
    def check_requests(self, least, *selection):
        self.attach("--sample", "-p", self.server.pid, *selection)
        self.spawn("redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-n", "40000", "-t", "set,get,lrange_300",
                   "-c", "10", "-q").finish()
        self.check_complete(self.detach(), least)

    def test_stacks(self):
        self.check_requests(0.99, "-x", "*")

    def test_stacks_of_what_is_traced(self):
        self.check_requests(0.96, "-f", "call", "-f", "processCommand")
