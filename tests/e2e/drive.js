// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * drive.js PLAYWRIGHT CHROMIUM FOLDER NAME=PAGE...: pages of rptrace report in headless Chromium, as somebody
 * would use them. Prints one JSON object: by NAME what was seen. Pictures go to FOLDER where it is not "-".
 */
"use strict";

const [playwright, browser, folder, ...pages] = process.argv.slice(2);
const {chromium} = require(playwright);

// None of these may ask a network for anything, nor may the page.
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"];

function watch(page, seen) {
	page.on("console", (message) => seen.errors.push(`${message.type()}: ${message.text()}`));
	page.on("pageerror", (error) => seen.errors.push(String(error)));
	page.on("dialog", (dialog) => { seen.errors.push("a dialog"); dialog.dismiss(); });
	page.on("request", (request) => seen.requests.push(request.url()));
}

function texts(page, selector) {
	return page.locator(selector).allTextContents();
}

async function columnOf(page, title) {
	const titles = await texts(page, "#regions th");
	const at = titles.indexOf(title) + 1;
	return texts(page, `#regions tbody td:nth-child(${at})`);
}

async function look(page, seen) {
	seen.title = await page.title();
	seen.overview = await texts(page, "#overview dl div");
	seen.notices = await texts(page, "#notices li");
	seen.regions = await columnOf(page, "REGION");
	seen.counts = await columnOf(page, "COUNT");
	seen.totals = await columnOf(page, "TOTAL");
	seen.bars = await page.locator("#regions td.bar span.running").count();
	seen.markup = await page.locator("img, b, iframe, script:not([type=module])").count();
	seen.histogram = await page.locator("#histogram rect").count();
	seen.boxes = await texts(page, "#flame .box");
	seen.slowest = await texts(page, "#slowest tbody td:first-child");
	seen.slowestNumbers = await texts(page, "#slowest tbody td.number");
	seen.leftOut = await page.textContent("#timeline-left-out");
}

async function hot(page, seen) {
	seen.hasHot = await page.locator("#hot").isVisible();
	if (!seen.hasHot)
		return;
	const functions = () => texts(page, "#hot-functions tbody td:first-child");
	await page.locator("#regions tbody tr").filter({has: page.locator("td", {hasText: /^compute$/})}).click();
	seen.hotOfRegion = [await page.textContent("#hot-of"), await page.textContent("#hot-hint"), ...await functions()];
	seen.hotLines = await texts(page, "#hot-lines tbody td:last-child");
	await page.click("#hot-all");
	seen.hotOfAll = await functions();
	await page.fill("#search", seen.hotOfAll[0].toUpperCase());
	seen.hotFound = await functions();
	await page.fill("#search", "");
}

async function sort(page, seen) {
	await page.click("[data-sort=name]");
	seen.sortedUp = await columnOf(page, "REGION");
	await page.click("[data-sort=name]");
	seen.sortedDown = await columnOf(page, "REGION");
	seen.sortMark = await page.getAttribute("#regions th:first-child", "aria-sort");
	await page.click("[data-sort=count]");
	seen.byCount = await columnOf(page, "COUNT");
}

// What is drawn, as colours: how many pixels of the timeline differ from its first one.
function paintedPixels(page, id) {
	return page.evaluate((canvasId) => {
		const canvas = document.getElementById(canvasId);
		const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
		const pixels = new Uint32Array(image.data.buffer), blank = pixels[pixels.length - 1];
		return pixels.reduce((n, pixel) => n + (pixel !== blank), 0);
	}, id);
}

// The next frame is drawn.
function settled(page) {
	return page.evaluate(() => new Promise((done) =>
		requestAnimationFrame(() => requestAnimationFrame(done))));
}

// What the timeline shows, once that is no longer what it was.
async function rangeAfter(page, before) {
	await page.waitForFunction((text) => document.getElementById("range").textContent !== text, before);
	await settled(page);
	return page.textContent("#range");
}

async function move(page, seen) {
	seen.rangeAll = await rangeAfter(page, "");
	await page.click("#zoom-in");
	seen.rangeIn = await rangeAfter(page, seen.rangeAll);
	await page.locator("#tracks").scrollIntoViewIfNeeded();
	const box = await page.locator("#tracks").boundingBox();
	const right = box.x + box.width, y = box.y + box.height / 2;
	await page.mouse.move(right - 200, y);
	await page.mouse.down();
	await page.mouse.move(right - 400, y, {steps: 4});
	await page.mouse.up();
	seen.rangePanned = await rangeAfter(page, seen.rangeIn);
	await page.focus("#tracks");
	await page.keyboard.press("a");
	seen.rangeKey = await rangeAfter(page, seen.rangePanned);
	await page.keyboard.down("Control");
	await page.mouse.wheel(0, -300);
	await page.keyboard.up("Control");
	seen.rangeWheel = await rangeAfter(page, seen.rangeKey);
	await page.click("#zoom-all");
	seen.rangeBack = await rangeAfter(page, seen.rangeWheel);
	seen.painted = await paintedPixels(page, "tracks-canvas");
	seen.heat = await paintedPixels(page, "heat");
}

async function choose(page, seen) {
	// The shortest of them: one that lasts as long as the run would show what is shown already.
	await page.locator("#slowest tbody tr").last().click();
	seen.instance = await page.textContent("#instance");
	seen.rangeInstance = await rangeAfter(page, seen.rangeBack);
	await page.locator("#regions tbody tr").last().click();
	seen.region = await page.textContent("#region-name");
	seen.regionHint = await page.textContent("#region-hint");
	const narrow = page.locator("#flame .box").last();
	seen.flameName = await narrow.textContent();
	await narrow.evaluate((one) => one.click());
	seen.flameZoomed = await page.locator("#flame .box").evaluateAll((all) =>
		all.filter((one) => one.style.width === "100%").map((one) => one.textContent));
}

async function find(page, seen) {
	await page.fill("#search", seen.regions[0].slice(0, 6).toUpperCase());
	seen.found = await columnOf(page, "REGION");
	seen.foundText = await page.textContent("#found");
	seen.foundSlowest = await texts(page, "#slowest tbody td:first-child");
	await page.fill("#search", "no region has this name");
	seen.foundNone = await columnOf(page, "REGION");
	await page.fill("#search", "");
}

async function light(page, seen) {
	const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	seen.lightColor = await background();
	await page.click("#theme");
	seen.darkColor = await background();
	await settled(page);
	await picture(page, seen.name, "dark");
	await page.click("#theme");
	seen.lightAgain = await background();
}

async function picture(page, name, what) {
	if (folder !== "-")
		await page.screenshot({path: `${folder}/${name}-${what}.png`});
}

async function drive(context, name, path) {
	const page = await context.newPage(), seen = {name, errors: [], requests: []};
	watch(page, seen);
	await page.goto(`file://${path}`);
	await page.waitForSelector("html[data-ready=all]");
	await look(page, seen);
	await picture(page, name, "light");
	await hot(page, seen);
	await sort(page, seen);
	await move(page, seen);
	await choose(page, seen);
	await find(page, seen);
	await light(page, seen);
	await page.close();
	return seen;
}

async function main() {
	const started = await chromium.launch({executablePath: browser, args: QUIET});
	const context = await started.newContext({viewport: {width: 1300, height: 900}, colorScheme: "light"});
	context.setDefaultTimeout(120000); // bounds a hang; nothing waits for it
	const all = {};
	for (const pair of pages) {
		const [name, path] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
		all[name] = await drive(context, name, path);
	}
	await started.close();
	console.log(JSON.stringify(all));
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
