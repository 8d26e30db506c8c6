// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// The timeline: zoom, pan, what is under the pointer.

const NARROWEST = 20; // ns from edge to edge
const LEFTS = ["", "unwound: left without its exit", "open when the run ended"];

const timeline = {
	data: null, lines: [], height: 0, view: {from: 0, to: 1}, end: 1, palette: null, selected: null,
	box: null, canvas: null, context: null, image: null, pixels: null, line: null, ratio: 1, isDue: false,
};

// ---- drawing

function redrawSoon() {
	if (timeline.isDue || !timeline.data)
		return;
	timeline.isDue = true;
	requestAnimationFrame(() => {
		timeline.isDue = false;
		drawTimeline(timeline);
		showRange();
	});
}

function repaint() {
	if (timeline.data)
		timeline.palette = makePalette(timeline.data);
	redrawSoon();
}

function showRange() {
	const {from, to} = timeline.view;
	say("range", `${formatTime(from, to - from)} to ${formatTime(to, to - from)}: ${formatNs(to - from)}`);
	showLeftOut(from, to);
}

// With a command for a page of what is shown.
function showLeftOut(from, to) {
	const {head} = timeline.data, seconds = (ns) => `${(ns / 1e9).toFixed(9)}s`;
	if (head.left_out)
		say("timeline-left-out", `To keep this page small ${formatCount(head.left_out)} instances of at most ` +
			`${formatNs(head.left_out_longest)} are not in the timeline; all else here has them. A page of this ` +
			`part alone may have them all: rptrace report --from ${seconds(from)} --to ${seconds(to)} --format html -o part.html FILE`);
}

// ---- moving

function moveTo(from, to) {
	const span = Math.min(Math.max(to - from, NARROWEST), timeline.end);
	from = Math.min(Math.max(from, 0), timeline.end - span);
	timeline.view = {from, to: from + span};
	redrawSoon();
}

// By a factor, around a share of the width.
function zoomBy(factor, share = 0.5) {
	const {from, to} = timeline.view, span = (to - from) * factor, center = from + (to - from) * share;
	moveTo(center - span * share, center + span * (1 - share));
}

function panBy(share) {
	const {from, to} = timeline.view, by = (to - from) * share;
	moveTo(from + by, to + by);
}

function plotWidth() {
	return timeline.box.clientWidth - GUTTER;
}

// Where in the plot a pointer is, as a share of its width.
function shareOf(event) {
	return (event.clientX - timeline.box.getBoundingClientRect().left - GUTTER) / plotWidth();
}

function onWheel(event) {
	if (event.ctrlKey || event.metaKey)
		zoomBy(Math.exp(event.deltaY / 300), Math.min(1, Math.max(0, shareOf(event))));
	else if (event.deltaX)
		panBy(event.deltaX / plotWidth());
	else
		return;
	event.preventDefault();
}

const KEYS = {
	w: () => zoomBy(0.7), s: () => zoomBy(1 / 0.7), a: () => panBy(-0.2), d: () => panBy(0.2),
	ArrowLeft: () => panBy(-0.1), ArrowRight: () => panBy(0.1), "+": () => zoomBy(0.7), "-": () => zoomBy(1 / 0.7),
};

function onKey(event) {
	const move = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
	if (!move || event.ctrlKey || event.metaKey || event.altKey)
		return;
	move();
	event.preventDefault();
}

function onDrag(event) {
	if (event.button || event.offsetX < GUTTER)
		return;
	const {from, to} = timeline.view, x = event.clientX, canvas = timeline.canvas;
	const move = (now) => {
		const by = (x - now.clientX) / plotWidth() * (to - from);
		moveTo(from + by, to + by);
	};
	canvas.setPointerCapture(event.pointerId);
	canvas.addEventListener("pointermove", move);
	canvas.addEventListener("pointerup", () => canvas.removeEventListener("pointermove", move), {once: true});
}

// ---- one instance

function lineAt(event) {
	const y = event.clientY - timeline.box.getBoundingClientRect().top - AXIS;
	if (y < 0)
		return undefined;
	const {lines} = timeline, at = y + timeline.box.scrollTop;
	return lines[countBelow((i) => lines[i].top + lines[i].height, at, 0, lines.length)];
}

