# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Exports of records through readers of others: the same instances, of the same times, in all of them."""

import collections
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import exports
import harness
from harness import Case
from servers import PostgresCase

TARGETS = os.environ.get("RPT_TARGETS", os.path.join(os.path.dirname(harness.rptrace_path), "targets"))


def skip_loudly(what):
    print(f"SKIP a part of it: {what}", flush=True)


class Exported:
    """A record, and all of its exports: the same instances in each."""

    def report(self, record, *words):
        return subprocess.run([harness.rptrace_path, "report", *words, record], check=True,
                              capture_output=True, text=True, timeout=harness.DEADLINE).stdout

    def export(self, record, form, suffix):
        path = self.path("run." + suffix)
        self.report(record, "--format", form, "-o", path)
        return path

    def check(self, record):
        rows = list(exports.of_csv(self.report(record, "--format", "instances-csv")))
        tree = json.loads(self.report(record, "--json"))["tree"]
        self.assertEqual(len(rows), sum(row["count"] + row["unwound"] + row["open"] for row in tree))
        self.assertEqual(sum(one.ns for one in rows if not one.left), sum(row["total_ns"] for row in tree))
        self.check_timelines(record, rows)
        self.check_databases(record, rows)
        self.check_paths(record, [row for row in tree if row["kind"] != "span" and row["count"]])
        self.check_speedscope()

    def assertSame(self, rows, slices):
        self.assertEqual(exports.without_tracks(rows), exports.without_tracks(slices))

    def check_timelines(self, record, rows):
        chrome, speedscope = self.export(record, "chrome", "trace.json"), self.export(record, "speedscope",
                                                                                      "speedscope.json")
        slices = list(exports.of_chrome_file(chrome))
        self.assertSame(rows, slices)
        self.assertEqual(exports.crossings(slices), 0)
        profiles = list(exports.of_speedscope(speedscope))
        self.assertSame([one._replace(left="", span="") for one in rows], profiles)
        if shutil.which("protoc"):
            packets = exports.packets_of_perfetto(self.export(record, "perfetto", "pftrace"))
            self.assertSame(rows, exports.of_perfetto(packets))
            self.check_counters(record, exports.counters_of_perfetto(packets))
        weights = exports.weights([one for one in slices if one.track])
        self.read = [(chrome, weights, len(weights), 1000), (speedscope, *exports.weights_of_speedscope(speedscope), 1)]

    def check_weights(self, read, weights, keys, ns):
        """What speedscope has read, against what it was to read, whose times it has in so many ns. In
        doubles: as many of them may be off by a rounding as there are instances."""
        self.assertEqual(set(read["frames"]), set(weights))
        self.assertEqual(read["keys"], keys)
        for name, expected in weights.items():
            frame = read["frames"][name]
            self.assertAlmostEqual(frame["total"] * ns, expected[0], delta=0.5, msg=name)
            self.assertAlmostEqual(frame["self"] * ns, expected[1], delta=0.5, msg=name)
            self.assertIn(frame["count"], expected[2:] or (frame["count"],), name)

    def check_counters(self, record, counters):
        """They are averages of the run's slices: over all of it they come to what the instances do."""
        expected = collections.Counter()
        for row in csv.DictReader(io.StringIO(self.report(record, "--format", "instances-csv"))):
            expected[row["region"] + ": open"] += int(row["duration_ns"])
            if row["left"] == "exit":
                expected[row["region"] + ": calls/s"] += 1e9
                if row["depth"] == "1" and row["kind"] != "span":
                    expected["CPUs in regions"] += int(row["cpu_ns"])
        self.assertEqual({name for name, n in expected.items() if n}, set(counters))
        for name, sum_ in counters.items():
            self.assertAlmostEqual(sum_, expected[name], delta=1 + 1e-6 * expected[name], msg=name)

    def check_databases(self, record, rows):
        database = self.export(record, "sqlite", "db")
        self.assertSame(rows, exports.of_sqlite(database))
        start = int(exports.sqlite(database, "SELECT started_ns FROM runs"))
        if not exports.has_modules():
            skip_loudly("OTLP against its own proto needs node and its package: tools/install-deps")
        self.assertSame(rows, exports.of_otlp(self.export(record, "otlp", "otlp.json"), start))

    def check_paths(self, record, tree):
        """Of those that were left by their exit, and are on a thread."""
        paths = exports.of_folded(self.report(record, "--format", "folded"))
        own = sum(row["self_ns"] for row in tree)
        self.assertEqual(sum(paths.values()), own)
        with open(self.export(record, "region-flamegraph", "svg"), encoding="utf-8") as file:
            picture = file.read()
        self.assertEqual(int(re.search('data-all="([0-9]+)"', picture)[1]), own)
        profile = self.export(record, "pprof", "pb")
        if shutil.which("go"):
            self.check_pprof(exports.of_pprof(profile), tree)
            counts = collections.Counter()
            for row in tree:
                counts[row["name"]] += row["count"]
            self.assertEqual(exports.top_of_pprof(profile), counts)
        if paths:
            for path, of in ((self.export(record, "folded", "folded.txt"), paths),
                             (profile, exports.without_escapes(paths))):
                weights = exports.weights_of_paths(of)
                self.read.append((path, weights, len(weights), 1))

    def check_speedscope(self):
        if not exports.has_modules() or not exports.chromium():
            return skip_loudly("speedscope's importer needs node, its package and Chromium: tools/install-deps")
        paths = [path for path, *_ in self.read]
        for read, (path, *expected) in zip(exports.speedscope(*paths), self.read, strict=True):
            with self.subTest(os.path.basename(path)):
                self.check_weights(read, *expected)

    def check_pprof(self, sums, tree):
        self.assertEqual({name for name, _ in sums}, {row["name"] for row in tree})
        for name in {row["name"] for row in tree}:
            self.assertEqual(sums[name, "count"], sum(row["count"] for row in tree if row["name"] == name))
            self.assertEqual(sums[name, "ns"], sum(row["self_ns"] for row in tree if row["name"] == name))


