// Convergence: the spread on a log scale with the predicted line, and what every node says.
// The estimates of the last minute are drawn on: the picture moves left by whole pixels and only
// the newest piece is added, so that a point costs one line a node and not a whole picture.

import { clean, clock, fit, ink, number } from "./draw.js";
import { RECENT_US, isSuspect, store } from "./store.js";

const LEFT = 46, BOTTOM = 14, TOP = 4, RIGHT = 4;
const SEGMENTS_MAX = 24000; // of a whole picture
const SLACK_PX = 24; // kept free at the right so that the picture moves in steps

const spreadCanvas = document.getElementById("spread");
const estimates = document.getElementById("estimates");
const plot = document.createElement("canvas"); // the estimates without axes
let whole = false, drawn = { version: -1 }, scaleY = null;

export const showWhole = (on) => { whole = on; drawn = { version: -1 }; };
export const isWhole = () => whole;
export const reset = () => { drawn = { version: -1 }; scaleY = null; };

function range() {
  const points = whole ? store.whole : store.recent;
  const end = points.length ? points[points.length - 1][0] : store.t;
  const begin = whole ? (points.length ? points[0][0] : 0) : end - RECENT_US;
  return { points, begin, end: Math.max(end, begin + 1) };
}

export function drawCourse() {
  const view = range();
  drawSpread(view);
  drawEstimates(view);
}

function frame(canvas) {
  const ctx = clean(canvas);
  const wide = canvas.wide - LEFT - RIGHT, tall = canvas.tall - TOP - BOTTOM;
  ctx.lineWidth = 1;
  return { ctx, wide, tall };
}

function timeAxis(ctx, view, wide, tall) {
  const span = view.end - view.begin, rough = span / Math.max(2, wide / 90) / 1e6;
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400].find((s) => s >= rough) || 86400;
  ctx.fillStyle = ink.dim;
  ctx.textAlign = "center";
  for (let t = Math.ceil(view.begin / 1e6 / step) * step; t * 1e6 <= view.end; t += step) {
    const x = LEFT + ((t * 1e6 - view.begin) / span) * wide;
    if (t >= 0 && x > LEFT + 14 && x < LEFT + wide - 10) ctx.fillText(clock(t * 1e6).replace(".0 s", " s"), x, TOP + tall + 12);
  }
}

function cursor(ctx, view, wide, tall) {
  // One path: where faults overlap the shade stays the same.
  ctx.beginPath();
  for (const [, , , from, to] of store.slow.faults || []) {
    const a = LEFT + ((from - view.begin) / (view.end - view.begin)) * wide;
    const b = LEFT + (((to ?? view.end) - view.begin) / (view.end - view.begin)) * wide;
    const left = Math.max(LEFT, a), right = Math.min(LEFT + wide, Math.max(b, a + 2));
    if (right > left) ctx.rect(left, TOP, right - left, tall);
  }
  ctx.fillStyle = ink.warn;
  ctx.globalAlpha = 0.13;
  ctx.fill();
  ctx.globalAlpha = 1;
  if (!store.past) return;
  const x = LEFT + ((store.past.t - view.begin) / (view.end - view.begin)) * wide;
  if (x < LEFT || x > LEFT + wide) return;
  ctx.strokeStyle = ink.pick;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x, TOP);
  ctx.lineTo(x, TOP + tall);
  ctx.stroke();
}

