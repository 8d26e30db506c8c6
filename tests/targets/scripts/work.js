// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// Work that goes through much of node: compiled code, exceptions, collection, timers, workers.
const fs = require('fs');

function fail(depth) {
  if (depth)
    fail(depth - 1);
  throw new Error('depth ' + depth);
}

function work(rounds) {
  let total = 0;
  for (let i = 0; i < rounds; i++) {
    try {
      fail(5);
    } catch (error) {
      total += error.message.length + error.stack.length * 0;
    }
    const items = Array.from({length: 200}, (_, k) => ({k, text: String(k).repeat(3)}));
    total += JSON.stringify(items).length;
    total += items.sort((a, b) => b.k - a.k)[0].k;
    total += 'a1b22c333'.replace(/\d+/g, (m) => m.length).length;
  }
  return total;
}

fs.writeSync(1, 'ready\n');
fs.readSync(0, Buffer.alloc(1));
let turns = 0;
const timer = setInterval(() => {
  work(20);
  if (++turns === 5) {
    clearInterval(timer);
    console.log(work(300));
  }
}, 1);
