# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Exports of records through readers of others: the same instances, of the same times, in all of them."""

import collections
import csv
import io
import json
import os
import re
import shutil
import subprocess
import unittest

import harness
from harness import Case

TARGETS = os.environ.get("RPT_TARGETS", os.path.join(os.path.dirname(harness.rptrace_path), "targets"))
RUNS = {
    "markers and unwound": ("marks_c 2 200", ""),
    "recursion": ("threads deep 300 3", "-f nest"),
    "spans": ("spans pool 500", ""),
    "exceptions": ("unwind throw 200", "-f first -f second -f third"),
    "reused threads": ("threads short 100 20", "-f outer -f middle -f inner"),
}

Slice = collections.namedtuple("Slice", "name track start ns left span")


def of_csv(text):
    for row in csv.DictReader(io.StringIO(text)):
        name = row["region"] + (f"[{row['label']}]" if row["label"] else "")
        yield Slice(name, None, int(row["start_ns"]), int(row["duration_ns"]),
                    row["left"].replace("exit", ""), row["span"])


def ns(micro):
    return round(micro * 1000)


def of_chrome(text):
    spans = {}
    for event in json.loads(text)["traceEvents"]:
        args = event.get("args", {})
        if event["ph"] == "X":
            yield Slice(event["name"], (event["pid"], event["tid"]), ns(event["ts"]), ns(event["dur"]),
                        args.get("left", ""), "")
        elif event["ph"] == "b":
            spans[event["id"]] = event
        elif event["ph"] == "e":
            begin = spans.pop(event["id"])
            yield Slice(begin["name"], None, ns(begin["ts"]), ns(event["ts"]) - ns(begin["ts"]),
                        begin["args"].get("left", ""), str(begin["args"]["span"]))
    assert not spans, "spans without an end"


def parse_text(text):
    """What protoc prints, as lists of (key, value) with messages as lists in turn."""
    stack = [[]]
    for line in text.splitlines():
        words = line.split(None, 1)
        if words[-1] == "{":
            message = []
            stack[-1].append((words[0], message))
            stack.append(message)
        elif words == ["}"]:
            stack.pop()
        else:
            stack[-1].append((words[0].rstrip(":"), words[1]))
    return stack[0]


def string(text):
    return text[1:-1].encode().decode("unicode_escape").encode("latin-1").decode()


def of_perfetto(path):
    """Slices as a reader of the format makes them: events sorted by time, ends close what began last."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(path, "rb") as file:
        text = subprocess.run(["protoc", f"-I{here}", "--decode=perfetto.protos.Trace",
                               f"{here}/perfetto.proto"], stdin=file, check=True, capture_output=True,
                              text=True).stdout
    assert not re.search(r"^ +\d+:", text, re.M), "a field that the format does not have"
    names, notes, tracks, events = {}, {}, set(), []
    for _, packet in parse_text(text):
        fields = dict(packet)
        assert fields["trusted_packet_sequence_id"] == "1"
        for kind, entry in fields.get("interned_data", []):
            (names if kind == "event_names" else notes)[dict(entry)["iid"]] = string(dict(entry)["name"])
        if "track_descriptor" in fields:
            tracks.add(dict(fields["track_descriptor"])["uuid"])
        if "track_event" in fields:
            events.append((int(fields["timestamp"]), fields["track_event"]))
            assert dict(fields["track_event"])["track_uuid"] in tracks
    events.sort(key=lambda event: event[0])
    stacks = collections.defaultdict(list)
    for time, event in events:
        fields = dict(event)
        stack = stacks[fields["track_uuid"]]
        if fields["type"] == "1":
            args = {notes[dict(a)["name_iid"]]: dict(a) for key, a in event if key == "debug_annotations"}
            stack.append((names[fields["name_iid"]], time, args))
        else:
            name, start, args = stack.pop()
            yield Slice(name, None, start, time - start,
                        args["left"]["string_value"][1:-1] if "left" in args else "",
                        args["span"]["uint_value"] if "span" in args else "")
    assert not any(stacks.values()), "slices without an end"


def of_pprof(path):
    """Instances and ns of each function's own, as pprof adds them up."""
    text = subprocess.run(["go", "tool", "pprof", "-raw", path], check=True, capture_output=True, text=True,
                          timeout=harness.DEADLINE).stdout
    names = dict(re.findall(r"^ +(\d+): 0x0 (?:M=\d+ )?(.*?) :0(?::0)? s=0", text, re.M))
    sums = collections.Counter()
    for count, time, innermost in re.findall(r"^ +(\d+) +(\d+): (\d+)", text, re.M):
        region = names[innermost].split("[")[0]  # without its label
        sums[region, "count"] += int(count)
        sums[region, "ns"] += int(time)
    return sums


def crossings(slices):
    """How many of one track end after what they began in."""
    tracks = collections.defaultdict(list)
    for one in slices:
        if one.track:
            tracks[one.track].append((one.start, -one.ns))
    count = 0
    for track in tracks.values():
        open_ends = []
        for start, less in sorted(track):
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            count += bool(open_ends) and start - less > open_ends[-1]
            open_ends.append(start - less)
    return count


def without_tracks(slices):
    return collections.Counter(one._replace(track=None) for one in slices)


class Exports(Case):
    @classmethod
    def setUpClass(cls):
        cls.require()

    def record(self, target, options):
        path = self.path("run.rpt")
        words = [harness.rptrace_path, "record", "-o", path, *options.split(), "--",
                 os.path.join(TARGETS, target.split()[0]), *target.split()[1:]]
        subprocess.run(words, check=True, capture_output=True, timeout=harness.DEADLINE)
        return path

    def report(self, record, *words):
        return subprocess.run([harness.rptrace_path, "report", *words, record], check=True,
                              capture_output=True, text=True, timeout=harness.DEADLINE).stdout

    def check(self, record):
        rows = list(of_csv(self.report(record, "--format", "instances-csv")))
        chrome = list(of_chrome(self.report(record, "--format", "chrome")))
        tree = json.loads(self.report(record, "--json"))["tree"]
        self.assertEqual(len(rows), sum(row["count"] + row["unwound"] + row["open"] for row in tree))
        self.assertEqual(sum(one.ns for one in rows if not one.left), sum(row["total_ns"] for row in tree))
        self.assertEqual(without_tracks(rows), without_tracks(chrome))
        self.assertEqual(crossings(chrome), 0)
        if shutil.which("go"):
            path = self.path("run.pb")
            self.report(record, "--format", "pprof", "-o", path)
            self.check_pprof(of_pprof(path), [row for row in tree if row["kind"] != "span" and row["count"]])
        if shutil.which("protoc"):
            path = self.path("run.pftrace")
            self.report(record, "--format", "perfetto", "-o", path)
            self.assertEqual(without_tracks(rows), without_tracks(of_perfetto(path)))

    def check_pprof(self, sums, tree):
        self.assertEqual({name for name, _ in sums}, {row["name"] for row in tree})
        for name in {row["name"] for row in tree}:
            self.assertEqual(sums[name, "count"], sum(row["count"] for row in tree if row["name"] == name))
            self.assertEqual(sums[name, "ns"], sum(row["self_ns"] for row in tree if row["name"] == name))

    def test_all_hold_the_same_instances(self):
        for what, (target, options) in RUNS.items():
            with self.subTest(what):
                self.check(self.record(target, options))


if __name__ == "__main__":
    unittest.main()
