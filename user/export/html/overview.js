// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// What was traced, where and how; and, louder, what is not in the figures.

function showFact(name, value) {
	if (value)
		byId("overview").append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

function showRun(run) {
	showFact("File", run.file);
	showFact("Target", run.target);
	showFact("Host", run.host);
	showFact("Kernel", run.kernel);
	showFact("Began", run.start_time);
	showFact("Duration", formatNs(run.duration));
	showFact("Kept by", run.kept);
}

function notice(text) {
	byId("notices").append(element("li", {}, text));
}

function showNotices(figures) {
	for (const [n, meaning] of figures.lost)
		notice(`lost: ${formatCount(n)} ${meaning}`);
	for (const run of figures.runs) {
		if (run.cut)
			notice(`${run.file}: the record ends before its run did`);
		if (run.kept)
			notice(`${run.file} holds a part of its run (${run.kept}): figures are of that part`);
	}
	byId("notices").hidden = !byId("notices").childElementCount;
}

function showOverview(figures) {
	say("title", figures.version);
	figures.runs.forEach(showRun);
	showFact("Probes", `${formatCount(figures.probes)}, ${figures.attach_mode}` +
		(figures.slow_sites ? `, ${formatCount(figures.slow_sites)} at slow sites` : ""));
	if (figures.ns_per_region)
		showFact("Cost of a region", formatNs(figures.ns_per_region));
	showFact("Lost", figures.lost.length ? "see below" : "nothing");
	showNotices(figures);
}
