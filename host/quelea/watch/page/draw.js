// Canvas helpers: sizes, colours of the theme, numbers for people.

const dark = matchMedia("(prefers-color-scheme: dark)");
export const ink = {};

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "panel", "line", "soft", "ink", "dim", "accent", "good", "warn", "bad",
    "below", "middle", "above", "edge", "pick"]) {
    ink[name] = style.getPropertyValue(`--${name}`).trim();
  }
  ink.font = `11px ${style.getPropertyValue("--font").trim()}`;
  ink.ramp = ramp(ink.below, ink.middle, ink.above);
}

export function onTheme(change) {
  dark.addEventListener("change", () => { readColours(); change(); });
}

const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// 65 colours from below over the middle to above.
function ramp(below, mid, above) {
  const [a, b, c] = [below, mid, above].map(parse);
  return Array.from({ length: 65 }, (_, at) => {
    const share = (at - 32) / 32, end = share < 0 ? a : c, by = Math.abs(share);
    return `rgb(${b.map((value, i) => Math.round(value + (end[i] - value) * by)).join(" ")})`;
  });
}

// Distance from the middle on a log scale: one unit can be seen, and so can a thousand.
export function colourOf(value, middle, range) {
  if (!Number.isFinite(value)) return ink.middle;
  const share = Math.log1p(Math.abs(value - middle)) / Math.log1p(Math.max(1, range));
  return ink.ramp[32 + Math.round(32 * Math.min(1, share) * Math.sign(value - middle))];
}

// Sizes are told, not asked for: to ask after other panels were written would lay the page out.
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) [target.wide, target.tall] = [contentRect.width, contentRect.height];
});

// A canvas as large as its box; true when it was changed, so that all must be drawn anew.
export function fit(canvas) {
  if (canvas.wide === undefined) {
    [canvas.wide, canvas.tall] = [canvas.clientWidth, canvas.clientHeight];
    sizes.observe(canvas);
  }
  const scale = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [Math.round(canvas.wide * scale), Math.round(canvas.tall * scale)];
  canvas.scale = scale;
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

export function clean(canvas) {
  const ctx = canvas.getContext("2d");
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, canvas.width, canvas.height);
  ctx.setTransform(canvas.scale, 0, 0, canvas.scale, 0, 0);
  ctx.font = ink.font;
  return ctx;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const number = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const seconds = (value) => (value === null ? "–" : value < 9.95 ? value.toFixed(1) : whole.format(value));

export function clock(us) {
  const s = Math.max(0, us / 1e6), minutes = Math.floor(s / 60), hours = Math.floor(minutes / 60);
  const two = (value) => String(value).padStart(2, "0");
  if (hours) return `${hours}:${two(minutes % 60)}:${two(Math.floor(s % 60))}`;
  return minutes ? `${minutes}:${two(Math.floor(s % 60))}` : `${s.toFixed(1)} s`;
}

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  return value < 10240 ? `${whole.format(value)} B` : `${whole.format(value / 1024)} KB`;
}

export function setText(element, text) {
  if (element.firstChild?.nodeValue !== text) element.textContent = text;
}

export function setClass(element, name) {
  if (element.className !== name) element.className = name;
}

export function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}
