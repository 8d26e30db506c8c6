// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// What is typed there is looked for in all parts: tables leave out the rest, pictures grey it.

const search = {text: ""};

function showFound() {
	const {rows} = table.figures;
	const n = rows.filter((row) => isMatch(nameOf(row))).length;
	say("found", search.text ? `${formatCount(n)} of ${formatCount(rows.length)} regions` : "");
}

function onSearch() {
	search.text = byId("search").value.toLowerCase();
	showFound();
	showTable();
	showFlame();
	showHot();
	showSlowest();
	repaint();
}