// -1: none. A pixel more or less will do.
function instanceIn(row, time, slack) {
	const {start, end} = timeline.data;
	const at = countBelow((i) => end[i], time - slack, row.first, row.last);
	return at < row.last && start[at] <= time + slack ? at : -1;
}

function instanceAt(event) {
	const line = lineAt(event), {from, to} = timeline.view, share = shareOf(event);
	if (!line || !line.row || share < 0)
		return null;
	const at = instanceIn(line.row, from + (to - from) * share, (to - from) / plotWidth());
	return at < 0 ? null : {at, line};
}

function pathTo({at, line}) {
	const {data} = timeline, time = data.start[at];
	return line.track.rows.slice(0, line.depth).map((row) => instanceIn(row, time, 0))
		.filter((i) => i >= 0).concat(at).map((i) => data.names[data.token[i]]).join(" › ");
}

function describe(found) {
	const {data} = timeline, left = LEFTS[data.lefts[data.token[found.at]]];
	const start = data.start[found.at], ns = data.end[found.at] - start;
	return `${pathTo(found)}: ${formatNs(ns)}, began at ${formatTime(start, ns)}, ` +
		`${found.line.track.name}${left ? `, ${left}` : ""}`;
}

function select(found) {
	timeline.selected = found;
	say("instance", found ? describe(found) : "");
	redrawSoon();
}

function showAround(found) {
	const {data} = timeline, ns = data.end[found.at] - data.start[found.at];
	select(found);
	moveTo(data.start[found.at] - ns / 4, data.end[found.at] + ns / 4);
}

// As a list of the slowest knows it: by its run, name and times.
function findInstance(one) {
	const {data, lines} = timeline;
	for (const line of lines) {
		if (!line.row || line.track.run !== one.run)
			continue;
		for (let at = countBelow((i) => data.start[i], one.since, line.row.first, line.row.last);
			at < line.row.last && data.start[at] === one.since; at++)
			if (data.end[at] === one.since + one.ns && data.names[data.token[at]] === one.name)
				return {at, line};
	}
	return null;
}

function showInstance(one) {
	const found = timeline.data && findInstance(one);
	if (!found) {
		say("instance", `${one.name}, ${formatNs(one.ns)}, is not in the timeline`);
		return;
	}
	timeline.box.scrollTop = Math.max(0, found.line.top - timeline.box.clientHeight / 2);
	timeline.box.scrollIntoView({block: "nearest"});
	showAround(found);
}

// ---- set-up

function listen() {
	const {box, canvas} = timeline;
	box.addEventListener("wheel", onWheel, {passive: false});
	box.addEventListener("keydown", onKey);
	box.addEventListener("scroll", redrawSoon);
	canvas.addEventListener("pointerdown", onDrag);
	canvas.addEventListener("click", (event) => select(instanceAt(event)));
	canvas.addEventListener("dblclick", (event) => {
		const found = instanceAt(event);
		if (found)
			showAround(found);
	});
	canvas.addEventListener("mousemove", (event) => {
		const found = instanceAt(event);
		canvas.title = found ? describe(found) : "";
	});
	new ResizeObserver(redrawSoon).observe(box);
	byId("zoom-in").addEventListener("click", () => zoomBy(0.5));
	byId("zoom-out").addEventListener("click", () => zoomBy(2));
	byId("zoom-all").addEventListener("click", () => moveTo(0, timeline.end));
}

function setUpTimeline(data, runs) {
	timeline.data = data;
	Object.assign(timeline, makeLines(data, runs));
	timeline.end = Math.max(1, data.head.end);
	timeline.view = {from: 0, to: timeline.end};
	timeline.box = byId("tracks");
	timeline.canvas = byId("tracks-canvas");
	timeline.context = timeline.canvas.getContext("2d");
	timeline.box.style.height = `min(${timeline.height + AXIS + 2}px, 70vh)`;
	const room = timeline.box.clientHeight;
	byId("tracks-height").style.height = `${Math.max(0, timeline.height + AXIS - room)}px`;
	timeline.palette = makePalette(data);
	listen();
	drawTimeline(timeline);
	showRange();
}
