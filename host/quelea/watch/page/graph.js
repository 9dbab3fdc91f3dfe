// Who hears whom: nodes coloured by value, links that nobody names any more in red.
// Links are drawn on a canvas of their own and again only when one of them changes.

import { clean, colourOf, fit, ink, number } from "./draw.js";
import { Layout } from "./layout.js";
import { isWrong, middle, node, noticed, shown, store } from "./store.js";

const BORDER = 16;
const canvas = document.getElementById("graph");
const under = document.createElement("canvas");
let layout = null, members = -1, seen = "", hovered = null;
let pick = () => {}, tip = () => {};

export function startGraph(onPick, onTip) {
  pick = onPick;
  tip = onTip;
  canvas.addEventListener("pointermove", (event) => point(near(event), event));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => { const one = near(event); pick(one); });
  canvas.addEventListener("keydown", key);
  canvas.addEventListener("focus", () => point(hovered ?? store.picked ?? store.order[0]));
  canvas.addEventListener("blur", () => point(null));
}

export const resetGraph = () => { seen = ""; };

function links() {
  const found = [];
  for (const number of store.order) {
    for (const other of store.nodes.get(number).neighbours) {
      if (number < other && store.nodes.has(other)) found.push([number, other]);
    }
  }
  return found;
}

export function drawGraph() {
  if (members !== store.version.members) {
    members = store.version.members;
    layout = new Layout(store.order, links());
    seen = "";
  }
  const resized = fit(canvas);
  const settling = !layout.resting;
  if (settling) layout.settle();
  if (settling || resized || !layout.px) {
    layout.place(canvas.wide, canvas.tall, BORDER);
    seen = "";
  }
  drawLinks();
  const ctx = clean(canvas);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  if (under.width) ctx.drawImage(under, 0, 0);
  ctx.setTransform(canvas.scale, 0, 0, canvas.scale, 0, 0);
  const focus = hovered ?? store.picked;
  if (focus !== null && node(focus)) highlight(ctx, node(focus));
  drawNodes(ctx, focus);
  if (!store.order.length) {
    ctx.fillStyle = ink.dim;
    ctx.fillText("No node was heard yet.", 12, 20);
  } else if (!layout.edges.length) {
    ctx.fillStyle = ink.dim;
    ctx.fillText("Who is whose neighbour is not known here.", 12, 14);
  }
  return settling;
}

const hears = (one, other) => {
  const slot = one.neighbours.indexOf(other.number);
  return slot < 0 ? "0" : one.hears?.[slot] ?? "0";
};

function drawLinks() {
  const nodes = shown().nodes;
  let state = `${ink.edge} ${canvas.width} ${canvas.height} `;
  for (const number of store.order) state += (nodes.get(number)?.hears ?? "") + nodes.get(number)?.present;
  if (state === seen) return;
  seen = state;
  under.width = canvas.width;
  under.height = canvas.height;
  const ctx = under.getContext("2d");
  ctx.setTransform(canvas.scale, 0, 0, canvas.scale, 0, 0);
  const sets = { both: [], half: [], none: [] };
  layout.edges.forEach(([a, b]) => {
    const one = nodes.get(layout.numbers[a]), other = nodes.get(layout.numbers[b]);
    if (!one || !other || !one.present || !other.present) return; // an absent node says it by itself
    if (!Number.isFinite(one.seq) || !Number.isFinite(other.seq)) return;
    const [to, from] = [hears(one, other), hears(other, one)];
    // What cannot be told is taken to be as the other way.
    const count = (to === "1" || (to === "?" && from === "1")) + (from === "1" || (from === "?" && to === "1"));
    sets[["none", "half", "both"][count]].push([a, b]);
  });
  const stroke = (set, colour, width, alpha, dash) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.globalAlpha = alpha;
    ctx.setLineDash(dash);
    ctx.beginPath();
    for (const [a, b] of set) {
      ctx.moveTo(layout.px[a], layout.py[a]);
      ctx.lineTo(layout.px[b], layout.py[b]);
    }
    ctx.stroke();
  };
  const crowded = layout.edges.length > 400;
  stroke(sets.both, ink.edge, crowded ? 0.6 : 1, crowded ? 0.7 : 1, []);
  stroke(sets.half, ink.warn, 1.6, 1, [4, 3]);
  stroke(sets.none, ink.bad, 2, 1, []);
}

function highlight(ctx, one) {
  const at = layout.index.get(one.number);
  ctx.strokeStyle = ink.pick;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const other of one.neighbours) {
    const to = layout.index.get(other);
    if (to === undefined) continue;
    ctx.moveTo(layout.px[at], layout.py[at]);
    ctx.lineTo(layout.px[to], layout.py[to]);
  }
  ctx.stroke();
}

