// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Rows of the timeline as pixels. A canvas draws a rectangle too slowly for a million of them, so a
 * row is painted as one line of pixels, which is then copied to its height. Where many instances
 * share a pixel, what is looked at is the first of each pixel: the next one is found by doubling
 * steps and a binary search. How much of the pixel they fill is a difference of two sums. So a frame
 * costs as many steps as it has pixels, however many instances there are.
 */

const SHADES = 8; // of a colour that shares its pixel with the background

// colors[token * SHADES + shade], the last shade being the colour itself; then one for edges.
function makePalette(data) {
	const background = pixelOf(rgbOfStyle("--panel")), edge = pixelOf(rgbOfStyle("--text"));
	const shades = new Uint32Array(data.names.length * SHADES);
	const edges = new Uint32Array(data.names.length);
	data.names.forEach((name, token) => {
		const pixel = pixelOf(rgbOf(name));
		for (let shade = 0; shade < SHADES; shade++)
			shades[token * SHADES + shade] = mixed(pixel, background, (shade + 1) / SHADES);
		edges[token] = mixed(pixel, edge, 0.75);
	});
	return {background, shades, edges};
}

// The first from `at` on that begins at `time` or later.
function gallop(start, time, at, last) {
	let step = 1;
	while (at + step < last && start[at + step] < time)
		step *= 2;
	let from = at + (step >> 1), to = Math.min(at + step, last);
	while (from < to) {
		const middle = (from + to) >>> 1;
		if (start[middle] < time)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

// Those that are wide enough for a name are added to `wide`: [instance, left, right].
function paintRow(pixels, data, row, view, palette, wide, least) {
	const {start, end, busy, token} = data, n = pixels.length;
	const scale = n / (view.to - view.from);
	pixels.fill(palette.background);
	let at = countBelow((i) => end[i], view.from, row.first, row.last);
	while (at < row.last && start[at] < view.to) {
		const left = (start[at] - view.from) * scale, right = (end[at] - view.from) * scale;
		if (right - left < 1) {
			at = paintShared(pixels, data, row, at, left, view, palette);
			continue;
		}
		const from = Math.max(0, Math.round(left)), to = Math.min(n, Math.round(right));
		pixels.fill(palette.shades[token[at] * SHADES + SHADES - 1], from, to);
		if (to - from > 3)
			pixels[from] = palette.edges[token[at]];
		if (to - from >= least)
			wide.push([at, from, to]);
		at++;
	}
}

// One pixel of several instances; returns the first one behind it.
function paintShared(pixels, data, row, at, left, view, palette) {
	const scale = pixels.length / (view.to - view.from);
	const x = Math.max(0, Math.floor(left));
	const next = Math.max(at + 1, gallop(data.start, view.from + (x + 1) / scale, at, row.last));
	const share = (data.busy[next] - data.busy[at]) * scale;
	// One alone in a pixel is still to be seen.
	const shade = Math.min(SHADES - 1, Math.max(SHADES / 2, Math.floor(share * SHADES)));
	if (x < pixels.length)
		pixels[x] = palette.shades[data.token[at] * SHADES + shade];
	return next;
}
