// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// The flame graph of paths: a box for each, as wide as its time, below what it was entered from.

const flame = {root: null, zoomed: null};
const FLAME_LINE = 18; // pixels, as the style sheet has it
const FLAME_NARROW = 0.001; // of the width: narrower ones are not drawn

// From rows in depth-first order. What outlives its parent makes that as wide as it needs.
function makeTree(rows) {
	const root = {name: "all", depth: -1, children: [], total: 0, count: 0};
	const path = [root];
	for (const [name, depth, count, total, self] of rows) {
		path.length = depth + 1;
		const node = {name, depth, count, total, self, parent: path[depth], children: []};
		path[depth].children.push(node);
		path.push(node);
	}
	return root;
}

function measure(node) {
	const order = [node];
	for (let i = 0; i < order.length; i++)
		order.push(...order[i].children);
	for (const one of order.reverse()) {
		const inside = one.children.reduce((sum, child) => sum + child.width, 0);
		one.width = Math.max(one.total, inside);
	}
}

function setUpFlame(figures) {
	flame.root = makeTree(figures.tree);
	measure(flame.root);
	flame.zoomed = flame.root;
	showFlame();
	if (figures.tree_left_out)
		say("flame-hint", `To keep this page small ${formatCount(figures.tree_left_out)} more paths, ` +
			"those of the least time, are not in it.");
}

// ---- drawing

function pathOf(node) {
	const names = [];
	for (let at = node; at.parent; at = at.parent)
		names.unshift(at.name);
	return names.join(" › ");
}

function boxText(node) {
	return `${pathOf(node)}: ${formatCount(node.count)} times, ${formatNs(node.total)} in all, ${formatNs(node.self)} of its own`;
}

// left and width: shares of 1.
function box(node, left, width, line) {
	const button = element("button", {type: "button", class: "box", title: boxText(node)}, node.name);
	button.classList.toggle("found", Boolean(search.text) && isMatch(node.name));
	button.style.left = `${100 * left}%`;
	button.style.width = `${100 * width}%`;
	button.style.top = `${line * FLAME_LINE}px`;
	button.style.backgroundColor = cssOf(rgbOf(node.name));
	button.addEventListener("click", () => zoomFlame(node));
	return button;
}

function zoomFlame(node) {
	flame.zoomed = flame.zoomed === node ? flame.root : node;
	showFlame();
}

// Its boxes, those above it over the whole width; not recursive, as paths may be deep.
function boxesOf(zoomed) {
	const boxes = [];
	for (let at = zoomed.parent; at && at.parent; at = at.parent)
		boxes.push(box(at, 0, 1, at.depth));
	const todo = [[zoomed, 0, 1]];
	while (todo.length) {
		const [node, left, width] = todo.pop();
		if (node.parent)
			boxes.push(box(node, left, width, node.depth));
		let from = left;
		for (const child of node.children) {
			const share = node.width ? width * child.width / node.width : 0;
			if (share >= FLAME_NARROW)
				todo.push([child, from, share]);
			from += share;
		}
	}
	return boxes;
}

function showFlame() {
	const boxes = boxesOf(flame.zoomed);
	const lines = 1 + boxes.reduce((most, one) => Math.max(most, parseInt(one.style.top, 10) / FLAME_LINE), 0);
	const area = element("div", {class: "boxes"}, ...boxes);
	area.style.height = `${lines * FLAME_LINE}px`;
	byId("flame").replaceChildren(area);
}