function drawSpread(view) {
  fit(spreadCanvas);
  const { ctx, wide, tall } = frame(spreadCanvas);
  let most = 10;
  for (const point of view.points) if (point[0] >= view.begin && point[1] > most) most = point[1];
  const decades = Math.ceil(Math.log10(most));
  const y = (value) => TOP + tall - (Math.log10(Math.max(1, value)) / decades) * tall;
  const x = (t) => LEFT + ((t - view.begin) / (view.end - view.begin)) * wide;
  ctx.textAlign = "right";
  for (let power = 0; power <= decades; power += decades > 4 ? 2 : 1) {
    ctx.strokeStyle = ink.line;
    ctx.beginPath();
    ctx.moveTo(LEFT, y(10 ** power));
    ctx.lineTo(LEFT + wide, y(10 ** power));
    ctx.stroke();
    ctx.fillStyle = ink.dim;
    ctx.fillText(number(10 ** power), LEFT - 5, y(10 ** power) + (power === decades ? 8 : 3));
  }
  ctx.save();
  ctx.beginPath();
  ctx.rect(LEFT, 0, wide, TOP + tall + 1);
  ctx.clip();
  predicted(ctx, view, x, y);
  ctx.strokeStyle = ink.accent;
  ctx.lineWidth = 1.6;
  ctx.beginPath();
  let on = false;
  for (const [t, spread] of view.points) {
    if (spread === null) { on = false; continue; }
    if (on) ctx.lineTo(x(t), y(spread)); else ctx.moveTo(x(t), y(spread));
    on = true;
  }
  ctx.stroke();
  ctx.restore();
  cursor(ctx, view, wide, tall);
  timeAxis(ctx, view, wide, tall);
}

// From each epoch's first spread on, what plain averaging on this graph would leave.
function predicted(ctx, view, x, y) {
  const { rho, period_ms: period } = store.facts, epochs = store.slow.epochs || [];
  if (!rho || rho >= 1) return;
  ctx.strokeStyle = ink.dim;
  ctx.lineWidth = 1.2;
  ctx.setLineDash([5, 4]);
  ctx.beginPath();
  epochs.forEach(([t, , spread], at) => {
    const next = at + 1 < epochs.length ? epochs[at + 1][0] : view.end;
    if (next < view.begin || spread < 2) return;
    const until = Math.min(next, t + (Math.log(1 / spread) / Math.log(rho)) * period * 1000);
    const left = spread * rho ** ((until - t) / 1000 / period);
    ctx.moveTo(x(t), y(spread));
    ctx.lineTo(x(until), y(left));
    ctx.lineTo(x(next), y(left));
  });
  ctx.stroke();
  ctx.setLineDash([]);
}

// -- estimates ----------------------------------------------------------------------------------

