# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Two loops of one function, 7 : 3 by their rounds: samples tell their lines apart in any language."""

import json
import subprocess

import harness
from harness import Case

# In C, and in C++ as well. A call takes longer or shorter than the one before it: a program in step
# with the clock of samples would have all of them at the same few places.
C = """
#include <pthread.h>
#include <stdio.h>
#include <time.h>

static volatile unsigned long sink;
static double spent[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

HOW void loops(unsigned long n, double took[3])
{
    took[0] = now();
    for (unsigned long i = 0; i < 7 * n; i++) sink = i;  // seven
    took[1] = now();
    for (unsigned long i = 0; i < 3 * n; i++) sink = i;  // three
    took[2] = now();
}

__attribute__((noinline)) static void dive(int depth, unsigned long n, double took[3])
{
    if (depth)
        dive(depth - 1, n, took);
    else
        loops(n, took);
    sink = n;
}

static void *work(void *)
{
    unsigned state = 1;
    double took[3], mine[2] = {0, 0};
    do {
        state = state * 1664525u + 1013904223u;
        dive(DEPTH, 10000 + (state >> 8) % 20000, took);
        mine[0] += took[1] - took[0];
        mine[1] += took[2] - took[1];
    } while (took[2] < SECONDS);
    pthread_mutex_lock(&mutex);
    spent[0] += mine[0];
    spent[1] += mine[1];
    pthread_mutex_unlock(&mutex);
    return 0;
}

int main()
{
    pthread_t id[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&id[i], 0, work, 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(id[i], 0);
    printf("[%f, %f]\\n", spent[0], spent[1]);
}
"""
RUST = """
use std::hint::black_box;

#[repr(C)]
struct Timespec { seconds: i64, ns: i64 }
extern "C" { fn clock_gettime(clock: i32, t: *mut Timespec) -> i32; }
const CLOCK_THREAD_CPUTIME_ID: i32 = 3;

fn now() -> f64 {
    let mut t = Timespec { seconds: 0, ns: 0 };
    unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut t); }
    t.seconds as f64 + t.ns as f64 / 1e9
}

#[inline(never)]
fn loops(n: u64, spent: &mut [f64; 2]) -> f64 {
    let a = now();
    let mut i = 0; while i < 7 * n { i = black_box(i + 1); }  // seven
    let b = now();
    let mut i = 0; while i < 3 * n { i = black_box(i + 1); }  // three
    let c = now();
    spent[0] += b - a;
    spent[1] += c - b;
    c
}

fn main() {
    let (mut state, mut spent) = (1u32, [0.0; 2]);
    loop {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        if loops(10000 + (state as u64 >> 8) % 20000, &mut spent) > 1.2 { break; }
    }
    println!("[{}, {}]", spent[0], spent[1]);
}
"""


class Lines(Case):
    def check_lines(self, name, source, *compiler):
        """The name of the function that has both lines, as rptrace shows it."""
        path, program = self.path(name, source), self.path("program")
        subprocess.run([*compiler, "-o", program, path], check=True, cwd=self.dir)
        snapshot, proc = self.run_traced("--sample", "-x", "*", "--", program)
        numbers = {line.rpartition("// ")[2]: number
                   for number, line in enumerate(source.split("\n"), 1) if "// " in line}
        lines = [line for line in snapshot.data["lines"] if line["file"] and line["file"].endswith(name)]
        seven, three = (sum(line["self"] for line in lines if line["line"] == numbers[word])
                        for word in ("seven", "three"))
        spent = json.loads(proc.out())
        self.assertShare(seven, seven + three, spent[0] / sum(spent), sum(spent))
        functions = {line["function"] for line in lines if line["line"] in numbers.values()}
        self.assertEqual(len(functions), 1, functions)
        return functions.pop()


class Compiled(Lines):
    needs = ("gcc", "g++")

    def check_c(self, name, compiler, *options, threads=1, seconds=1.2, depth=0,
                how="__attribute__((noinline)) static"):
        return self.check_lines(name, C, compiler, "-g", "-pthread", f"-DTHREADS={threads}",
                                f"-DSECONDS={seconds}", f"-DDEPTH={depth}", f"-DHOW={how}", *options)

    def test_c(self):
        self.assertEqual(self.check_c("loops.c", "gcc", "-std=c2x", "-O1"), "loops")

    def test_recursing(self):
        self.assertEqual(self.check_c("loops.c", "gcc", "-std=c2x", "-O1", depth=40), "loops")

    def test_threads(self):
        self.assertEqual(self.check_c("loops.c", "gcc", "-std=c2x", "-O1", threads=4, seconds=0.4), "loops")

    def test_inlined(self):
        self.assertEqual(self.check_c("loops.c", "gcc", "-std=c2x", "-O2",
                                      how="__attribute__((always_inline)) static inline"), "loops")

    def test_cxx(self):
        self.assertEqual(self.check_c("loops.cc", "g++", "-O2", how="__attribute__((noinline))"), "loops")


class Rust(Lines):
    needs = ("rustc",)

    def test_rust(self):
        self.assertIn("loops", self.check_lines("loops.rs", RUST, "rustc", "-g", "-O"))


class Rate(Case):
    needs = ("strace",)

    def test_what_ran_before_all_was_attached_is_not_counted(self):
        target = self.spawn("sh", "-c", "while :; do :; done")
        self.json = self.path("snapshot.json")
        # Its clock is opened once the process is known, before anything is measured.
        self.spawn("strace", "-o", "/dev/null", "-e", "trace=perf_event_open",
                   "-e", "inject=perf_event_open:delay_enter=8s", harness.rptrace_path, "--sample", "-x", "*",
                   "-d", "0.2", "-p", target.pid, "--format", "json", "-o", self.json).finish()
        data = self.snapshot().data
        used = data["samples"]["taken"] / data["samples"]["hz_achieved"]
        # Of its one thread, and far less than the eight seconds before.
        self.assertLess(used, data["duration_ns"] / 1e9 + 4)
