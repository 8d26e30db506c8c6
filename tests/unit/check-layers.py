#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Does tools/layers see what it is there for? Plants one violation at a time into one copy of user/."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# In each folder: a header of a later stage, or one that is another folder's own.
FORBIDDEN = {
    "util": "discover/proc.h",
    "discover": "plan/plan.h",
    "helper": "plan/plan.h",
    "plan": "attach/session.h",
    "attach": "collect/collect.h",
    "collect": "view/view.h",
    "aggregate": "plan/plan.h",
    "record": "view/view.h",
    "sample": "plan/plan.h",
    "symbolize": "plan/plan.h",
    "unwind": "plan/plan.h",
    "export": "screen/screen.h",
    "compare": "screen/screen.h",
    "view": "screen/screen.h",
    "screen": "targets/targets.h",
    "targets": "run/run.h",
    "opts": "run/run.h",
    "run": "commands/commands.h",
    "commands": "targets/internal.h",
}
PURE = ("util", "discover", "helper", "plan", "aggregate", "record", "export", "compare", "unwind", "symbolize", "sample",
        "view", "screen", "targets", "opts")

# Headers that include each other, by what must be said of them.
CIRCLES = {
    "circle of folders": {"aggregate/planted.h": "collect/planted.h", "collect/planted.h": "aggregate/counts.h"},
    "circle of headers": {"view/planted_a.h": "view/planted_b.h", "view/planted_b.h": "view/planted_a.h"},
}


def violations():
    """(files with the header that each includes, what must be said)"""
    for folder, header in FORBIDDEN.items():
        for named in (header, f"../{header}"):
            yield {f"{folder}/planted.c": named}, f"user/{folder}/planted.c:1:"
    for folder in PURE:
        for header in ("bpf/libbpf.h", "rptrace.skel.h"):
            yield {f"{folder}/planted.c": header}, f"user/{folder}/planted.c:1:"
    for said, files in CIRCLES.items():
        yield files, said
    yield {"another/planted.c": "util/error.h"}, "user/another/:"


def plant(user, files):
    for name, header in files.items():
        os.makedirs(os.path.dirname(os.path.join(user, name)), exist_ok=True)
        with open(os.path.join(user, name), "w", encoding="utf-8") as file:
            file.write(f'#include "{header}"\n')


def pull(user, files):
    for name in files:
        os.unlink(os.path.join(user, name))
        with contextlib.suppress(OSError):  # one of its own has others in it
            os.rmdir(os.path.dirname(os.path.join(user, name)))


def layers(root):
    return subprocess.run([f"{TOP}/tools/layers", root], capture_output=True, text=True, check=False)


def check(root, files, said):
    """-> what is wrong, or None"""
    plant(f"{root}/user", files)
    done = layers(root)
    pull(f"{root}/user", files)
    if done.returncode == 1 and said in done.stderr:
        return None
    return f"{files}: tools/layers ended with {done.returncode} and said: {done.stderr or 'nothing'}"


def main():
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(f"{TOP}/user", f"{root}/user")
        wrong = [why for files, said in violations() if (why := check(root, files, said))]
        if layers(root).returncode:
            wrong.append("tools/layers fails without a violation as well")
    wrong += [f"user/{folder}: nothing is planted in it" for folder in next(os.walk(f"{TOP}/user"))[1]
              if folder not in FORBIDDEN]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
