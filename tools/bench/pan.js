// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * pan.js PLAYWRIGHT CHROMIUM PAGE: how soon a page of rptrace report is there, and how long a frame takes while its
 * timeline is panned. Frames are not held back to those of a screen. Prints one JSON object.
 */
"use strict";

const [playwright, browser, path] = process.argv.slice(2);
const {chromium} = require(playwright);

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-frame-rate-limit", "--disable-gpu-vsync"];
const FRAMES = 100; // at each of the zooms

// From one frame to the next, each with a move of its own; in the page.
function panFrames(frames) {
	return new Promise((done) => {
		const box = document.getElementById("tracks"), times = [];
		let before = 0;
		const frame = (now) => {
			if (before)
				times.push(now - before);
			before = now;
			if (times.length === frames) {
				done(times);
				return;
			}
			const deltaX = times.length % 50 < 25 ? 40 : -40;
			box.dispatchEvent(new WheelEvent("wheel", {deltaX, cancelable: true, bubbles: true}));
			requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	});
}

async function main() {
	const started = await chromium.launch({executablePath: browser, args: FLAGS});
	const page = await started.newPage({viewport: {width: 1600, height: 1000}});
	await page.goto("about:blank");
	const begin = process.hrtime.bigint();
	await page.goto(`file://${path}`);
	await page.waitForSelector("html[data-ready=all]");
	const ready = Number(process.hrtime.bigint() - begin) / 1e6;
	const frames = [];
	await page.locator("#tracks").scrollIntoViewIfNeeded();
	for (let zoom = 0; zoom < 4; zoom++) {
		for (let i = 0; zoom && i < 3; i++)
			await page.click("#zoom-in");
		frames.push(...await page.evaluate(panFrames, FRAMES));
	}
	await started.close();
	frames.sort((a, b) => a - b);
	console.log(JSON.stringify({ready_ms: ready, pan_median_ms: frames[frames.length >> 1], pan_worst_ms: frames.at(-1)}));
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
