# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""--auto on programs of which nothing is known: it chooses sensible functions, keeps to its budget, and harms
nobody. While their work goes on, a time must come when what is traced takes no more than that."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import harness
from harness import Case
from servers import PostgresCase, RedisCase

BUDGET = 0.05  # --max-overhead of --auto, where it is not given

# Each answers a line with a number by that number and a check of what it computed for it.
LOOP = """
volatile unsigned long work;
__attribute__((noinline)) void now_and_then(void) { work++; }
int main(void)
{
	for (;;) {
		for (int i = 0; i < 20000000; i++)
			work += i;
		now_and_then();
	}
}
"""

GO = """
package main

import (
	"bufio"
	"fmt"
	"net"
	"sort"
	"strings"
)

//go:noinline
func words(n int) []string {
	list := []string{}
	for i := 0; i < 2000; i++ {
		list = append(list, fmt.Sprintf("%d", (i*n)%997))
	}
	return list
}

//go:noinline
func digest(list []string) int {
	sort.Strings(list)
	return len(strings.Join(list, " "))
}

//go:noinline
func answer(n int) int { return digest(words(n)) }

func serve(connection net.Conn) {
	in := bufio.NewReader(connection)
	for {
		var n int
		if _, err := fmt.Fscanln(in, &n); err != nil {
			return
		}
		fmt.Fprintln(connection, n, answer(n))
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err == nil {
			go serve(connection)
		}
	}
}
"""
RUST = """
use std::io::BufRead;

#[inline(never)]
fn words(n: usize) -> Vec<String> { (0..2000).map(|i| format!("{}", (i * n) % 997)).collect() }

#[inline(never)]
fn digest(mut list: Vec<String>) -> usize { list.sort(); list.join(" ").len() }

#[inline(never)]
fn answer(n: usize) -> usize { digest(words(n)) }

fn main() {
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let n = line.unwrap().parse().unwrap();
        println!("{} {}", n, answer(n));
    }
}
"""


def answer(n):
    return f"{n} {len(' '.join(str((i * n) % 997) for i in range(2000)))}"


class Chosen:
    def work_until(self, tracer, work, comes, what):
        """work: some of what the program is for, which asserts that it does it. -> what came"""
        until = time.monotonic() + harness.DEADLINE
        while not comes():
            self.assertLess(time.monotonic(), until, tracer.explain(f"not {what}"))
            work()
        return comes()

    def check_auto(self, pid, work, sensible):
        tracer = self.spawn(harness.rptrace_path, "--auto", "-p", pid, "--json", "-i", "500ms", stop=signal.SIGINT)
        tracer.wait_lines("^rptrace: tracing")
        # Probes that the program carries are traced before that.
        chosen = self.work_until(tracer, work, lambda: re.search("chosen by samples: ([^;]*)", tracer.err()),
                                 "chosen").group(1).split(", ")
        before = len(tracer.lines["stdout"])
        self.work_until(tracer, work, lambda: self.is_within_budget(tracer.lines["stdout"][before:]),
                        "within its budget")
        tracer.popen.send_signal(signal.SIGINT)
        tracer.finish()
        last = json.loads(tracer.out().splitlines()[-1])
        # Backends that start while functions are being probed.
        self.assertEqual({reason for reason, n in last["lost"].items() if n} - {"late", "late_ns"}, set())
        self.assertTrue(any(re.search(sensible, name) for name in chosen), chosen)
        self.assertNotIn("main", chosen)
        work()  # it still does, untraced

    def is_within_budget(self, lines):
        """Once regions that were chosen have been counted, which where all cost too much is before they go."""
        snapshots = [json.loads(line) for line in lines if line]
        return any(row["count"] for now in snapshots for row in now["regions"]) and \
            snapshots[-1]["overhead"]["cpu_share"] <= BUDGET


class Postgres(Chosen, PostgresCase):
    def work(self):
        run = self.client("pgbench", "-n", "-c", "2", "-t", "100", "postgres").finish()
        self.assertIn("actually processed: 200/200", run.out())

    def test_auto(self):
        self.client("pgbench", "-i", "-q", "postgres").finish()
        self.check_auto(self.server.pid, self.work, "^(exec_|Exec|pg_|Portal|standard_|finish_xact|Commit)")


