# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""
The recipes of README.md, run from its own text: as somebody would who types them. Each must show the regions
that its table there has, entered as often; where that depends on the machine, as often as the program itself says.
"""

import os
import re
import shutil
import signal

import harness
from harness import Case
from servers import NginxCase, PostgresCase, RedisCase

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGETS = os.environ.get("RPT_TARGETS", os.path.join(os.path.dirname(harness.rptrace_path), "targets"))
TREE = "│├└─|`- "


class Step:
    """Commands of one block, and what is shown below them."""

    def __init__(self, lines):
        text = "\n".join(lines).replace("\\\n", "")
        self.commands = re.findall(r"(?m)^\$ (.*)$", text)
        self.output = [line for line in text.splitlines() if not line.startswith("$ ")]


class Recipe:
    def __init__(self, text):
        self.text = text
        self.code = "".join(re.findall(r"(?s)```c\n(.*?)```", text))
        blocks = re.findall(r"(?m)(?:^    .*\n)+", text)
        steps = (Step([line[4:] for line in block.splitlines()]) for block in blocks)
        self.steps = [step for step in steps if step.commands]

    def quoted(self, program):
        """The command of that program that stands among the sentences."""
        return re.search(rf"`({program} [^`]*)`", self.text)[1]


def recipes():
    """By their headings; what comes before the first is the sample."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    parts = re.split(r"(?m)^\*\*([^*]+)\*\*", "**Sample**" + text)
    return {name: Recipe(part) for name, part in zip(parts[1::2], parts[2::2])}


