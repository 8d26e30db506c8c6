// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// Elements and numbers. Names come from the traced program: they become text nodes and nothing else.

const SVG = "http://www.w3.org/2000/svg";

function byId(id) {
	return document.getElementById(id);
}

function fill(node, attributes, children) {
	for (const [key, value] of Object.entries(attributes))
		node.setAttribute(key, value);
	node.append(...children);
	return node;
}

function element(tag, attributes = {}, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

function svgElement(tag, attributes = {}, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

function say(id, text) {
	byId(id).textContent = text;
}

// ---- numbers for people

const NS_UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

// Three digits, as rptrace's own tables have them.
function formatNs(ns) {
	if (ns === 0)
		return "0 ns";
	const [unit, name] = NS_UNITS.find(([least]) => Math.abs(ns) >= least) ?? [1, "ns"];
	const value = ns / unit;
	const decimals = unit === 1 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return `${value.toFixed(decimals)} ${name}`;
}

// When something of that many ns was: two decimals more than tell it from what is beside it.
function formatTime(ns, least) {
	const decimals = Math.min(9, Math.max(0, 2 - Math.floor(Math.log10(Math.max(least, 1) / 1e9))));
	return `${(ns / 1e9).toFixed(decimals)} s`;
}

// As many digits as `step` needs: two of neighbouring ticks differ.
function formatTick(ns, step) {
	const [unit, name] = NS_UNITS.find(([least]) => step >= least) ?? [1, "ns"];
	return `${Math.round(ns / unit).toLocaleString("en")} ${name}`;
}

function formatCount(n) {
	return n.toLocaleString("en");
}

// 1, 2 or 5 and zeros: at least `least`.
function roundStep(least) {
	const power = 10 ** Math.floor(Math.log10(least));
	return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

// How many of an array that is sorted by `of` come before `value`, between two indexes.
function countBelow(of, value, from, to) {
	while (from < to) {
		const middle = (from + to) >>> 1;
		if (of(middle) < value)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}
