// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// otlp.mjs MODULES FILE: a request of OTLP/JSON through what OpenTelemetry generates of its own published
// proto: to the wire and back. Prints what comes back, as JSON; fails if anything is not of that form.
import assert from "node:assert";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [modules, file] = process.argv.slice(2);
const require = createRequire(path.join(modules, "x.js"));
const root = require("@opentelemetry/otlp-transformer/build/src/generated/root.js");
const Request = root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

// Ids are hexadecimal in OTLP/JSON, unlike other bytes in the JSON of protobuf.
function turn(value, ids) {
  for (const key in value)
    if (/^(traceId|spanId|parentSpanId)$/.test(key))
      value[key] = ids(value[key]);
    else if (typeof value[key] === "object")
      turn(value[key], ids);
  return value;
}

const text = fs.readFileSync(file, "utf8");
const toBytes = id => { assert.match(id, /^([0-9a-f]{16}){1,2}$/); return Buffer.from(id, "hex"); };
const message = Request.fromObject(turn(JSON.parse(text), toBytes));
const back = Request.toObject(Request.decode(Request.encode(message).finish()),
  { longs: String, bytes: Array });
const result = turn(back, id => Buffer.from(id).toString("hex"));
assert.deepStrictEqual(result, JSON.parse(text), "it has what the proto has not");
console.log(JSON.stringify(result));
