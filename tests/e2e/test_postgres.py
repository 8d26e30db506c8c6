# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""The USDT probes of PostgreSQL, against the server's log of connections and statements."""

import json
import os
import re
import subprocess

import harness
from servers import PostgresCase

CLIENTS, TRANSACTIONS = 4, 1000


class Log:
    """What the server says that it did, from the lines of its log."""

    FORM = re.compile(r"^(\d+) (LOG|ERROR|STATEMENT):  (.*)$")
    TIMED = re.compile(r"duration: ([\d.]+) ms  statement: (.*)$")

    def __init__(self, lines):
        self.logins = self.transactions = self.writes = 0
        self.statements, self.failed = [], []  # (ms, text); text
        self.in_block = set()  # pids
        for line in lines:
            match = self.FORM.match(line)
            if match:
                self.add(*match.groups())

    def add(self, pid, level, text):
        timed = self.TIMED.match(text)
        if level == "STATEMENT":
            self.failed.append(text)
            self.statement(pid, text)
        elif text.startswith("connection authorized"):
            self.logins += 1
            self.transactions += 1  # looks up user and database
        elif timed:
            self.statements.append((float(timed[1]), timed[2]))
            self.statement(pid, timed[2])

    def statement(self, pid, text):
        word = re.match(r"\w*", text.strip())[0].upper()
        if word in ("INSERT", "UPDATE", "DELETE"):
            self.writes += 1
        if word == "BEGIN":
            self.in_block.add(pid)
        elif word in ("END", "COMMIT", "ROLLBACK"):
            self.in_block.discard(pid)
            self.transactions += 1
        elif pid not in self.in_block:
            self.transactions += 1


