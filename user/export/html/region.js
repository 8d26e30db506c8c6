// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// One region: its histogram, and when its instances were and how long they took.

const HIST_SUB_BITS = 3; // include/rp_hist.h: eight buckets an octave

// The smallest duration of a bucket, in ns.
function bucketFloor(index) {
	if (index < 2 << HIST_SUB_BITS)
		return index;
	const exp = (index >> HIST_SUB_BITS) - 1;
	return (index - (exp << HIST_SUB_BITS)) * 2 ** exp;
}

function selectedRow() {
	return table.figures.rows.find((row) => nameOf(row) === table.selected);
}

function showRegion() {
	const row = selectedRow();
	byId("region").hidden = !row;
	if (!row)
		return;
	say("region-name", nameOf(row));
	showHistogram(row);
	showHeat(row);
}

// ---- histogram

const CHART = {width: 560, height: 200, left: 8, bottom: 22};

function bars(row) {
	const [from, ...counts] = row.hist;
	let first = counts.findIndex((n) => n), last = counts.length;
	while (last && !counts[last - 1])
		last--;
	first = Math.max(first, 0);
	return counts.slice(first, last).map((n, i) => ({
		n, from: bucketFloor(from + first + i), to: bucketFloor(from + first + i + 1),
	}));
}

function barElement(bar, i, width, most) {
	const height = bar.n && Math.max(1, bar.n / most * (CHART.height - CHART.bottom - 4));
	const rect = svgElement("rect", {
		x: CHART.left + i * width, y: CHART.height - CHART.bottom - height,
		width: Math.max(width - 1, 0.5), height,
	});
	rect.append(svgElement("title", {}, `${formatNs(bar.from)} to ${formatNs(bar.to)}: ${formatCount(bar.n)}`));
	return rect;
}

// Below about every hundredth pixel how long that is; none that would stick out at the right.
function barLabels(all, width) {
	const every = Math.max(1, Math.ceil(100 / width));
	const places = all.map((bar, i) => [CHART.left + i * width, bar.from]);
	return places.filter(([x], i) => i % every === 0 && (!i || x < CHART.width - 60))
		.map(([x, from]) => svgElement("text", {x, y: CHART.height - 6}, formatNs(from)));
}

function showHistogram(row) {
	const all = bars(row), most = Math.max(1, ...all.map((bar) => bar.n));
	const width = (CHART.width - 2 * CHART.left) / Math.max(all.length, 1);
	const svg = byId("histogram");
	svg.setAttribute("viewBox", `0 0 ${CHART.width} ${CHART.height}`);
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", `${formatCount(valueOf(row, "count"))} times, the median ${cellText(valueOf(row, "p50_ns"), "ns")}`);
	svg.replaceChildren(...all.map((bar, i) => barElement(bar, i, width, most)), ...barLabels(all, width));
	say("region-hint", `${formatCount(valueOf(row, "count"))} instances: half took at most ` +
		`${formatNs(valueOf(row, "p50_ns"))}, 99 % at most ${formatNs(valueOf(row, "p99_ns"))}, ` +
		`the longest ${formatNs(valueOf(row, "max_ns"))}.`);
}

// ---- heat map: columns are times, rows durations, the longest at the top

const HEAT_BUCKETS = 4; // user/export/heats.h: of the histogram, a row

// All rows between the shortest and the longest, also those without instances.
function heatGrid(row) {
	const known = new Map(row.heat.map(([bucket, ...counts]) => [bucket, counts]));
	const buckets = [...known.keys()];
	const lines = [];
	for (let bucket = Math.max(...buckets); bucket >= Math.min(...buckets); bucket -= HEAT_BUCKETS)
		lines.push({bucket, counts: known.get(bucket) ?? []});
	const end = Math.max(...table.figures.runs.map((run) => run.duration));
	return {lines, columns: Math.max(1, Math.ceil(end / table.figures.heat_column))};
}

function heatColor(n, most, scale) {
	const share = Math.log1p(n) / Math.log1p(most);
	return n ? cssOf(scale.none.map((channel, i) => channel + (scale.all[i] - channel) * (0.2 + 0.8 * share)))
		: cssOf(scale.none);
}

function drawHeat(context, grid, width, height) {
	const scale = {none: rgbOfStyle("--panel"), all: rgbOfStyle("--accent")};
	const most = Math.max(1, ...grid.lines.flatMap((line) => line.counts));
	grid.lines.forEach((line, y) => {
		for (let x = 0; x < grid.columns; x++) {
			context.fillStyle = heatColor(line.counts[x] ?? 0, most, scale);
			const left = Math.floor(x * width / grid.columns), top = Math.floor(y * height / grid.lines.length);
			context.fillRect(left, top, Math.floor((x + 1) * width / grid.columns) - left,
				Math.floor((y + 1) * height / grid.lines.length) - top);
		}
	});
}

function labelHeat(context, grid, height) {
	const labels = [[grid.lines[0].bucket + HEAT_BUCKETS, 3], [grid.lines.at(-1).bucket, height - 17]];
	context.font = "11px monospace";
	context.textBaseline = "top";
	for (const [bucket, y] of labels) {
		const text = formatNs(bucketFloor(bucket));
		context.fillStyle = styleColor("--panel");
		context.fillRect(2, y - 1, context.measureText(text).width + 4, 14);
		context.fillStyle = styleColor("--text");
		context.fillText(text, 4, y + 1);
	}
}

function showHeat(row) {
	const canvas = byId("heat"), {width, height} = CHART, ratio = window.devicePixelRatio;
	canvas.width = width * ratio;
	canvas.height = height * ratio;
	const context = canvas.getContext("2d");
	context.scale(ratio, ratio);
	if (!row.heat.length)
		return;
	const grid = heatGrid(row);
	drawHeat(context, grid, width, height);
	labelHeat(context, grid, height);
	canvas.onmousemove = (event) => {
		const x = Math.floor(event.offsetX / canvas.clientWidth * grid.columns);
		const line = grid.lines[Math.floor(event.offsetY / canvas.clientHeight * grid.lines.length)];
		canvas.title = line ? `from ${formatNs(x * table.figures.heat_column)} on, ${formatNs(bucketFloor(line.bucket))} ` +
			`to ${formatNs(bucketFloor(line.bucket + HEAT_BUCKETS))}: ${formatCount(line.counts[x] ?? 0)}` : "";
	};
}