class Exports(Exported, Case):
    def record(self, target, options):
        path = self.path("run.rpt")
        words = [harness.rptrace_path, "record", "-o", path, *options.split(), "--",
                 os.path.join(TARGETS, target.split()[0]), *target.split()[1:]]
        subprocess.run(words, check=True, capture_output=True, timeout=harness.DEADLINE)
        return path

    def test_demo(self):
        self.check(self.record("demo 1", ""))

    def test_markers_and_unwound(self):
        self.check(self.record("marks_c 2 200", ""))

    def test_recursion(self):
        self.check(self.record("threads deep 300 3", "-f nest"))

    def test_spans(self):
        self.check(self.record("spans pool 500", ""))

    def test_exceptions(self):
        self.check(self.record("unwind throw 200", "-f first -f second -f third"))

    def test_names_that_mean_something_elsewhere(self):
        self.check(self.record("markup 20", ""))

    def test_reused_threads(self):
        self.check(self.record("threads short 100 20", "-f outer -f middle -f inner"))


    def test_samples(self):
        """Each, with its stack: together they are the profile that the record has."""
        record = self.record("demo 1", "--sample")
        self.check(record)
        self.check_samples(record)

    def test_samples_without_regions(self):
        self.check_samples(self.record("demo 1", "--sample -x *"))

    def check_samples(self, record):
        profile = json.loads(self.report(record, "--json"))
        self.assertTrue(profile["samples"]["taken"])
        stacks = list(exports.samples_of_sqlite(self.export(record, "sqlite", "db")))
        self.assertEqual(len(stacks), profile["samples"]["taken"])
        own = collections.Counter(stack[-1] for stack in stacks)
        all_ = collections.Counter(place for stack in stacks for place in set(stack))
        # Two objects may have one place: what libc.so has of its system calls is in ld.so, too.
        lines = collections.defaultdict(list)
        for line in profile["lines"]:
            lines[line["function"], line["file"], line["line"]].append((line["self"], line["cumulative"]))
        for place, figures in lines.items():
            self.assertEqual((own[place], all_[place]), tuple(map(sum, zip(*figures))), place)
        folded = exports.of_folded(self.report(record, "--format", "sample-folded"))
        self.assertEqual(sum(folded.values()), len(stacks))
        for form, read, known in self.samples(record):
            with self.subTest(form):
                self.assertEqual(collections.Counter(tuple(map(known, stack)) for stack in stacks),
                                 collections.Counter(read))

    def samples(self, record):
        """Each form, the stacks that are read of it, and what they have of a place."""
        yield ("speedscope", exports.samples_of_speedscope(self.export(record, "speedscope", "speedscope.json")),
               lambda place: place[:2])
        yield ("chrome", exports.samples_of_chrome(self.export(record, "chrome", "trace.json")),
               lambda place: place[0])
        if shutil.which("protoc"):
            yield ("perfetto", (stack for _, stack in exports.samples_of_perfetto(
                self.export(record, "perfetto", "pftrace"))), lambda place: place)
        if shutil.which("go"):
            yield ("pprof", exports.samples_of_pprof(self.export(record, "pprof", "pb")), lambda place: place)

    def test_parts(self):
        """Each opens by itself, and together they have what one file has."""
        record = self.record("marks_c 2 20", "")
        rows = list(exports.of_csv(self.report(record, "--format", "instances-csv")))
        for form, suffix, read in (("chrome", "trace.json", exports.of_chrome_file),
                                   ("speedscope", "speedscope.json", exports.of_speedscope),
                                   ("sqlite", "db", exports.of_sqlite)):
            folder = self.path(form)
            os.mkdir(folder)
            self.report(record, "--split=300", "--format", form, "-o", os.path.join(folder, "run." + suffix))
            names = [f"run.{number}.{suffix}" for number in range(1, -(-len(rows) // 300) + 1)]
            self.assertGreater(len(names), 2)
            self.assertEqual(sorted(os.listdir(folder)), names)
            slices = [one for name in names for one in read(os.path.join(folder, name))]
            marked = form != "speedscope"
            self.assertSame(rows if marked else [one._replace(left="", span="") for one in rows], slices)

    def test_questions_to_a_database(self):
        """Those of the documentation have answers."""
        database = self.export(self.record("marks_c 2 20", ""), "sqlite", "db")
        self.assertEqual(exports.sqlite(database, "PRAGMA integrity_check").strip(), "ok")
        with open(os.path.join(exports.HERE, "../../docs/SQLITE.md"), encoding="utf-8") as file:
            questions = re.findall(r"```sql\n(.*?)```", file.read(), re.S)
        self.assertEqual(len(questions), 4)
        for question in questions[:3]:
            answer = exports.sqlite(database, question)
            self.assertIn("holder", answer)
            self.assertGreater(len(answer.splitlines()), 3)
        sampled = self.export(self.record("demo 1", "--sample"), "sqlite", "db")
        self.assertIn("compute|", exports.sqlite(sampled, questions[3]))

    def test_half_a_database_takes_no_place(self):
        """One that cannot be finished leaves the file as it was, and nothing beside it."""
        record = self.record("marks_c 2 200", "")
        folder = os.path.join(self.dir, "full")
        os.mkdir(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80k", "none", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        database = os.path.join(folder, "run.db")
        with open(database, "w", encoding="utf-8") as file:
            file.write("mine")
        failed = subprocess.run([harness.rptrace_path, "report", "--format", "sqlite", "-o", database, record],
                                capture_output=True, text=True, check=False, timeout=harness.DEADLINE)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("No space left", failed.stderr)
        self.assertEqual(os.listdir(folder), ["run.db"])
        with open(database, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")


class Stream(Case):
    """A trace while it is written."""

    @classmethod
    def setUpClass(cls):
        cls.require()

    def events(self, path):
        """As its readers take it: what has no end has one. A write that is under way may be there in part."""
        with open(path, encoding="utf-8") as file:
            text = file.read().rstrip()
        whole = text if text.endswith("}") else text.rpartition(",\n")[0]
        return sum(event["ph"] == "X" for event in json.loads(whole + "]"))

    def wait_for_size(self, path, size, tracer):
        until = time.monotonic() + harness.DEADLINE
        while not os.path.exists(path) or os.path.getsize(path) < size:
            self.assertIsNone(tracer.popen.poll(), tracer.explain("it ended"))
            self.assertLess(time.monotonic(), until, f"{path} does not grow")
            time.sleep(0.01)

    def test_opens_while_it_grows_and_after_a_kill(self):
        path = self.path("run.trace.json")
        tracer = self.spawn(harness.rptrace_path, "-b", "--stream", path, "--", os.path.join(TARGETS, "demo"), "60")
        self.wait_for_size(path, 100000, tracer)
        first = self.events(path)
        self.assertGreater(first, 100)
        self.wait_for_size(path, 2 * os.path.getsize(path), tracer)
        self.assertGreater(self.events(path), first)
        tracer.popen.kill()
        tracer.popen.wait()
        left = self.events(path)
        self.assertGreater(left, first)
        if not exports.has_modules() or not exports.chromium():
            skip_loudly("speedscope's importer needs node, its package and Chromium: tools/install-deps")
            return
        read, = exports.speedscope(path)
        self.assertEqual(sum(frame["count"] for frame in read["frames"].values()), left)

    def test_has_what_the_record_has(self):
        record, path = self.path("run.rpt"), self.path("run.trace.json")
        for command in (("record", "-o", record), ("--record", record)):
            subprocess.run([harness.rptrace_path, *command, "--stream", path, "--",
                            os.path.join(TARGETS, "marks_c"), "2", "100"],
                           check=True, capture_output=True, timeout=harness.DEADLINE)
            rows = subprocess.run([harness.rptrace_path, "report", "--format", "instances-csv", record], check=True,
                                  capture_output=True, text=True).stdout
            with open(path, encoding="utf-8") as file:
                slices = list(exports.of_chrome('{"traceEvents":' + file.read() + "}"))
            self.assertEqual(exports.without_tracks(exports.of_csv(rows)), exports.without_tracks(slices))
            self.assertEqual(exports.crossings(slices), 0)


class ExportsOfPgbench(Exported, PostgresCase):
    def test_pgbench(self):
        self.client("pgbench", "-i", "-q", "postgres").finish()
        record = self.path("run.rpt")
        tracer = self.spawn(harness.rptrace_path, "record", "-o", record, "-p", self.server.pid, stop=signal.SIGINT)
        tracer.wait_lines("^rptrace: ")
        self.client("pgbench", "-n", "-c", "2", "-t", "100", "postgres").finish()
        self.wait_disconnected()
        tracer.popen.send_signal(signal.SIGINT)
        tracer.finish()
        self.check(record)


if __name__ == "__main__":
    unittest.main()