class Redis(Chosen, RedisCase):
    def work(self):
        self.spawn("redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-n", "10000", "-t", "set,lrange_100",
                   "-c", "10", "-q").finish()

    def test_auto(self):
        self.check_auto(self.server.pid, self.work, "^(call|process|beforeSleep|read|.*Command)")


class Programs(Chosen, Case):
    def compiled(self, name, source, *command, env=None):
        program = self.path("program")
        subprocess.run([*command, "-o", program, self.path(name, source)], check=True, cwd=self.dir,
                       env={**os.environ, **(env or {})})
        return program

    def test_idle(self):
        target = self.spawn("sleep", "1000")
        tracer = self.spawn(harness.rptrace_path, "--auto", "-p", target.pid, stop=signal.SIGINT)
        tracer.wait_lines("^rptrace: --auto waits for 100 samples, and has 0: the target is idle")
        tracer.popen.send_signal(signal.SIGINT)
        tracer.finish()

    def test_one_loop(self):
        """Samples show the loop alone, not what it calls now and then."""
        target = self.spawn(self.compiled("loop.c", LOOP, "cc", "-O1"), stop=signal.SIGTERM)
        tracer = self.spawn(harness.rptrace_path, "--auto", "-p", target.pid, "-i", "500ms", stop=signal.SIGINT)
        tracer.wait_lines("^rptrace: tracing all [0-9]+ functions of the executable instead")
        tracer.wait_lines(r"^now_and_then +[1-9]", stream="stdout")
        tracer.popen.send_signal(signal.SIGINT)
        tracer.finish()

    def test_no_names(self):
        """What is left of the functions is not what the time is in."""
        target = self.spawn(self.compiled("loop.c", LOOP, "cc", "-O1", "-s"), stop=signal.SIGTERM)
        tracer = self.spawn(harness.rptrace_path, "--auto", "-p", target.pid, stop=signal.SIGINT)
        tracer.wait_lines(r"^rptrace: --auto: most of the time is in functions without names"
                          r": they are in its debug file, /usr/lib/debug/\S+\.debug ")
        tracer.popen.send_signal(signal.SIGINT)
        tracer.finish()

    def test_short(self):
        tracer = self.spawn(harness.rptrace_path, "--auto", "--", "true")
        tracer.wait_lines("^rptrace: --auto has chosen nothing: the run was over before")
        tracer.finish()

    def test_sqlite(self):
        if not os.access("/usr/bin/sqlite3", os.X_OK):
            self.skipTest("sqlite3 is not installed")
        shell = self.spawn("/usr/bin/sqlite3", ":memory:", stdin=-1)
        asked = []

        def work():
            asked.append(len(asked))
            shell.say("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5000) "
                      f"SELECT 'sum {len(asked)}', sum(length(hex(n))) FROM t;\n" * 10)
            shell.wait_lines(rf"^sum {len(asked)}\|", 10, "stdout")
        self.check_auto(shell.pid, work, "^sqlite3")
        shell.finish()

    def test_rust(self):
        if subprocess.run(["sh", "-c", "rustc --version"], capture_output=True, check=False).returncode:
            self.skipTest("rustc is not installed")
        program = self.spawn(self.compiled("answers.rs", RUST, "rustc", "-g", "-O"), stdin=-1)
        program.wait_lines("^ready", stream="stdout")
        asked = []

        def work():
            numbers = range(len(asked), len(asked) + 100)
            asked.extend(numbers)
            program.say("".join(f"{n}\n" for n in numbers))
            self.assertEqual(program.wait_lines(r"^\d", len(asked), "stdout")[-1], answer(numbers[-1]))
        self.check_auto(program.pid, work, "answer|words|digest")
        program.finish()

    def test_go(self):
        if subprocess.run(["sh", "-c", "go version"], capture_output=True, check=False).returncode:
            self.skipTest("go is not installed")
        server = self.spawn(self.compiled("answers.go", GO, "go", "build", env={
            "GOCACHE": os.path.join(os.path.dirname(harness.rptrace_path), "go-cache"), "GO111MODULE": "off", "CGO_ENABLED": "0"}))
        port = int(server.wait_lines("^port", stream="stdout")[0].split()[1])
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rw") as file:
            def work():
                for n in range(100):
                    print(n, file=file, flush=True)
                    self.assertEqual(file.readline(), answer(n) + "\n")
            self.check_auto(server.pid, work, "answer|words|digest|Sprintf")
