// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// The table of regions: it knows no column by itself but those of the bar.

const SPLIT = ["cpu_ns", "wait_ns", "blocked_ns"];

const table = {figures: null, index: {}, columns: [], sort: "total_ns", down: true, selected: null};

function valueOf(row, key) {
	return row.cells[table.index[key]];
}

function nameOf(row) {
	return row.cells[0];
}

// Those of use, as in a terminal: what went wrong only where something did.
function isShown([key, , , unit, shown], figures) {
	const any = figures.rows.some((row) => valueOf(row, key));
	return shown && unit !== "flag" && (unit !== "count" || key === "count" || any);
}

function setUpTable(figures) {
	table.figures = figures;
	figures.columns.forEach(([key], i) => { table.index[key] = i; });
	table.columns = figures.columns.filter((column) => isShown(column, figures));
	if (figures.rows.length)
		table.selected = nameOf(figures.rows[0]);
	showTable();
	if (figures.rows_left_out)
		say("regions-left-out", `To keep this page small ${formatCount(figures.rows_left_out)} more regions, ` +
			"those of the least time, are not in this table.");
}

// ---- order

function sortedRows() {
	const key = table.sort, sign = table.down ? -1 : 1;
	return table.figures.rows.filter((row) => isMatch(nameOf(row))).sort((a, b) => {
		const x = valueOf(a, key), y = valueOf(b, key);
		const order = typeof x === "string" ? x.localeCompare(y) : (x ?? -1) - (y ?? -1);
		return order ? sign * order : nameOf(a).localeCompare(nameOf(b));
	});
}

function sortBy(key, unit) {
	table.down = table.sort === key ? !table.down : unit !== "text";
	table.sort = key;
	showTable();
}

// ---- cells

function bar(row) {
	const parts = SPLIT.map((key) => valueOf(row, key) ?? 0);
	const sum = parts[0] + parts[1] + parts[2];
	const cell = element("td", {class: "bar"});
	if (!sum)
		return cell;
	cell.title = ["running", "waiting", "asleep"]
		.map((name, i) => `${name} ${(100 * parts[i] / sum).toFixed(1)} %`).join(", ");
	parts.forEach((part, i) => {
		const piece = element("span", {class: ["running", "waiting", "asleep"][i]});
		piece.style.width = `${100 * part / sum}%`;
		cell.append(piece);
	});
	return cell;
}

function cellText(value, unit) {
	if (value === null)
		return "-";
	return unit === "ns" ? formatNs(value) : unit === "text" ? value : formatCount(value);
}

function bodyRow(row) {
	const cells = table.columns.map(([key, , , unit]) =>
		element("td", {class: unit === "text" ? "text" : "number"}, cellText(valueOf(row, key), unit)));
	const line = element("tr", {tabindex: "0"}, cells[0], bar(row), ...cells.slice(1));
	line.setAttribute("aria-selected", nameOf(row) === table.selected);
	line.addEventListener("click", () => selectRegion(nameOf(row)));
	line.addEventListener("keydown", (event) => {
		if (event.key === "Enter")
			selectRegion(nameOf(row));
	});
	return line;
}

function headCell([key, title, help, unit]) {
	const button = element("button", {type: "button", title: help, "data-sort": key}, title);
	const cell = element("th", {scope: "col"}, button);
	if (table.sort === key)
		cell.setAttribute("aria-sort", table.down ? "descending" : "ascending");
	button.addEventListener("click", () => {
		sortBy(key, unit);
		byId("regions").querySelector(`[data-sort="${key}"]`).focus();
	});
	return cell;
}

function showTable() {
	const heads = table.columns.map(headCell), rows = sortedRows();
	const barHead = element("th", {scope: "col"}, "TIME");
	byId("regions").replaceChildren(
		element("thead", {}, element("tr", {}, heads[0], barHead, ...heads.slice(1))),
		element("tbody", {}, ...rows.map(bodyRow)));
}

function selectRegion(name) {
	table.selected = name;
	showTable();
	showRegion();
	hot.ofAll = false;
	showHot();
}
