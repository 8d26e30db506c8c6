# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Exports as others read them: the slices, or the sums, that they hold."""

import collections
import csv
import functools
import io
import itertools
import json
import os
import re
import shutil
import subprocess

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(os.path.dirname(harness.rptrace_path), "npm", "node_modules")

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
        if event["ph"] == "X":
            yield Slice(event["name"], (event["pid"], event["tid"]), ns(event["ts"]), ns(event["dur"]),
                        event.get("cat", ""), "")
        elif event["ph"] == "b":
            spans[event["id"]] = event
        elif event["ph"] == "e":
            begin = spans.pop(event["id"])
            yield Slice(begin["name"], None, ns(begin["ts"]), ns(event["ts"]) - ns(begin["ts"]),
                        begin["args"].get("left", ""), str(begin["args"]["span"]))
    assert not spans, "spans without an end"


def of_chrome_file(path):
    with open(path, encoding="utf-8") as file:
        return list(of_chrome(file.read()))


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


def packets_of_perfetto(path):
    with open(path, "rb") as file:
        text = subprocess.run(["protoc", f"-I{HERE}", "--decode=perfetto.protos.Trace",
                               f"{HERE}/perfetto.proto"], stdin=file, check=True, capture_output=True,
                              text=True).stdout
    assert not re.search(r"^ +\d+:", text, re.M), "a field that the format does not have"
    packets = [packet for _, packet in parse_text(text)]
    assert all(dict(packet)["trusted_packet_sequence_id"] == "1" for packet in packets)
    return packets


def track_events(packets):
    """(time, event), in the order of time, each on a track that was described before."""
    tracks, events = set(), []
    for packet in packets:
        fields = dict(packet)
        if "track_descriptor" in fields:
            track = dict(fields["track_descriptor"])
            assert track["uuid"] not in tracks, "two tracks of one number"
            assert track.get("parent_uuid") in {None, *tracks}
            tracks.add(track["uuid"])
        if "track_event" in fields:
            events.append((int(fields["timestamp"]), fields["track_event"]))
            assert dict(fields["track_event"])["track_uuid"] in tracks
    return sorted(events, key=lambda event: event[0])


def of_perfetto(packets):
    """Slices as a reader of the format makes them: events sorted by time, ends close what began last."""
    names, notes = {}, {}
    for packet in packets:
        for kind, entry in dict(packet).get("interned_data", []):
            if kind in ("event_names", "debug_annotation_names"):
                (names if kind == "event_names" else notes)[dict(entry)["iid"]] = string(dict(entry)["name"])
    stacks = collections.defaultdict(list)
    for time, event in track_events(packets):
        fields = dict(event)
        stack = stacks[fields["track_uuid"]]
        if fields["type"] == "1":
            args = {notes[dict(a)["name_iid"]]: dict(a) for key, a in event if key == "debug_annotations"}
            stack.append((names[fields["name_iid"]], time, args))
        elif fields["type"] == "2":
            name, start, args = stack.pop()
            yield Slice(name, None, start, time - start,
                        args["left"]["string_value"][1:-1] if "left" in args else "",
                        args["span"]["uint_value"] if "span" in args else "")
    assert not any(stacks.values()), "slices without an end"


def counters_of_perfetto(packets):
    """Of each name what its counters come to over time: a value holds until the next one, the last one is 0."""
    names, values = {}, collections.defaultdict(list)
    for packet in packets:
        track = dict(dict(packet).get("track_descriptor", []))
        if "counter" in track:
            names[track["uuid"]] = string(track["name"])
    for time, event in track_events(packets):
        if dict(event)["type"] == "4":
            values[dict(event)["track_uuid"]].append((time, float(dict(event)["double_counter_value"])))
    sums = collections.Counter()
    for uuid, pairs in values.items():
        assert names[uuid] == "lost instances" or pairs[-1][1] == 0
        sums[names[uuid]] += sum(value * (until - time) for (time, value), (until, _) in zip(pairs, pairs[1:]))
    return sums


def samples_of_perfetto(path):
    """(tid, its stack of (function, file, line) from the outermost in) of each sample; all are told before they are
    used, and once."""
    known = collections.defaultdict(dict)
    for packet in packets_of_perfetto(path):
        fields = dict(packet)
        for kind, entry in fields.get("interned_data", []):
            assert dict(entry)["iid"] not in known[kind], "told twice"
            known[kind][dict(entry)["iid"]] = entry
        if "perf_sample" not in fields:
            continue
        sample, stack = dict(fields["perf_sample"]), []
        for key, iid in known["callstacks"][sample["callstack_iid"]]:
            if key != "frame_ids":
                continue
            frame = dict(known["frames"][iid])
            text = {kind: string(dict(known[kind][frame[field]])["str"]) for kind, field in (
                ("function_names", "function_name_id"), ("source_paths", "source_path_iid")) if field in frame}
            mapping = dict(known["mappings"][frame["mapping_id"]])
            assert mapping["path_string_ids"] in known["mapping_paths"]
            stack.append((text["function_names"], text.get("source_paths", ""), int(frame.get("line_number", 0))))
        yield int(sample["tid"]), tuple(stack)


