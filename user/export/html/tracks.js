// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// What the timeline draws: its lines, the axis, names. Moving about in it is in timeline.js.

const LINE = 16, PROCESS_LINE = 22, AXIS = 22, GUTTER = 190; // pixels of the style sheet
const TEXT_WIDTH = 6.7; // of a character of the font below
const FONT = "11px monospace";

// A line for each process, and for each depth of each track.
function makeLines(data, runs) {
	const lines = [];
	let top = 0, before = null;
	const add = (line) => {
		lines.push({top, ...line});
		top += line.height;
	};
	for (const track of data.tracks) {
		const file = runs.length > 1 ? `${runs[track.run - 1].file}: ` : "";
		if (track.pid !== before)
			add({height: PROCESS_LINE, title: file + track.process});
		before = track.pid;
		track.rows.forEach((row, depth) => add({height: LINE, track, row, depth}));
	}
	return {lines, height: top};
}

function fitText(text, width) {
	const room = Math.floor(width / TEXT_WIDTH);
	return text.length <= room ? text : room < 3 ? "" : `${text.slice(0, room - 1)}…`;
}

function visibleLines(timeline, scrolled, height) {
	const {lines} = timeline, visible = [];
	let i = countBelow((at) => lines[at].top + lines[at].height, scrolled + 1, 0, lines.length);
	for (; i < lines.length && lines[i].top < scrolled + height; i++)
		visible.push(lines[i]);
	return visible;
}

// The canvas in its own pixels, and an image of the same size that is painted anew each time.
function fitCanvas(timeline) {
	const {canvas, box} = timeline, ratio = window.devicePixelRatio;
	const width = Math.floor(box.clientWidth * ratio), height = Math.floor(box.clientHeight * ratio);
	if (canvas.width === width && canvas.height === height && timeline.image)
		return;
	canvas.width = width;
	canvas.height = height;
	canvas.style.width = `${box.clientWidth}px`;
	canvas.style.height = `${box.clientHeight}px`;
	timeline.ratio = ratio;
	timeline.image = timeline.context.createImageData(width, height);
	timeline.pixels = new Uint32Array(timeline.image.data.buffer);
	timeline.line = new Uint32Array(Math.max(1, width - Math.floor(GUTTER * ratio)));
}

function paintLines(timeline, visible, scrolled, wide) {
	const {ratio, pixels, line, palette, data, view} = timeline, width = timeline.canvas.width;
	const gutter = Math.floor(GUTTER * ratio);
	pixels.fill(palette.background);
	for (const {row, top, height} of visible) {
		if (!row)
			continue;
		const found = [];
		paintRow(line, data, row, view, palette, found, 28 * ratio);
		const from = Math.max(0, Math.round((AXIS + top - scrolled) * ratio));
		const to = Math.min(timeline.canvas.height, Math.round((AXIS + top - scrolled + height - 1) * ratio));
		for (let y = from; y < to; y++)
			pixels.set(line, y * width + gutter);
		for (const [at, left, right] of found)
			wide.push([at, GUTTER + left / ratio, GUTTER + right / ratio, AXIS + top - scrolled]);
	}
	timeline.context.putImageData(timeline.image, 0, 0);
}

function writeNames(timeline, wide) {
	const {context, data} = timeline;
	context.fillStyle = styleColor("--on-box");
	for (const [at, left, right, top] of wide) {
		const text = fitText(data.names[data.token[at]], right - left - 5);
		if (text)
			context.fillText(text, left + 3, top + LINE / 2);
	}
}

function writeGutter(timeline, visible, scrolled) {
	const {context} = timeline;
	for (const {title, track, depth, top, height} of visible) {
		const y = AXIS + top - scrolled + height / 2;
		context.fillStyle = styleColor(title === undefined ? "--faint" : "--text");
		if (title !== undefined)
			context.fillText(title, 4, y);
		else if (!depth)
			context.fillText(fitText(track.name, GUTTER - 18), 14, y);
	}
}

function drawAxis(timeline) {
	const {context, view, box} = timeline, width = box.clientWidth - GUTTER;
	const scale = width / (view.to - view.from), step = roundStep(120 / scale);
	context.fillStyle = styleColor("--page");
	context.fillRect(0, 0, box.clientWidth, AXIS);
	context.fillStyle = styleColor("--text");
	for (let time = Math.ceil(view.from / step) * step; time < view.to; time += step) {
		const x = GUTTER + (time - view.from) * scale;
		context.fillRect(x, AXIS - 5, 1, 5);
		context.fillText(formatTick(time, step), x + 4, AXIS / 2);
	}
}

function outline(timeline, scrolled) {
	const {context, data, selected, view, box} = timeline;
	if (!selected)
		return;
	const scale = (box.clientWidth - GUTTER) / (view.to - view.from);
	const left = Math.max(GUTTER, GUTTER + (data.start[selected.at] - view.from) * scale);
	const right = Math.min(box.clientWidth, GUTTER + (data.end[selected.at] - view.from) * scale);
	const top = AXIS + selected.line.top - scrolled;
	if (right < GUTTER || left > box.clientWidth || top < AXIS)
		return;
	context.strokeStyle = styleColor("--accent");
	context.lineWidth = 2;
	context.strokeRect(left, top, Math.max(2, right - left), LINE - 2);
}

function drawTimeline(timeline) {
	fitCanvas(timeline);
	const {context, box, ratio} = timeline, scrolled = box.scrollTop, wide = [];
	const visible = visibleLines(timeline, scrolled, box.clientHeight - AXIS);
	context.setTransform(1, 0, 0, 1, 0, 0);
	paintLines(timeline, visible, scrolled, wide);
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.font = FONT;
	context.textBaseline = "middle";
	writeNames(timeline, wide);
	writeGutter(timeline, visible, scrolled);
	outline(timeline, scrolled);
	drawAxis(timeline);
}
