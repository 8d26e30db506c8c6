// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// What was hot: functions and lines in which samples were taken, of the chosen region or of all that was sampled.

const hot = {samples: null, ofAll: true}; // until a region is chosen

function setUpHot(figures) {
	hot.samples = figures.samples;
	for (const [id, ofAll] of [["hot-all", true], ["hot-region", false]])
		byId(id).addEventListener("click", () => {
			hot.ofAll = ofAll;
			showHot();
		});
	showHot();
}

function whereOf([, file, line, object]) {
	return line ? `${file}:${line}` : file || object;
}

// Without the folders, which the title has.
function shortWhere(where) {
	return where.slice(where.lastIndexOf("/") + 1);
}

// Its share of all samples, and how much CPU time its own, and those of what it called as well, stand for.
function hotRow(profile, hotLine) {
	const [func, , , , self, cumulative] = hotLine, where = whereOf(hotLine);
	const time = (n) => profile.cpu_ns ? formatNs(n * profile.cpu_ns / profile.samples) : formatCount(n);
	const numbers = [(100 * self / profile.samples).toFixed(1), time(self), time(cumulative)];
	return element("tr", {}, element("td", {class: "text", title: func}, func),
		...numbers.map((text) => element("td", {class: "number"}, text)), element("td", {class: "text", title: where}, shortWhere(where)));
}

function showHotTable(id, profile, lines) {
	const head = (title) => element("th", {scope: "col", class: title === "WHERE" ? "text" : "number"}, title);
	byId(id).replaceChildren(
		element("thead", {}, element("tr", {}, ...["FUNCTION", "%TIME", "SELF", "CUMULATIVE", "WHERE"].map(head))),
		element("tbody", {}, ...lines.filter((line) => isMatch(line[0]) || isMatch(whereOf(line))).map((line) => hotRow(profile, line))));
}

function showHot() {
	byId("hot").hidden = !hot.samples;
	if (!hot.samples)
		return;
	const row = selectedRow(), {taken, lost, all} = hot.samples;
	const profile = hot.ofAll ? all : row?.hot ?? {samples: 0, cpu_ns: 0, functions: [], lines: []};
	byId("hot-region").setAttribute("aria-pressed", String(!hot.ofAll));
	byId("hot-all").setAttribute("aria-pressed", String(hot.ofAll));
	say("hot-of", hot.ofAll ? "of all that was sampled" : row ? `in ${nameOf(row)}` : "");
	say("hot-hint", `${formatCount(profile.samples)} of ${formatCount(taken)} samples` +
		(lost ? `, ${formatCount(lost)} more were lost` : "") +
		(profile.cpu_ns ? `, which stand for ${formatNs(profile.cpu_ns)} of CPU time` : "") + ".");
	showHotTable("hot-functions", profile, profile.functions);
	showHotTable("hot-lines", profile, profile.lines.filter(([, , line]) => line));
}
