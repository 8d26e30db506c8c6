# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Work that goes through much of the interpreter: exceptions, generators, threads, collection."""
import gc
import json
import sys
import threading


def fail(depth):
    if depth:
        fail(depth - 1)
    raise ValueError(depth)


def generate(n):
    for i in range(n):
        yield {"i": i, "text": str(i) * 3}


def work(rounds):
    total = 0
    for i in range(rounds):
        try:
            fail(5)
        except ValueError as error:
            total += error.args[0]
        total += len(json.dumps(list(generate(20))))
        total += sorted(range(100), key=lambda x: -x)[0]
        if i % 50 == 0:
            gc.collect()
    return total


print("ready", flush=True)
sys.stdin.buffer.raw.read(1)
results = []
threads = [threading.Thread(target=lambda: results.append(work(100))) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(work(100), sorted(results))
