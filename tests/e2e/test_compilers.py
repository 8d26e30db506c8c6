# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Compilers, whose libraries are the largest that there are: hundreds of functions chosen by a pattern.

What a function's returns count, its RET sites must count too, whatever the shape of its code: cold
parts, calls at its end, jumps out of it. Where they cannot, its row is marked. Compilers do the same
work each time where addresses are the same each time. What they make stays the same to the byte.
"""

import json
import os
import subprocess

import harness
from harness import Case

C = """struct s { int a; long b; };
static int g(struct s *p, int n) { int t = 0; for (int i = 0; i < n; i++) t += p[i].a * (int)p[i].b; return t; }
int f(struct s *p, int n) { if (n > 3 && p->a) return g(p, n) + g(p + 1, n - 1);
    switch (n) { case 1: return p->a; case 2: return (int)p->b; default: return 0; } }
"""
RUST = """use std::collections::HashMap;
pub fn f(n: usize) -> usize {
    let mut m = HashMap::new();
    for i in 0..n { *m.entry(i % 7).or_insert(0) += i; }
    m.values().sum()
}
"""
CHOSEN = 200  # at least, of a library
SAME_ADDRESSES = ("setarch", "-R")


class Compilers(Case):
    needs = ("setarch",)

    def counts(self, command, pattern, method):
        """Calls by function of one run, and how many were chosen."""
        snapshot = self.path(f"{method}.json")
        run = subprocess.run([*SAME_ADDRESSES, harness.rptrace_path, "--exit", method, "-f", pattern, "--format",
                              "json", "-o", snapshot, "--", *command], check=True, capture_output=True,
                             text=True, cwd=self.dir, timeout=harness.DEADLINE)
        with open(snapshot, encoding="utf-8") as file:
            data = json.load(file)
        self.assertFalse({reason: n for reason, n in data["lost"].items() if n}, run.stderr)
        return {row["name"]: row for row in data["regions"]}

    def compiled(self):
        with open(os.path.join(self.dir, "out.o"), "rb") as file:
            return file.read()

    def check(self, command, pattern):
        subprocess.run([*SAME_ADDRESSES, *command], check=True, cwd=self.dir)
        untraced = self.compiled()
        listed = subprocess.run([harness.rptrace_path, "list", "--json", "-f", pattern, "--", *command],
                                check=True, capture_output=True, text=True, cwd=self.dir).stdout
        self.assertGreaterEqual(len(json.loads(listed)["regions"]), CHOSEN)
        by_method = {}
        for method in ("return", "ret-sites"):
            by_method[method] = self.counts(command, pattern, method)
            self.assertEqual(self.compiled(), untraced, method)
        self.assertGreater(len([row for row in by_method["return"].values() if row["count"]]), CHOSEN / 10)
        for name, row in by_method["return"].items():
            at_sites = by_method["ret-sites"].get(name)
            if at_sites is None:  # refused, as it does not return
                self.assertEqual(row["count"], 0, name)
            elif not at_sites["ends_at_jump"]:
                self.assertEqual((row["count"], row["unwound"], row["open"]),
                                 (at_sites["count"], at_sites["unwound"], at_sites["open"]), name)


class Clang(Compilers):
    needs = ("setarch", "clang-19")

    def command(self):
        self.path("in.c", C)
        return "clang-19", "-O2", "-c", "in.c", "-o", "out.o"

    def test_code_generator(self):
        self.check(self.command(), "libLLVM*:llvm::*Pass::run*")

    def test_parser(self):
        self.check(self.command(), "libclang-cpp*:clang::Parser::*")


class Rustc(Compilers):
    needs = ("setarch", "/usr/bin/rustc")

    def test_compiler(self):
        self.path("in.rs", RUST)
        self.check(("/usr/bin/rustc", "--crate-type", "lib", "--emit", "obj", "-C", "codegen-units=1",
                    "-o", "out.o", "in.rs"), "librustc_driver*:rustc_*")
