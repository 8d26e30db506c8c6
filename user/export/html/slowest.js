// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// The slowest instances of each region; a click shows one in the timeline.

const SLOWEST_SHOWN = 100;

const slowest = {list: [], runs: []};

function setUpSlowest(figures) {
	slowest.runs = figures.runs;
	slowest.list = figures.slowest.map(([name, run, since, ns, cpu, wait, comm, pid, thread, cpuNumber]) =>
		({name, run, since, ns, cpu, wait, comm, pid, thread, cpuNumber}));
	slowest.list.sort((a, b) => b.ns - a.ns);
	say("slowest-hint", `The ${figures.slowest_of_each} slowest of each region` +
		(figures.slowest_left_out ? `, less ${formatCount(figures.slowest_left_out)} to keep this page small` : "") +
		"; a click shows one in the timeline.");
	showSlowest();
}

function slowRow(one) {
	const split = one.cpu === null ? ["-", "-", "-"]
		: [one.cpu, one.wait, one.ns - one.cpu - one.wait].map(formatNs);
	const file = slowest.runs.length > 1 ? `${slowest.runs[one.run - 1].file}: ` : "";
	const numbers = [formatNs(one.ns), formatTime(one.since, one.ns), ...split];
	const line = element("tr", {tabindex: "0"}, element("td", {class: "text"}, one.name),
		...numbers.map((text) => element("td", {class: "number"}, text)),
		element("td", {class: "text"}, `${file}${one.comm} ${one.thread}`), element("td", {class: "number"}, String(one.cpuNumber)));
	line.addEventListener("click", () => showInstance(one));
	line.addEventListener("keydown", (event) => {
		if (event.key === "Enter")
			showInstance(one);
	});
	return line;
}

function showSlowest() {
	const titles = ["REGION", "TIME", "BEGAN", "RUNNING", "WAITING", "ASLEEP", "THREAD", "CPU"];
	const head = (title) => element("th", {scope: "col", class: title === "THREAD" ? "text" : "number"}, title);
	const rows = slowest.list.filter((one) => isMatch(one.name)).slice(0, SLOWEST_SHOWN);
	byId("slowest").replaceChildren(
		element("thead", {}, element("tr", {}, ...titles.map(head))),
		element("tbody", {}, ...rows.map(slowRow)));
}
