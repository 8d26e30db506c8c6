// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
// A region has one colour wherever it is drawn, made of its name. What a search leaves out is grey.

const theme = {dark: false};

function isMatch(name) {
	return !search.text || name.toLowerCase().includes(search.text);
}

function hueOf(name) {
	let hash = 0;
	for (let i = 0; i < name.length; i++)
		hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
	return (Math.imul(hash, 0x9e3779b1) >>> 8) % 360;
}

// Red, green and blue from 0 to 255, of a hue in degrees, and shares of 0 to 1.
function rgbOfHsl(hue, saturation, lightness) {
	const reach = saturation * Math.min(lightness, 1 - lightness);
	return [0, 8, 4].map((place) => {
		const k = (place + hue / 30) % 12;
		return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
	});
}

function rgbOf(name) {
	if (!isMatch(name))
		return theme.dark ? [58, 62, 68] : [222, 224, 228];
	return theme.dark ? rgbOfHsl(hueOf(name), 0.42, 0.42) : rgbOfHsl(hueOf(name), 0.62, 0.74);
}

function cssOf([red, green, blue]) {
	return `rgb(${red} ${green} ${blue})`;
}

// As a pixel of an ImageData, seen as 32 bits (little-endian, as all that runs a browser today).
function pixelOf([red, green, blue]) {
	return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
}

function mixed(pixel, other, share) {
	const channel = (shift) => {
		const a = pixel >>> shift & 255, b = other >>> shift & 255;
		return Math.round(a * share + b * (1 - share)) << shift;
	};
	return (255 << 24 | channel(16) | channel(8) | channel(0)) >>> 0;
}

// A colour that the style sheet defines.
function styleColor(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function rgbOfStyle(name) {
	return styleColor(name).match(/[0-9a-f]{2}/gi).map((digits) => parseInt(digits, 16));
}