def table(lines):
    """{path of names, with a label behind the last: count} of a table, flat or a tree."""
    rows, path = {}, []
    head = next(line for line in lines if line.startswith("REGION"))
    label = "  LABEL" in head
    for line in lines[lines.index(head) + 1:]:
        found = re.match(rf"([{re.escape(TREE)}]*)(\S+)\s+(\S+\s+)?(\d+)\s+\d" if label
                         else rf"([{re.escape(TREE)}]*)(\S+)\s+(\d+)\s+\d", line)
        if not found:
            break
        path = [*path[:len(found[1]) // 2], found[2]]
        key = (*path, found[3].strip()) if label else tuple(path)
        rows[key] = rows.get(key, 0) + int(found[4 if label else 3])
    return rows


class Readme(Case):
    """A folder with rptrace in its PATH, and a sudo that has nothing to do."""

    def setUp(self):
        super().setUp()
        self.recipe = recipes()[self.name]
        os.symlink(harness.rptrace_path, self.path("rptrace"))
        sudo = self.path("sudo", '#!/bin/sh\nexec "$@"\n')
        os.chmod(sudo, 0o755)
        self.env = {"PATH": f"{self.dir}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

    def start(self, command):
        """Bash has no child of its own for it, so that a signal goes to rptrace."""
        return self.spawn("bash", "-c", f"exec {command}", env=self.env, cwd=self.dir, stop=signal.SIGINT)

    def run_alone(self, command, status=0):
        proc = self.start(command)
        proc.finish(status)
        return proc

    def run_beside(self, tracing, *load):
        """What the first shows of the others, which run once it traces."""
        tracer = self.start(tracing)
        tracer.wait_lines("^rptrace: tracing")
        for command in load:
            for part in command.split(" ; "):
                self.run_alone(part)
        self.before_the_end()
        tracer.popen.send_signal(signal.SIGINT)
        return self.last_table(tracer.finish().out())

    def before_the_end(self):
        """Wait for what the load has left to do."""

    @staticmethod
    def last_table(text):
        return table(text.split("final summary\n")[-1].splitlines())


class Sample(Readme):
    name = "Sample"

    def test(self):
        step = self.recipe.steps[0]
        os.symlink(os.path.join(TARGETS, "demo"), self.path("demo"))
        proc = self.run_alone(step.commands[0])
        wanted, got = table(step.output), self.last_table(proc.err())
        self.assertEqual(set(got), set(wanted))
        requests = int(re.search(r"(?m)^expect request (\d+)$", proc.out())[1])
        shown = wanted["request",]
        for region in wanted:
            if wanted[region] % shown == 0:
                self.assertEqual(got[region], wanted[region] // shown * requests, region)
        self.assertEqual(got["slow_path",], int(re.search(r", (\d+) of them slow", proc.out())[1]))


class OwnProgram(Readme):
    name = "Your own program"

    def test(self):
        listing, tracing = self.recipe.steps
        shutil.copy(os.path.join(ROOT, "docs/examples/orders.c"), self.dir)
        self.run_alone(self.recipe.quoted("cc"))
        out = self.run_alone(listing.commands[0]).out()
        for line in listing.output:
            if re.match(r"\w+ +function", line):
                self.assertRegex(out, rf"(?m)^{line.split()[0]} +function ")
            elif line != "..." and not line.startswith("REGION"):
                self.assertIn(line, out.splitlines())
        for line in re.findall("(?m)^  (rptrace .*)$", out):
            self.run_alone(line)
        proc = self.run_alone(tracing.commands[0])
        self.assertEqual(self.last_table(proc.err()), table(tracing.output))


class Postgres(PostgresCase, Readme):
    name = "PostgreSQL"

    def before_the_end(self):
        self.wait_disconnected()

    def test(self):
        step = self.recipe.steps[0]
        self.client("pgbench", "-i", "-q", "postgres").finish()
        self.env.update(PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER="postgres", PGSSLMODE="disable",
                        PGGSSENCMODE="disable", PATH=f"{self.env['PATH']}:{self.bin}")
        tracing, load = step.commands
        self.assertIn("POSTMASTER", tracing)
        got = self.run_beside(tracing.replace("POSTMASTER", str(self.server.pid)), load)
        # How often one waits for another is the machine's affair.
        wanted = {path: n for path, n in table(step.output).items() if "lock__wait" not in path}
        self.assertEqual({path: got.get(path) for path in wanted}, wanted)


class Python(Readme):
    name = "Python"
    needs = ("/usr/bin/python3.11",)

    def test(self):
        step = self.recipe.steps[0]
        self.env["PATH"] = f"{self.dir}:/usr/bin:{self.env['PATH']}"
        got = self.last_table(self.run_alone(step.commands[0]).err())
        self.assertLessEqual(set(table(step.output)), set(got))
        option, program = self.recipe.quoted("python3.11"), step.commands[0].split(" python3.11 ")[1]
        said = self.run_alone(f"{option} {program}").err()
        imports = len(re.findall(r"(?m)^import time: +\d", said))
        self.assertEqual(got["import__find__load",], imports)


class Redis(RedisCase, Readme):
    name = "Redis"

    def test(self):
        step = self.recipe.steps[0]
        tracing, load = step.commands
        self.assertIn('"$(pidof redis-server)"', tracing)
        tracing = tracing.replace('"$(pidof redis-server)"', str(self.server.pid))
        load = re.sub(r"\bredis-(benchmark|cli) ", rf"redis-\1 -p {self.port} ", load)
        got = self.run_beside(tracing, load)
        self.assertEqual(got, table(step.output))


class Nginx(NginxCase, Readme):
    name = "nginx"

    def before_the_end(self):
        """An answer is there before those who have written it return."""
        with open(f"/proc/{self.server.pid}/task/{self.server.pid}/children", encoding="utf-8") as file:
            worker, = file.read().split()
        harness.wait_asleep(worker)

    def test(self):
        step = self.recipe.steps[0]
        tracing, load = step.commands
        self.assertIn('"$(pgrep -o nginx)"', tracing)
        self.assertIn("http://localhost/", load)
        got = self.run_beside(tracing.replace('"$(pgrep -o nginx)"', str(self.server.pid)),
                              load.replace("localhost", f"127.0.0.1:{self.port}"))
        self.assertEqual(got, table(step.output))


class OwnCode(Readme):
    name = "Your own code"
    AROUND = """
#include <time.h>
struct request {{ int shard; }};
static void pass(long us) {{ nanosleep(&(struct timespec){{.tv_nsec = us * 1000}}, NULL); }}
static void read_shard(int shard) {{ pass(1000 * (shard + 1)); }}
static void render(struct request *r) {{ (void)r; pass(500); }}
{code}
int main(void) {{ for (int i = 0; i < 300; i++) handle(&(struct request){{.shard = i % 3}}); }}
"""

    def test(self):
        step = self.recipe.steps[0]
        os.symlink(os.path.join(ROOT, "include"), self.path("include"))
        self.path("app.c", self.AROUND.format(code=self.recipe.code))
        self.run_alone(self.recipe.quoted("cc") + " -o app")
        proc = self.run_alone(step.commands[0])
        self.assertEqual(self.last_table(proc.err()), table(step.output))


class Recipes(Case):
    def test_each_recipe_has_a_test(self):
        tested = {kind.name for kind in globals().values() if isinstance(kind, type) and hasattr(kind, "name")}
        self.assertEqual({name for name, recipe in recipes().items() if recipe.steps}, tested)

    def test_no_more_than_a_screen_or_four(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            self.assertLessEqual(len(file.readlines()), 220)
