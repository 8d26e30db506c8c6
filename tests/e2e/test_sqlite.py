# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""sqlite3_step() of libsqlite3 in the sqlite3 shell: calls known from the script, recursion."""

import subprocess

from harness import Case, Fifo

STEP = "libsqlite3.so.0:sqlite3_step"
INSERTS, ROWS = 20, 10000
SCHEMA = 1  # before the first statement SQLite reads the schema: no row yet, so one step


class Script:
    """SQL and the calls of sqlite3_step() for it: by the shell, and by SQLite within those."""

    def __init__(self):
        self.lines, self.steps, self.nested = [], 0, 0

    def add(self, sql, rows=0):
        self.lines.append(sql)
        self.steps += rows + 1  # a row each, and the last one: done
        if sql.startswith("CREATE"):
            self.nested += 2  # it reads back the row of the schema that it wrote
        return self

    def text(self):
        return "\n".join(self.lines) + "\n"


def queries():
    script = Script().add("CREATE TABLE t (a);")
    for i in range(INSERTS):
        script.add(f"INSERT INTO t VALUES ({i});")
    script.add("SELECT count(*) FROM t;", rows=1)
    script.add("SELECT a FROM t ORDER BY a;", rows=INSERTS)
    script.add("SELECT a FROM t WHERE a < 0;", rows=0)
    return script.add("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT "
                      f"{ROWS}) SELECT i FROM c;", rows=ROWS)


def vacuums(times):
    """VACUUM runs SQL that writes SQL, and CREATE in it reads the schema by SQL: three deep."""
    script = Script()
    for i in range(3):
        script.add(f"CREATE TABLE t{i} (a);").add(f"CREATE INDEX i{i} ON t{i} (a);")
    script.add("INSERT INTO t0 VALUES (1), (2), (3);")
    for _ in range(times):
        script.add("VACUUM;")
    return script


class Sqlite(Case):
    needs = ("sqlite3",)

    def traced(self, script):
        """The sqlite3_step region of a script run in the shell, which rptrace starts."""
        file = self.path("script.sql", script.text())
        self.snap, _ = self.run_traced("-f", STEP, "--", "sqlite3", ":memory:", f".read {file}")
        region = self.snap.region("sqlite3_step")
        self.assertEqual(region["kind"], "function")
        self.assertIn("libsqlite3.so.0", region["object"])
        self.assertEqual((region["open"], region["unwound"]), (0, 0))
        return region

    def test_command(self):
        script = queries()
        region = self.traced(script)
        self.assertEqual(self.snap.by_nesting("sqlite3_step"),
                         {0: SCHEMA + script.steps, 1: script.nested})
        self.assertEqual(region["count"], SCHEMA + script.steps + script.nested)

    def test_rows_cost_a_step_each(self):
        out = subprocess.run(["sqlite3", ":memory:"], input=queries().text(), text=True,
                             stdout=subprocess.PIPE, check=True).stdout.splitlines()
        script = queries()
        done = len(script.lines)  # statements, a line each
        self.traced(script)
        self.assertEqual(self.snap.by_nesting("sqlite3_step")[0], SCHEMA + len(out) + done)

    def test_attach(self):
        script = queries()
        fifo = Fifo(self.path("fifo"))
        self.addCleanup(fifo.close)
        tell = f".output {fifo.path}\n.print %s\n.output {self.path('rows')}\n"
        shell = self.spawn("sqlite3", ":memory:", stdin=subprocess.PIPE)
        shell.say("SELECT name FROM sqlite_schema;\n" + tell % "ready")
        fifo.wait("ready\n")
        self.attach("-p", str(shell.pid), "-f", STEP)
        shell.say(script.text() + tell % "done")
        fifo.wait("done\n")
        region = self.detach().region("sqlite3_step")
        self.assertEqual((region["count"], region["open"], region["unwound"]),
                         (script.steps + script.nested, 0, 0))
        shell.finish()

    def test_recursion(self):
        nested = []
        for times in (2, 3, 4):
            script = vacuums(times)
            region = self.traced(script)
            counts = self.snap.by_nesting("sqlite3_step")
            self.assertEqual(sorted(counts), [0, 1, 2])
            self.assertEqual(counts[0], SCHEMA + script.steps)
            self.assertEqual(sum(counts.values()), region["count"])
            nested.append(region["count"] - counts[0] - script.nested)
            self.check_total_once(region)
        # The same schema every time, so each VACUUM after the first costs the same.
        self.assertGreater(nested[0], 0)
        self.assertEqual(nested[2] - nested[1], nested[1] - nested[0])

    def check_total_once(self, region):
        """Every ns of the outermost calls is the self time of one frame: counted once."""
        nodes = [n for n in self.snap.nodes if n["name"] == "sqlite3_step"]
        self.assertEqual(sum(n["self_ns"] for n in nodes), region["total_ns"])
        self.assertLess(region["total_ns"], sum(n["total_ns"] for n in nodes))
        self.assertLess(region["total_ns"], self.snap.data["duration_ns"])
