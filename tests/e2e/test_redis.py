# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Functions of a Redis server, against what it says of its commands (INFO commandstats)."""

import re
import socket

from harness import DEADLINE
from servers import RedisCase

REQUESTS, LUA_SETS = 20000, 50
LUA = f"for i = 1, {LUA_SETS} do redis.call('SET', 'lua' .. i, i) end return 1"


class Client:
    """One connection: commands as arrays of words, replies as Python values."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def ask(self, *words):
        request = [f"*{len(words)}"]
        for word in words:
            request += [f"${len(word.encode())}", word]
        self.socket.sendall("\r\n".join([*request, ""]).encode())
        line = self.file.readline().decode().rstrip("\r\n")
        if line[:1] == "$":
            size = int(line[1:])
            return self.file.read(size + 2)[:size].decode()
        if line[:1] not in ("+", ":"):
            raise AssertionError(f"{words}: {line}")
        return line[1:]

    def stats(self):
        """{command: (calls, usec)} before this very question."""
        found = re.findall(r"cmdstat_(\S+):calls=(\d+),usec=(\d+)",
                           self.ask("INFO", "commandstats"))
        return {name: (int(calls), int(usec)) for name, calls, usec in found}


class Redis(RedisCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = Client(cls.port)
        cls.addClassCleanup(cls.client.close)

    def traced(self, *drive, functions=("call", "setCommand", "debugCommand")):
        """What rptrace and the server say of the same commands, as {command: (calls, usec)}."""
        before = self.client.stats()
        selection = [word for name in functions for word in ("-f", name)]
        self.attach("-p", str(self.server.pid), *selection)
        for action in drive:
            action()
        after = self.client.stats()
        self.snap = self.detach()
        for region in self.snap.regions.values():
            self.assertEqual((region["open"], region["unwound"]), (0, 0), region["name"])
        own = {}
        for name, (calls, usec) in after.items():
            first = before.get(name, (0, 0))
            own[name] = (calls - first[0], usec - first[1])
        # The first INFO is in `after` alone and was not traced, the last one the other way round.
        return own

    def benchmark(self):
        self.spawn("redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-n", REQUESTS,
                   "-t", "set,get", "-c", "10", "-q").finish()

    def test_counts_and_recursion(self):
        own = self.traced(self.benchmark, lambda: self.client.ask("EVAL", LUA, "0"))
        self.assertEqual(own["set"][0], REQUESTS + LUA_SETS)
        self.assertEqual(self.snap.region("setCommand")["count"], own["set"][0])
        self.assertEqual(self.snap.region("setCommand")["kind"], "function")

        call = self.snap.region("call")
        commands = sum(calls for calls, _ in own.values())
        self.assertEqual(call["count"], commands)
        self.assertEqual(self.snap.by_nesting("call"), {0: commands - LUA_SETS, 1: LUA_SETS})
        self.check_set_below_call()

    def check_set_below_call(self):
        """Every SET runs below call(): once, or twice from Lua."""
        counts = {}
        for node in self.snap.nodes:
            if node["name"] == "setCommand":
                counts[tuple(self.snap.ancestors(node))] = node["count"]
        self.assertEqual(counts, {("call",): REQUESTS, ("call", "call"): LUA_SETS})

    def test_time(self):
        own = self.traced(*[lambda: self.client.ask("DEBUG", "SLEEP", "0.05")] * 5)
        calls, usec = own["debug"]
        debug = self.snap.region("debugCommand")
        self.assertEqual(debug["count"], calls)
        self.assertNear(debug["total_ns"], usec * 1000, 0.01, "total of DEBUG SLEEP",
                        debug["wait_ns"])
        self.assertGreaterEqual(debug["min_ns"], 50e6)
        # Total is known to be right: what it overslept is in both.
        self.assertNear(debug["blocked_ns"], 5 * 50e6, 0.05, "blocked in DEBUG SLEEP", usec * 1000 - 5 * 50e6)
        self.assertLessEqual(debug["total_ns"], self.snap.region("call")["total_ns"])

    def test_by_file_name(self):
        """The server's name is a link to a program of another name: the file counts."""
        own = self.traced(lambda: self.client.ask("SET", "key", "value"),
                          functions=("redis-check-rdb:setCommand",))
        self.assertEqual(own["set"][0], 1)
        self.assertEqual(self.snap.region("setCommand")["count"], 1)
        self.assertEqual(list(self.snap.regions), ["setCommand"])