function limits(view) {
  let low = Infinity, high = -Infinity;
  for (const point of view.points) {
    if (point[0] < view.begin) continue;
    for (const value of point[2]) {
      if (value === null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  const { lo_q: lo, hi_q: hi } = store.facts;
  if (lo !== null && hi !== null) [low, high] = [Math.max(low, lo), Math.min(high, hi)];
  const room = Math.max(1, (high - low) * 0.06);
  return [low - room, high + room];
}

// Kept while it fits: a scale that moved with each value could not be read.
function settle(view) {
  const [low, high] = limits(view);
  const fits = scaleY && low >= scaleY[0] && high <= scaleY[1] && high - low > 0.5 * (scaleY[1] - scaleY[0]);
  if (!fits) scaleY = [low, high];
  return !fits;
}

function drawEstimates(view) {
  const resized = fit(estimates);
  const { ctx, wide, tall } = frame(estimates);
  const scale = estimates.scale;
  const moved = settle(view);
  const stale = resized || moved || drawn.whole !== whole || drawn.picked !== store.picked
    || drawn.suspects !== suspects() || drawn.version < 0 || drawn.ink !== ink.accent;
  if (stale || (whole && drawn.version !== store.version.points)) redraw(view, wide, tall, scale);
  else if (drawn.version !== store.version.points) extend(view, wide, tall, scale);
  drawn.version = store.version.points;
  ctx.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    const value = scaleY[0] + (scaleY[1] - scaleY[0]) * share, at = TOP + tall * (1 - share);
    ctx.strokeStyle = ink.line;
    ctx.beginPath();
    ctx.moveTo(LEFT, at);
    ctx.lineTo(LEFT + wide, at);
    ctx.stroke();
    ctx.fillStyle = ink.dim;
    ctx.fillText(number(value), LEFT - 5, at + (share === 1 ? 8 : share === 0 ? 0 : 3));
  }
  if (plot.width) {
    ctx.drawImage(plot, 0, 0, plot.width, plot.height, LEFT, TOP, plot.width / scale, plot.height / scale);
  }
  cursor(ctx, { begin: drawn.begin, end: drawn.end }, wide, tall);
  timeAxis(ctx, { begin: drawn.begin, end: drawn.end }, wide, tall);
}

const suspects = () => store.order.filter((one) => isSuspect(store.nodes.get(one))).join();

function redraw(view, wide, tall, scale) {
  plot.width = Math.round(wide * scale);
  plot.height = Math.round(tall * scale);
  const slack = whole ? 0 : (view.end - view.begin) * (SLACK_PX / wide);
  drawn = { whole, picked: store.picked, suspects: suspects(), ink: ink.accent, begin: view.begin + slack, end: view.end + slack };
  const points = view.points.filter((point) => point[0] >= drawn.begin);
  const every = Math.max(1, Math.ceil((points.length * store.columns.length) / SEGMENTS_MAX));
  lines(points.filter((_, at) => at % every === 0 || at === points.length - 1));
  drawn.last = points[points.length - 1];
}

function extend(view, wide, tall, scale) {
  const fresh = view.points.filter((point) => !drawn.last || point[0] > drawn.last[0]);
  if (!fresh.length) return;
  const perPx = (drawn.end - drawn.begin) / plot.width, end = fresh[fresh.length - 1][0];
  if (end > drawn.end) {
    const shift = Math.ceil((end - drawn.end) / perPx) + Math.round(SLACK_PX * scale);
    if (shift >= plot.width) { redraw(view, wide, tall, scale); return; }
    const ctx = plot.getContext("2d");
    ctx.globalCompositeOperation = "copy";
    ctx.drawImage(plot, -shift, 0);
    ctx.globalCompositeOperation = "source-over";
    drawn.begin += shift * perPx;
    drawn.end += shift * perPx;
  }
  lines(drawn.last ? [drawn.last, ...fresh] : fresh);
  drawn.last = fresh[fresh.length - 1];
}

function lines(points) {
  const ctx = plot.getContext("2d");
  const x = (t) => ((t - drawn.begin) / (drawn.end - drawn.begin)) * plot.width;
  const y = (value) => {
    const share = (value - scaleY[0]) / (scaleY[1] - scaleY[0]);
    return plot.height * (1 - Math.min(1.02, Math.max(-0.02, share)));
  };
  const xs = points.map((point) => x(point[0]));
  const path = (wanted) => {
    ctx.beginPath();
    store.columns.forEach((number, column) => {
      if (!wanted(store.nodes.get(number), number)) return;
      let on = false;
      for (let at = 0; at < points.length; at += 1) {
        const value = points[at][2][column];
        if (value === null || value === undefined) { on = false; continue; }
        if (on) ctx.lineTo(xs[at], y(value)); else ctx.moveTo(xs[at], y(value));
        on = true;
      }
    });
    ctx.stroke();
  };
  ctx.lineJoin = "bevel";
  ctx.globalAlpha = store.columns.length > 40 ? 0.45 : 0.8;
  ctx.lineWidth = 1 * estimates.scale;
  ctx.strokeStyle = ink.accent;
  path((one) => one && !isSuspect(one));
  ctx.globalAlpha = 1;
  ctx.strokeStyle = ink.bad;
  ctx.lineWidth = 1.5 * estimates.scale;
  path((one) => one && isSuspect(one));
  if (store.picked !== null) {
    ctx.strokeStyle = ink.pick;
    ctx.lineWidth = 2.5 * estimates.scale;
    path((one, number) => number === store.picked);
  }
}
