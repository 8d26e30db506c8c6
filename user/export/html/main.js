// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// The page's beginning. All files here are parts of one module.

const systemTheme = window.matchMedia("(prefers-color-scheme: dark)");

function updateTheme() {
	const chosen = document.documentElement.dataset.theme;
	theme.dark = chosen ? chosen === "dark" : systemTheme.matches;
	if (!table.figures)
		return;
	showRegion();
	showFlame();
	repaint();
}

function switchTheme() {
	document.documentElement.dataset.theme = theme.dark ? "light" : "dark";
	updateTheme();
}

function showFigures(figures) {
	showOverview(figures);
	setUpTable(figures);
	showRegion();
	setUpHot(figures);
	setUpFlame(figures);
	setUpSlowest(figures);
	byId("search").addEventListener("input", onSearch);
	byId("theme").addEventListener("click", switchTheme);
	systemTheme.addEventListener("change", updateTheme);
}

async function start() {
	updateTheme();
	try {
		const figures = await unpackFigures();
		showFigures(figures);
		setUpTimeline(await unpackTimeline(), figures.runs);
		document.documentElement.dataset.ready = "all";
	} catch (error) {
		say("failed", `This report cannot be shown: ${error.message}`);
		byId("failed").hidden = false;
	}
}

start();
