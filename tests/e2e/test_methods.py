# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Methods of PHP and Ruby by their names: a row each, with the time that the script itself finds.

A method reads the clock first and last of all, and its caller around the call. What rptrace times is
more than the one and less than the other, however busy the machine is.
"""

import json
import os
from unittest import mock

from harness import Case

CALLS = 30

PHP = """<?php
$inside = $around = [];
function fib($n) { return $n < 2 ? $n : fib($n - 1) + fib($n - 2); }
function method_fib() { $t = hrtime(true); fib(10); return hrtime(true) - $t; }
function method_spin() { $t = hrtime(true); for ($i = 0; $i < 100000; $i++); return hrtime(true) - $t; }
function method_nap() { $t = hrtime(true); usleep(3000); return hrtime(true) - $t; }
foreach (['fib', 'spin', 'nap'] as $name) {
    $call = 'method_' . $name;
    $inside = $around = 0;
    for ($i = 0; $i < %d; $i++) {
        $t = hrtime(true);
        $inside += $call();
        $around += hrtime(true) - $t;
    }
    fprintf(STDERR, "own %%s %%d %%d\\n", $call, $inside, $around);
}
""" % CALLS

RUBY = """TracePoint.new(:call, :return) { }.enable
def now() Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) end
def fib(n) n < 2 ? n : fib(n - 1) + fib(n - 2) end
def method_fib() t = now(); fib(10); now() - t end
def method_spin() t = now(); i = 0; while i < 100000 do i += 1 end; now() - t end
def method_nap() t = now(); sleep(0.003); now() - t end
%%i[method_fib method_spin method_nap].each do |name|
  inside = around = 0
  %d.times do
    t = now()
    inside += send(name)
    around += now() - t
  end
  $stderr.puts "own #{name} #{inside} #{around}"
end
""" % CALLS


class Methods(Case):
    def check_methods(self, script, selection, label, *argv):
        run = self._rptrace("-u", selection, "--label", label, "--", *argv,
                            self.path("script", script))
        run.finish()
        with open(self.json, encoding="utf-8") as file:
            rows = {row["group"]: row for row in json.load(file)["regions"]
                    if row["name"] != "cmethod"}
        own = [line.split()[1:] for line in run.err().splitlines() if line.startswith("own ")]
        self.assertEqual(len(own), 3)
        for name, inside, around in own:
            self.assertEqual(rows[name]["count"], CALLS)
            self.assertLessEqual(int(inside), rows[name]["total_ns"], name)
            self.assertLessEqual(rows[name]["total_ns"], int(around), name)
        self.assertEqual(rows["fib"]["count"], CALLS * 177)


class Php(Methods):
    needs = ("php",)

    def test_functions(self):
        with mock.patch.dict(os.environ, USE_ZEND_DTRACE="1"):
            self.check_methods(PHP, "php:function__entry", "arg0:str", "php")

    def test_silence_is_told_while_it_runs_and_once(self):
        target = self.spawn("php", "-r", "while (true) { strlen('a'); }")
        self.attach("-p", target.pid)
        self.tracer.wait_lines("the probes of PHP functions are silent")
        self.detach()
        self.assertEqual(self.tracer.err().count("are silent"), 1)


class Ruby(Methods):
    needs = ("ruby",)

    def test_methods(self):
        self.check_methods(RUBY, "ruby:method__entry", "arg1:str", "ruby")
