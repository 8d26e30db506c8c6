// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// What was traced, where and how; and, louder, what is not in the figures.

// A line of pairs of a name and a value; those without a value are not there.
function showFacts(facts) {
	const pairs = Object.entries(facts).filter(([, value]) => value);
	byId("overview").append(element("dl", {}, ...pairs.map(([name, value]) =>
		element("div", {}, element("dt", {}, name), element("dd", {}, value)))));
}

function showRun(run) {
	showFacts({
		File: run.file, Target: run.target, Host: run.host, Kernel: run.kernel, Began: run.start_time,
		Duration: formatNs(Math.max(0, run.duration - run.from)), "Kept by": run.kept, Part: run.part,
	});
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
		if (run.part)
			notice(`this page shows only a part of ${run.file} (${run.part})`);
	}
	byId("notices").hidden = !byId("notices").childElementCount;
}

function showOverview(figures) {
	say("title", figures.version);
	figures.runs.forEach(showRun);
	showFacts({
		Probes: `${formatCount(figures.probes)}, ${figures.attach_mode}` +
			(figures.slow_sites ? `, ${formatCount(figures.slow_sites)} at slow sites` : ""),
		"Cost of a region": figures.ns_per_region && formatNs(figures.ns_per_region),
		Lost: figures.lost.length ? "see below" : "nothing",
	});
	showNotices(figures);
}
