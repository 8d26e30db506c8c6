// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// speedscope.mjs MODULES CHROMIUM: each file that a line of standard input names read by speedscope's own importer,
// in its own page in a browser without a window. Prints a JSON object a line: of each frame, by its name, what it
// has of the total and by itself, and how often it begins; and how many frames there are.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { createRequire } from "node:module";

const [modules, program] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, "x.js"))("playwright-core");
const release = path.join(modules, "speedscope", "dist", "release");

// The page has its importer in a closure: a name for it, from outside, is all that is added.
function serve(route) {
  const name = path.basename(new URL(route.request().url()).pathname) || "index.html";
  let body = fs.readFileSync(path.join(release, name));
  if (/^speedscope-.*\.js$/.test(name))
    body = body.toString().replace(/var ([\w$]+)=\{\};([\w$]+)\(\1,\{importFromFileSystemDirectoryEntry:/,
      "var $1=globalThis.importer={};$2($1,{importFromFileSystemDirectoryEntry:");
  return route.fulfill({ body, contentType: name.endsWith(".html") ? "text/html" : name.endsWith(".js")
    ? "text/javascript" : "application/octet-stream" });
}

// Runs in the page.
async function read([name, base64]) {
  const group = await globalThis.importer.importProfileGroupFromBase64(name, base64);
  if (!group) /* nothing is in the file */
    return { profiles: 0, total: 0, keys: 0, frames: {} };
  const frames = {}, keys = new Set();
  let total = 0;
  const of = frame => frames[frame.name] ??= { total: 0, self: 0, count: 0 };
  for (const profile of group.profiles) {
    total += profile.getTotalNonIdleWeight();
    profile.forEachFrame(frame => {
      keys.add(frame.key);
      of(frame).total += frame.getTotalWeight();
      of(frame).self += frame.getSelfWeight();
    });
    profile.forEachCall(node => of(node.frame).count++, () => {});
  }
  return { profiles: group.profiles.length, unit: group.profiles[0]?.getWeightUnit(), total, keys: keys.size, frames };
}

const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.route("**/*", serve);
  await page.goto("http://speedscope.test/index.html");
  await page.waitForFunction(() => globalThis.importer);
  for await (const file of readline.createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await page.evaluate(read,
      [path.basename(file), fs.readFileSync(file).toString("base64")])));
} finally {
  await browser.close();
}