def without_label(name):
    return re.sub(r"\[[^][]*\]$", "", name)


def raw_pprof(path):
    """(values, locations from the innermost out) of each sample, and what a location is: function, file, line."""
    text = subprocess.run(["go", "tool", "pprof", "-raw", path], check=True, capture_output=True, text=True,
                          timeout=harness.DEADLINE).stdout
    places = {number: (name, file, int(line)) for number, name, file, line in
              re.findall(r"^ +(\d+): 0x0 (?:M=\d+ )?(.*?) ([^ ]*):(\d+)(?::0)? s=0", text, re.M)}
    samples = [([int(value) for value in values.split()], locations.split())
               for values, locations in re.findall(r"^ +(\d+(?: +\d+)+): ([\d ]+)$", text, re.M)]
    return samples, places


def of_pprof(path):
    """Instances and ns of each function's own, as pprof adds them up."""
    samples, places = raw_pprof(path)
    sums = collections.Counter()
    for (count, time, *_), locations in samples:
        if count:
            region = without_label(places[locations[0]][0])
            sums[region, "count"] += count
            sums[region, "ns"] += time
    return sums


def samples_of_pprof(path):
    """Stacks of (function, file, line) from the outermost in."""
    samples, places = raw_pprof(path)
    for (_, _, n, ns_), locations in samples:
        assert bool(n) == bool(ns_)
        yield from n * [tuple(places[number] for number in reversed(locations))]


def top_of_pprof(path):
    """Instances of each function's own, as `pprof -top` lists them."""
    text = subprocess.run(["go", "tool", "pprof", "-top", "-sample_index=count", "-nodecount=100000",
                           "-nodefraction=0", path], check=True, capture_output=True, text=True,
                          timeout=harness.DEADLINE).stdout
    counts = collections.Counter()
    for count, name in re.findall(r"^ +(\d+) +[\d.]+% +[\d.]+% +\d+ +[\d.]+%  (.*)$", text, re.M):
        counts[without_label(name)] += int(count)
    return counts


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


def of_speedscope(path):
    """Each end is that of what began last, at no earlier time: else it is no profile."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    names = [frame["name"] for frame in data["shared"]["frames"]]
    assert len(set(map(str, data["shared"]["frames"]))) == len(names), "one that has two numbers"
    for number, profile in enumerate(data["profiles"]):
        if profile["type"] == "sampled":
            continue
        stack, now = [], 0
        for event in profile["events"]:
            assert event["at"] >= now, "time goes back"
            now = event["at"]
            if event["type"] == "O":
                stack.append((event["frame"], now))
                continue
            frame, start = stack.pop()
            assert frame == event["frame"], "it does not nest"
            yield Slice(names[frame], number, start, now - start, "", "")
        assert not stack and now <= profile["endValue"]


def samples_of_speedscope(path):
    """Stacks of (function, file)."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    frames = [(frame["name"], frame.get("file", "")) for frame in data["shared"]["frames"]]
    for profile in data["profiles"]:
        if profile["type"] == "sampled":
            assert len(profile["weights"]) == len(profile["samples"])
            assert sum(profile["weights"]) == profile["endValue"]
            for stack in profile["samples"]:
                yield tuple(frames[number] for number in stack)


def weights_of_speedscope(path):
    """{name: [total, self]} of all that is in it, and how many frames have them; an own count where it is a region."""
    sums = weights(of_speedscope(path))
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    for stack, weight in zip(samples_of_speedscope(path), itertools.chain.from_iterable(
            profile["weights"] for profile in data["profiles"] if profile["type"] == "sampled"), strict=True):
        for name, _ in set(stack):
            sums[name] = [sums[name][0] + weight, sums[name][1]]
        sums[stack[-1][0]][1] += weight
    return sums, len(data["shared"]["frames"])