class Postgres(PostgresCase):
    def psql(self, *args, **options):
        return self.client("psql", "-X", "-q", "-A", "-t", *args, "postgres", **options)

    def log_mark(self):
        """Where the log is now, all connections so far being over."""
        self.wait_disconnected()
        self.mark = len(self.server.lines["stderr"])

    def log(self):
        """The log since the mark, once every connection is over."""
        self.wait_disconnected()
        return Log(self.server.lines["stderr"][self.mark:])

    def trace(self, *args):
        self.attach("-p", str(self.server.pid), *args)

    def wait_for_waiter(self, holder):
        """Until a backend sleeps for a lock: that it wants one is told a moment before."""
        holder.say("DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP "
                   "PERFORM pg_sleep(0.01); END LOOP; END $$;"
                   "SELECT 'waiter', pid FROM pg_locks WHERE NOT granted;\n")
        harness.wait_asleep(holder.wait_lines("^waiter", stream="stdout")[0].split("|")[1])

    def assertAllClosed(self):
        for name, region in self.snap.regions.items():
            self.assertEqual((region["open"], region["unwound"]), (0, 0), f"{name}: open, unwound")

    # ---- tests -------------------------------------------------------------------------

    def test_pgbench(self):
        self.client("pgbench", "-i", "-q", "postgres").finish()
        self.log_mark()
        self.trace()
        bench = self.client("pgbench", "-n", "-c", CLIENTS, "-j", "2", "-t", TRANSACTIONS,
                            "postgres").finish()
        log = self.log()
        self.snap = self.detach()
        done = CLIENTS * TRANSACTIONS
        self.assertIn(f"actually processed: {done}/{done}", bench.out())
        self.assertGreaterEqual(len(log.statements), 7 * done)
        self.check_counts(log)
        self.assertEqual(self.snap.region("transaction")["count"],
                         done + log.logins + len(log.statements) - 7 * done)
        self.assertEqual(log.writes, 4 * done)
        self.assertAllClosed()

    def test_record_of_pgbench(self):
        """What a report makes of the record is what was shown, figure by figure."""
        keys = ("count", "total_ns", "self_ns", "cpu_ns", "wait_ns", "min_ns", "max_ns", "unwound", "open")
        record, report = self.path("pgbench.rpt"), self.path("report.json")
        self.client("pgbench", "-i", "-q", "postgres").finish()
        self.trace("--record", record)
        self.client("pgbench", "-n", "-c", CLIENTS, "-j", "2", "-t", TRANSACTIONS, "postgres").finish()
        self.wait_disconnected()
        self.snap = self.detach()
        self.assertEqual(self.snap.data["lost"]["instances"], 0)
        self.spawn(harness.rptrace_path, "report", record, "--json", "-o", report).finish()
        with open(report, encoding="utf-8") as file:
            told = harness.Snapshot(json.load(file))
        self.assertGreaterEqual(self.snap.region("query")["count"], 7 * CLIENTS * TRANSACTIONS)
        self.assertEqual({name: [row[key] for key in keys] for name, row in told.regions.items()},
                         {name: [row[key] for key in keys] for name, row in self.snap.regions.items()})

    def check_counts(self, log):
        self.assertEqual(log.failed, [])
        self.assertEqual(self.snap.region("transaction")["count"], log.transactions)
        self.assertEqual(self.snap.region("query")["count"], len(log.statements))
        # A statement is executed by its portal, and in that once more where it writes.
        self.assertEqual(self.snap.by_nesting("query__execute"),
                         {0: len(log.statements), 1: log.writes})
        self.assertEqual(self.snap.region("query__execute")["count"],
                         len(log.statements) + log.writes)
        self.assertEqual(self.snap.region("query")["kind"], "usdt")

    def test_failing_statements(self):
        """An error jumps over query__done: such a query is unwound, and in no time."""
        failing, good = 20, 4
        sleep = "SELECT pg_sleep(0.05);\n"
        script = (sleep + "SELECT 1/0;\n" * (failing // 2) + sleep) * (good // 2)
        file = self.path("script.sql", script)
        os.chmod(self.dir, 0o755)
        self.log_mark()
        self.trace()
        self.psql("-f", file).finish()
        log = self.log()
        self.snap = self.detach()
        self.assertEqual((len(log.failed), len(log.statements)), (failing, good))
        query = self.snap.region("query")
        self.assertEqual((query["count"], query["unwound"], query["open"]), (good, failing, 0))
        self.assertNear(query["total_ns"], sum(ms for ms, _ in log.statements) * 1e6, 0.02,
                        "total of the queries that did not fail", query["wait_ns"])
        self.assertGreaterEqual(query["min_ns"], 50e6)
        transaction = self.snap.region("transaction")  # an abort ends one, too
        self.assertEqual((transaction["count"], transaction["unwound"], transaction["open"]),
                         (log.transactions, 0, 0))

    def test_sleep_in_a_running_backend(self):
        """A backend that was there before: its statement takes what the server says."""
        sleeps = 5
        psql = self.psql(stdin=subprocess.PIPE)
        psql.say("SELECT 'ready';\n")
        psql.wait_lines("^ready$", stream="stdout")
        self.server.wait_lines("statement: SELECT 'ready'")
        self.mark = len(self.server.lines["stderr"])
        self.trace()
        psql.say("SELECT pg_sleep(0.2);\n" * sleeps)
        psql.finish()
        log = self.log()
        self.snap = self.detach()
        self.assertEqual(len(log.statements), sleeps)
        query = self.snap.region("query")
        self.assertEqual((query["count"], query["open"], query["unwound"]), (sleeps, 0, 0))
        self.assertNear(query["total_ns"], sum(ms for ms, _ in log.statements) * 1e6, 0.01,
                        "total of pg_sleep", query["wait_ns"])
        self.assertGreaterEqual(query["min_ns"], 200e6)
        self.assertNear(query["blocked_ns"], sleeps * 200e6, 0.05, "blocked in pg_sleep",
                        query["wait_ns"])
        self.assertAllClosed()

    def test_hot_functions_of_execution(self):
        """What a query is executed by is below its region, and what it was planned by is not."""
        self.trace("-u", "postgresql:query__execute*", "-u", "postgresql:query__plan*", "--sample")
        self.psql("-c", "SELECT count(*), sum(n % 7) FROM generate_series(1, 3000000) AS t(n)").finish()
        self.wait_disconnected()
        self.snap = self.detach()
        region, hot = self.snap.region("query__execute"), {}
        for line in region["lines"]:
            hot[line["function"]] = hot.get(line["function"], 0) + line["cumulative"]
        self.assertGreater(region["samples"], 100)
        for function in ("standard_ExecutorRun", "PortalRun"):
            self.assertGreater(hot.get(function, 0), 0.95 * region["samples"], function)
        self.assertNotIn("standard_planner", hot)
        self.assertAllClosed()

    def test_where_backends_sleep(self):
        """One waits for a lock that another holds, then both for their client; all of it is in stacks."""
        self.trace("-u", "postgresql:transaction*", "--off-cpu")
        holder, waiter = self.psql(stdin=subprocess.PIPE), self.psql(stdin=subprocess.PIPE)
        holder.say("CREATE TABLE held (n int); INSERT INTO held VALUES (1);\n")
        holder.say("BEGIN; UPDATE held SET n = 2; SELECT 'holds', pg_sleep(0.01);\n")
        holder.wait_lines("^holds", stream="stdout")
        waiter.say("UPDATE held SET n = 3;\n")
        self.wait_for_waiter(holder)
        holder.say("COMMIT; DROP TABLE held;\n")
        waiter.finish()
        holder.finish()
        self.wait_disconnected()
        self.snap = self.detach()
        region = self.snap.region("transaction")
        asleep = {}
        for line in region["asleep_lines"]:
            asleep[line["function"]] = asleep.get(line["function"], 0) + line["cumulative_ns"]
        for function in ("ProcSleep", "pg_sleep", "PostgresMain"):
            self.assertGreater(asleep.get(function, 0), 0, function)
        self.assertEqual(sum(line["self_ns"] for line in region["asleep_lines"]) +
                         region["asleep_untold_ns"], region["asleep_ns"])
        self.assertAllClosed()

    def test_who_ends_a_wait_for_a_lock(self):
        """The backend that held it, in the commit that lets it go; a region that the waiter enters later."""
        self.trace("-u", "postgresql:lock__wait*", "-f", "postgres:CommitTransactionCommand", "--wakers")
        holder, waiter = self.psql(stdin=subprocess.PIPE), self.psql(stdin=subprocess.PIPE)
        holder.say("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1);\n")
        holder.say("BEGIN; UPDATE kept SET n = 2; SELECT 'holds';\n")
        holder.wait_lines("^holds", stream="stdout")
        waiter.say("SET deadlock_timeout = '10min'; UPDATE kept SET n = 3;\n")
        self.wait_for_waiter(holder)
        holder.say("COMMIT; DROP TABLE kept;\n")
        waiter.finish()
        holder.finish()
        self.wait_disconnected()
        self.snap = self.detach()
        wait = self.snap.region("lock__wait")
        seen = [waker for waker in wait["wakers"] if waker["count"]]
        self.assertEqual((seen[0]["kind"], seen[0]["region"]), ("region", "CommitTransactionCommand"))
        self.assertGreaterEqual(seen[0]["blocked_ns"], 0.99 * sum(waker["blocked_ns"] for waker in seen))
        self.assertGreaterEqual(sum(waker["blocked_ns"] for waker in wait["wakers"]), wait["blocked_ns"])

    def test_terminated_backend(self):
        """A backend that is ended in its query leaves it, and its transaction, in order."""
        self.log_mark()
        self.trace()
        psql = self.psql("-c", "SELECT pg_sleep(60)")
        find = ("SELECT 'ended ' || pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event = 'PgSleep';\n")
        killer = self.psql(stdin=subprocess.PIPE)
        asked = 0
        while "ended true" not in killer.out():
            killer.say(find + "SELECT 'asked';\n")
            asked += 1
            killer.wait_lines("^asked$", asked, stream="stdout")
        killer.finish()
        psql.finish(2)
        log = self.log()
        self.snap = self.detach()
        query = self.snap.region("query")
        self.assertEqual((query["count"], query["unwound"], query["open"]),
                         (len(log.statements), 1, 0))
        self.assertEqual(len(log.statements), 2 * asked)
        transaction = self.snap.region("transaction")
        self.assertEqual(transaction["open"], 0)
        self.assertEqual(transaction["count"] + transaction["unwound"],
                         log.logins + len(log.statements) + 1)
