// Starts the page: the stream, drawing at most once a frame, choosing a node, looking back.

import { neighbours, showActs, startChosen, drawChosen } from "./chosen.js";
import { clock, make, number, onTheme, readColours, setText } from "./draw.js";
import { drawGraph, resetGraph, startGraph } from "./graph.js";
import { drawAttention, drawBudget, drawEvents, drawFigures, drawTraffic, resetPanels, startPanels } from "./panels.js";
import { drawCourse, isWhole, reset as resetCourse, showWhole } from "./spread.js";
import { applyHello, applyPast, applyTick, node, shown, store } from "./store.js";
import { arrange, drawTable, scrollTo, startTable } from "./table.js";

const by = (id) => document.getElementById(id);
const TIP_ROWS = 16;
const SILENT_MS = 12000; // the stream says something at least every 5 s
const cost = { messages: [], frames: [] }; // ms of the main thread, for measurements
let waiting = false, slowSeen = null, tipped = null;

// -- drawing --------------------------------------------------------------------------------------

function draw() {
  waiting = false;
  const begun = performance.now();
  const slow = shown().slow !== slowSeen;
  slowSeen = shown().slow;
  drawFigures();
  drawBudget();
  if (slow) {
    drawAttention();
    arrange();
    drawTraffic();
  } else drawTable();
  drawCourse();
  const settling = drawGraph();
  drawEvents();
  drawChosen();
  if (tipped !== null) fillTip(tipped);
  drawSlider();
  keep(cost.frames, performance.now() - begun);
  if (settling) soon();
}

function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}

function anew() {
  slowSeen = null;
  resetCourse();
  resetGraph();
  resetPanels();
  soon();
}

function keep(list, value) {
  list.push(value);
  if (list.length > 2000) list.shift();
}

// -- the stream -----------------------------------------------------------------------------------

function listen() {
  const stream = new EventSource("/stream");
  const on = (name, apply) => stream.addEventListener(name, (event) => {
    const begun = performance.now();
    const message = JSON.parse(event.data);
    apply(message);
    keep(cost.messages, performance.now() - begun);
    soon();
  });
  on("hello", (message) => {
    applyHello(message);
    setText(by("run"), message.about.where + (message.about.blind ? " (blind)" : ""));
    document.title = `Quelea: ${message.facts.name || message.about.where}`;
    by("back").hidden = !message.about.look;
    if (message.slow?.phase !== "running") { span(true); lastWhole(); }
    showActs();
    anew();
  });
  on("tick", applyTick);
  stream.addEventListener("error", () => { store.connected = false; soon(); });
}

setInterval(() => {
  if (store.heardAt && performance.now() - store.heardAt > SILENT_MS) { store.connected = false; soon(); }
}, 2000);

// -- choosing -------------------------------------------------------------------------------------

function pick(one) {
  store.picked = one;
  if (one !== null && one !== undefined) scrollTo(one);
  else store.picked = null;
  slowSeen = null;
  soon();
}
pick.changed = soon;

function tip(one, x, y) {
  const box = by("tip");
  tipped = one;
  box.hidden = one === null;
  if (one === null) return;
  fillTip(one);
  const wide = box.offsetWidth, tall = box.offsetHeight;
  box.style.left = `${x + 18 + wide > innerWidth ? Math.max(4, x - wide - 18) : x + 18}px`;
  box.style.top = `${Math.max(4, Math.min(y - 20, innerHeight - tall - 6))}px`;
}

function fillTip(one) {
  const now = node(one), box = by("tip");
  if (!now) return;
  const head = make("b", `${now.id}  ${number(now.value_q)}`);
  const table = make("table"), body = make("tbody");
  const top = make("tr");
  for (const title of ["", "value", "heard", "hears it"]) top.append(make("th", title));
  body.append(top);
  const rows = neighbours(now).sort((a, b) => (b[2] === "no") + (b[3] === "no") - (a[2] === "no") - (a[3] === "no"));
  for (const cells of rows.slice(0, TIP_ROWS)) {
    const row = make("tr");
    for (const text of cells) row.append(make("td", text, text === "no" ? "off" : ""));
    body.append(row);
  }
  table.append(body);
  box.replaceChildren(head, make("div", now.reason ?? ""), table);
  if (rows.length > TIP_ROWS) box.append(make("div", `and ${rows.length - TIP_ROWS} more`));
}

// -- time -----------------------------------------------------------------------------------------

let asked = 0, asking = false;

function drawSlider() {
  const slider = by("slider");
  slider.max = (store.t / 1e6).toFixed(1);
  if (!store.past && document.activeElement !== slider) slider.value = slider.max;
  setText(by("slider-time"), clock(store.past ? store.past.t : store.t));
  by("go-live").disabled = !store.past;
}

// One question at a time; while it is under way only the newest position is remembered.
async function look() {
  if (asking) return;
  asking = true;
  while (asked !== null) {
    const t = asked;
    asked = null;
    try {
      const answer = await fetch(`/look?t_us=${Math.round(t * 1e6)}`);
      if (answer.ok) applyPast(await answer.json());
    } catch { store.connected = false; }
    slowSeen = null;
    resetGraph();
    soon();
  }
  asking = false;
}

// A run that is over ends with everybody leaving: what it was like before that is of more use.
function lastWhole() {
  const there = store.whole.map((point) => point[2].filter((value) => value !== null).length);
  const most = Math.max(0, ...there), at = there.findLastIndex((count) => count >= 0.9 * most);
  if (!store.about.look || at < 1 || !most) return;
  asked = store.whole[at][0] / 1e6;
  by("slider").max = (store.t / 1e6).toFixed(1);
  by("slider").value = asked;
  look();
}

function now() {
  store.past = null;
  asked = null;
  anew();
}

function span(whole) {
  showWhole(whole);
  by("span-whole").setAttribute("aria-pressed", whole);
  by("span-recent").setAttribute("aria-pressed", !whole);
  soon();
}

// -- start ----------------------------------------------------------------------------------------

readColours();
onTheme(anew);
startPanels(pick);
startTable(pick);
startGraph(pick, tip);
startChosen(() => pick(null));
by("slider").addEventListener("input", () => { asked = Number(by("slider").value); look(); });
by("go-live").addEventListener("click", now);
by("span-whole").addEventListener("click", () => span(true));
by("span-recent").addEventListener("click", () => span(false));
addEventListener("resize", anew);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") { tip(null); if (store.picked !== null) pick(null); }
});
window.quelea = { store, cost, isWhole }; // for tests and for the curious
listen();