def samples_of_chrome(path):
    """Stacks of functions."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    for event in data["traceEvents"]:
        if event["ph"] == "P":
            stack, number = [], event["sf"]
            while number is not None:
                stack.append(data["stackFrames"][number]["name"])
                number = data["stackFrames"][number].get("parent")
            yield tuple(reversed(stack))


def samples_of_sqlite(path):
    """Stacks of (function, file, line)."""
    frames = {row["id"]: row for row in json.loads(sqlite(path, "SELECT * FROM frames", "-json") or "[]")}
    for row in json.loads(sqlite(path, "SELECT * FROM samples", "-json") or "[]"):
        stack, number = [], row["frame"]
        while number:
            frame = frames[number]
            stack.append((frame["function"], frame["file"] or "", frame["line"] or 0))
            number = frame["caller"]
        yield tuple(reversed(stack)) or (("[none]", "", 0),)


def sqlite(path, question, *options):
    """What its own shell answers."""
    return subprocess.run(["sqlite3", "-readonly", *options, path, question], check=True, capture_output=True,
                          text=True, timeout=harness.DEADLINE).stdout


def of_sqlite(path):
    text = sqlite(path, "SELECT region || ifnull('[' || label || ']', '') AS name, start_ns, duration_ns,"
                  " ifnull(left, '') AS left, ifnull(span, '') AS span FROM calls", "-json")
    for row in json.loads(text or "[]"):
        yield Slice(row["name"], None, row["start_ns"], row["duration_ns"], row["left"], str(row["span"]))


def attributes(item):
    return {one["key"]: next(iter(one["value"].values())) for one in item.get("attributes", ())}


def check_parents(spans):
    """A parent is there, of the same trace, and around its child; a link leads somewhere."""
    by_id = {(span["traceId"], span["spanId"]): span for span in spans}
    assert len(by_id) == len({span["spanId"] for span in spans}) == len(spans), "an id that two have"
    for span in spans:
        if "parentSpanId" in span:
            parent = by_id[span["traceId"], span["parentSpanId"]]
            assert int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
            assert int(parent["endTimeUnixNano"]) >= int(span["endTimeUnixNano"])
        for link in span.get("links", ()):
            assert (link["traceId"], link["spanId"]) in by_id


def of_otlp(path, start):
    """Through what OpenTelemetry generates of its proto, where that can be had. start: of the run, ns since 1970."""
    if has_modules():
        text = subprocess.run(["node", f"{HERE}/node/otlp.mjs", MODULES, path], check=True, capture_output=True,
                              text=True, timeout=harness.DEADLINE).stdout
    else:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    spans = [span for resource in json.loads(text)["resourceSpans"] for scope in resource["scopeSpans"]
             for span in scope["spans"]]
    check_parents(spans)
    for span in spans:
        begin, end, notes = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]), attributes(span)
        yield Slice(span["name"], None, begin - start, end - begin, notes.get("rptrace.left", ""),
                    notes.get("rptrace.span", ""))


def of_folded(text):
    """ns of each path's own, by its names from the outermost in."""
    sums = collections.Counter()
    for line in text.splitlines():
        path, _, ns_ = line.rpartition(" ")
        sums[tuple(path.split(";"))] += int(ns_)
    return sums


# ---- what speedscope makes of them ------------------------------------------------------------------------

def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


def has_modules():
    return bool(shutil.which("node")) and os.path.isdir(MODULES)


@functools.cache
def importer():
    """To start it takes longer than to read a dozen files: it stays until all tests have ended."""
    return harness.Process("node", f"{HERE}/node/speedscope.mjs", MODULES, chromium(), stdin=subprocess.PIPE)


def speedscope(*paths):
    """What its importer has read of each, in a browser."""
    process = importer()
    before = len(process.lines["stdout"])
    try:
        process.say("".join(f"{path}\n" for path in paths))
        lines = process.wait_lines("", before + len(paths), "stdout")
    except BaseException:
        importer.cache_clear()
        raise
    return [json.loads(line) for line in lines[before:]]


def weights(slices):
    """{name: [total, self, count]} of slices that nest on their tracks: a total is that of the outermost ones."""
    sums, tracks = collections.defaultdict(lambda: [0, 0, 0]), collections.defaultdict(list)
    for one in slices:
        tracks[one.track].append(one)
    for track in tracks.values():
        stack = []
        for one in sorted(track, key=lambda s: (s.start, -s.ns)):
            while stack and stack[-1].start + stack[-1].ns <= one.start and one.start + one.ns > one.start:
                stack.pop()
            if stack:
                sums[stack[-1].name][1] -= one.ns
            if all(outer.name != one.name for outer in stack):
                sums[one.name][0] += one.ns
            sums[one.name][1] += one.ns
            sums[one.name][2] += 1
            stack.append(one)
    return sums


def without_escapes(paths):
    """With the names that paths have in other forms than folded."""
    return {tuple(name.replace(r"\x3b", ";") for name in path): ns_ for path, ns_ in paths.items()}


def weights_of_paths(paths):
    """The same of the time that each path has of its own; no counts."""
    sums = collections.defaultdict(lambda: [0, 0])
    for path, ns_ in paths.items():
        for name in set(path):
            sums[name][0] += ns_
        sums[path[-1]][1] += ns_
    return sums
