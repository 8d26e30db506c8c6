// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// From the page's two blocks of base64 to figures and instances; html_events.c is the writer.

async function inflate(id) {
	if (typeof DecompressionStream === "undefined")
		throw new Error("this browser cannot unpack it (DecompressionStream): Chromium 80, Firefox 113 and Safari 16.4 can");
	const text = atob(byId(id).textContent);
	const packed = new Uint8Array(text.length);
	for (let i = 0; i < text.length; i++)
		packed[i] = text.charCodeAt(i);
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
	byId(id).remove();
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackFigures() {
	return JSON.parse(new TextDecoder().decode(await inflate("figures")));
}

// n numbers: all lowest bytes first, then all of the next. Exact up to 2^53 ns, which is 104 days.
function numbersAt(bytes, at, n, width) {
	const numbers = new Float64Array(n);
	for (let byte = 0, factor = 1; byte < width; byte++, factor *= 256)
		for (let i = 0; i < n; i++)
			numbers[i] += bytes[at + byte * n + i] * factor;
	return numbers;
}

// Where the times of each token are: two cursors, as begins and ends stand alike.
function cursorsOf(tokens, nTokens) {
	const begins = new Uint32Array(nTokens + 1);
	for (const token of tokens)
		begins[token]++;
	let sum = 0;
	for (let token = 1; token <= nTokens; token++) {
		const n = begins[token];
		begins[token] = sum;
		sum += n;
	}
	return {begins, ends: begins.slice()};
}

// How many instances of a track are at each depth.
function depthsOf(tokens, from, to) {
	const depths = [];
	for (let i = from, depth = 0; i < to; i++) {
		if (!tokens[i]) {
			depth--;
			continue;
		}
		depths[depth] = (depths[depth] ?? 0) + 1;
		depth++;
	}
	return depths;
}

/*
 * Instances of one track and depth, a row, stand one after the other in the order of time, in three
 * arrays of all: none overlaps the next.
 */
function unpackTrack(timeline, events, track, from, to) {
	const {start, end, token} = timeline;
	const {tokens, begins, ends, cursors} = events;
	const open = [], next = track.rows.map((row) => row.first);
	for (let i = from, time = 0; i < to; i++) {
		if (tokens[i]) {
			const at = next[open.length]++;
			time += begins[cursors.begins[tokens[i]]++];
			start[at] = time;
			token[at] = tokens[i] - 1;
			open.push(at);
		} else {
			const at = open.pop();
			time += ends[cursors.ends[token[at] + 1]++];
			end[at] = time;
		}
	}
}

function rowsOf(depths, first) {
	return depths.map((n) => {
		const row = {first, last: first + n};
		first += n;
		return row;
	});
}

// What was running in a row up to each instance: of any stretch it is one difference.
function sumUp(start, end) {
	const busy = new Float64Array(start.length + 1);
	for (let i = 0; i < start.length; i++)
		busy[i + 1] = busy[i] + (end[i] - start[i]);
	return busy;
}

function readEvents(head, bytes, at) {
	const [tokenBytes, beginBytes, endBytes] = head.bytes, n = head.n;
	const tokens = Uint32Array.from(numbersAt(bytes, at, 2 * n, tokenBytes));
	at += 2 * n * tokenBytes;
	return {
		tokens,
		begins: numbersAt(bytes, at, n, beginBytes),
		ends: numbersAt(bytes, at + n * beginBytes, n, endBytes),
		cursors: cursorsOf(tokens, head.tokens.length),
	};
}

async function unpackTimeline() {
	const bytes = await inflate("timeline"), lineEnd = bytes.indexOf(10);
	const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, lineEnd)));
	const events = readEvents(head, bytes, lineEnd + 1);
	const timeline = {
		head,
		start: new Float64Array(head.n),
		end: new Float64Array(head.n),
		token: new Uint32Array(head.n),
		names: head.tokens.map(([name]) => name),
		lefts: head.tokens.map(([, left]) => left),
	};
	let first = 0;
	timeline.tracks = head.tracks.map(([run, pid, process, name, n]) => {
		const track = {run, pid, process, name};
		track.rows = rowsOf(depthsOf(events.tokens, 2 * first, 2 * (first + n)), first);
		unpackTrack(timeline, events, track, 2 * first, 2 * (first + n));
		first += n;
		return track;
	});
	timeline.busy = sumUp(timeline.start, timeline.end);
	return timeline;
}