function drawNodes(ctx, focus) {
  const { lo_q: lo, hi_q: hi } = store.facts;
  const mid = middle(), levels = noticed(), count = layout.count;
  const range = lo !== null && hi !== null ? (hi - lo) / 2 : Math.abs(mid) || 1;
  const size = count > 120 ? 5 : count > 40 ? 7 : 9;
  for (let at = 0; at < count; at += 1) {
    const one = shown().nodes.get(layout.numbers[at]);
    if (!one) continue;
    const x = layout.px[at], y = layout.py[at];
    ctx.fillStyle = colourOf(one.value_q, mid, range);
    ctx.beginPath();
    if (one.liar) {
      const far = size * 1.25;
      ctx.moveTo(x, y - far); ctx.lineTo(x + far, y); ctx.lineTo(x, y + far); ctx.lineTo(x - far, y);
      ctx.closePath();
    } else ctx.arc(x, y, size, 0, 2 * Math.PI);
    if (one.present) ctx.fill();
    ctx.lineWidth = 1;
    ctx.strokeStyle = ink.panel;
    ctx.stroke();
    ring(ctx, one, x, y, size, levels.get(one.number));
    if (one.number === focus) {
      ctx.strokeStyle = ink.pick;
      ctx.lineWidth = 2.5;
      ctx.beginPath();
      ctx.arc(x, y, size + 6, 0, 2 * Math.PI);
      ctx.stroke();
    }
  }
  if (count <= 60 || levels.size) label(ctx, size, levels, count <= 60);
}

function ring(ctx, one, x, y, size, level) {
  let colour = null, dash = [];
  if (isWrong(one) || level === "bad") colour = ink.bad;
  else if (level === "warn" && !one.held) colour = ink.warn;
  else if (one.held) [colour, dash] = [ink.warn, [2, 2]];
  if (!one.present) [colour, dash] = [level === "bad" ? ink.bad : ink.dim, [3, 3]];
  if (!colour) return;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 3;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.arc(x, y, size + 2, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.setLineDash([]);
}

function label(ctx, size, levels, all) {
  ctx.textAlign = "center";
  ctx.lineWidth = 3;
  ctx.strokeStyle = ink.panel;
  for (let at = 0; at < layout.count; at += 1) {
    const one = shown().nodes.get(layout.numbers[at]), level = one && levels.get(one.number);
    if (!one || (!all && !level)) continue;
    const below = layout.py[at] + size + 13 < canvas.tall;
    const y = below ? layout.py[at] + size + 12 : layout.py[at] - size - 5;
    ctx.strokeText(one.id, layout.px[at], y);
    ctx.fillStyle = level === "bad" ? ink.bad : level ? ink.warn : ink.dim;
    ctx.fillText(one.id, layout.px[at], y);
  }
}

// -- pointing -----------------------------------------------------------------------------------

function near(event) {
  if (!layout?.px) return null;
  let best = null, least = 18 ** 2;
  for (let at = 0; at < layout.count; at += 1) {
    const far = (layout.px[at] - event.offsetX) ** 2 + (layout.py[at] - event.offsetY) ** 2;
    if (far < least) [best, least] = [layout.numbers[at], far];
  }
  return best;
}

function point(one) {
  if (one !== hovered) {
    hovered = one;
    canvas.style.cursor = one === null ? "default" : "pointer";
    pick.changed?.();
  }
  if (one === null || one === undefined || !layout?.index.has(one)) { tip(null); return; }
  const box = canvas.getBoundingClientRect(), at = layout.index.get(one);
  tip(one, box.left + layout.px[at], box.top + layout.py[at]);
}

function key(event) {
  const from = hovered ?? store.picked ?? store.order[0];
  if (event.key === "Enter" || event.key === " ") pick(from);
  else if (event.key === "Escape") pick(null);
  else if (event.key === "Home") point(store.order[0]);
  else if (event.key === "End") point(store.order[store.order.length - 1]);
  else if (event.key.startsWith("Arrow")) point(towards(from, event.key.slice(5)));
  else return;
  event.preventDefault();
}

// The nearest node in the direction of an arrow key; what lies straight ahead is preferred.
function towards(from, way) {
  const at = layout.index.get(from);
  if (at === undefined) return store.order[0];
  const [u, v] = { Left: [-1, 0], Right: [1, 0], Up: [0, -1], Down: [0, 1] }[way];
  let best = from, least = Infinity;
  for (let to = 0; to < layout.count; to += 1) {
    const dx = layout.px[to] - layout.px[at], dy = layout.py[to] - layout.py[at];
    const ahead = dx * u + dy * v, aside = Math.abs(dx * v) + Math.abs(dy * u);
    if (ahead > 1 && ahead + 2 * aside < least) [best, least] = [layout.numbers[to], ahead + 2 * aside];
  }
  return best;
}

export const describe = (one) => `${one.id}: ${number(one.value_q)}, ${one.reason}`;
