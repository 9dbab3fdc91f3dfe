// The node table. Only rows in sight, and some around them, are in the document.

import { make, number, seconds, setClass, setText } from "./draw.js";
import { age, isWrong, noticed, shown, store } from "./store.js";

const table = document.getElementById("table");
const box = table.closest(".scroll");
const find = document.getElementById("find");
const share = (a, b) => (a && b ? `${Math.round((100 * a) / b)} %` : "–");

// name, title, is a number, only where there is room, width in px, text, value to sort by
const COLUMNS = [
  ["id", "node", false, false, 52, (n) => n.id, (n) => n.number],
  ["state", "state", false, true, 68, (n) => n.state || (n.present ? "present" : "–"), (n) => n.state || ""],
  ["wish", "wish", true, false, 60, (n) => number(n.wish_q), (n) => n.wish_q, "What it would take"],
  ["value", "value", true, false, 64, (n) => number(n.value_q), (n) => n.value_q, "Its estimate; of a liar its claim"],
  ["cap", "cap", true, true, 50, (n) => number(n.cap_q), (n) => n.cap_q, "The most it may draw"],
  ["applied", "applied", true, true, 58, (n) => number(n.applied_q), (n) => n.applied_q],
  ["reason", "reason", false, false, 116, (n) => n.reason ?? "", (n) => n.reason ?? ""],
  ["suspicion", "suspicion", false, false, 96, suspicion, (n) => -(n.wrong ?? 0) - (n.liar ? 1e9 : 0)],
  ["round", "round", true, true, 56, (n) => (n.epoch === null || n.epoch === undefined ? "–" : `${n.epoch} · ${n.round}`), (n) => n.epoch * 1e6 + n.round, "Epoch · round in it"],
  ["age", "age s", true, false, 52, (n) => seconds(age(n)), (n) => age(n) ?? Infinity],
  ["heap", "heap", true, true, 54, (n) => share(n.heap_high, n.heap_size), (n) => n.heap_high / n.heap_size || 0, "High-water mark"],
  ["resets", "resets", true, true, 50, (n) => number(n.resets), (n) => n.resets],
  ["fw", "fw", false, true, 46, (n) => n.fw || "–", (n) => n.fw, "Version of its firmware"],
];
const NARROW = matchMedia("(max-width: 680px)"); // the columns that are `wide` are hidden
const rows = new Map(); // number -> {row, cells, shown}
const ROW_PX = 24, AROUND = 6; // rows beyond those in sight, so that Tab finds the next one
const above = make("tr"), below = make("tr"); // as tall as what is left out
let order = [], from = -1, to = -1, sort = { column: null, up: true }, members = -1, pick = () => {};

function suspicion(n) {
  if (n.wrong) return `wrong ${number(n.wrong)}`;
  if (n.contradictions) return `twice ${number(n.contradictions)}`;
  return n.liar ? "made to lie" : "none";
}

export function startTable(onPick) {
  pick = onPick;
  const head = table.tHead.rows[0];
  for (const [name, title, numeric, wide, , , , hint] of COLUMNS) {
    const cell = make("th", undefined, [numeric ? "num" : "", wide ? "wide" : ""].join(" ").trim());
    cell.scope = "col";
    const button = make("button", title);
    button.type = "button";
    if (hint) button.title = hint;
    button.addEventListener("click", () => {
      sort = sort.column === name ? { column: sort.up ? name : null, up: false } : { column: name, up: true };
      for (const other of head.cells) other.removeAttribute("aria-sort");
      if (sort.column) cell.setAttribute("aria-sort", sort.up ? "ascending" : "descending");
      arrange();
    });
    cell.append(button);
    head.append(cell);
  }
  widths();
  NARROW.addEventListener("change", widths);
  box.addEventListener("scroll", place, { passive: true });
  above.setAttribute("aria-hidden", "true");
  below.setAttribute("aria-hidden", "true");
  find.addEventListener("input", arrange);
}

// Each column in sight has its share of the panel, however wide that is.
function widths() {
  const counts = COLUMNS.map(([, , , wide, width]) => (wide && NARROW.matches ? 0 : width));
  const sum = counts.reduce((a, b) => a + b, 0);
  [...table.tHead.rows[0].cells].forEach((cell, at) => { cell.style.width = `${(100 * counts[at]) / sum}%`; });
}

function build() {
  members = store.version.members;
  rows.clear();
  order = [];
}

function rowOf(one) {
  let made = rows.get(one);
  if (made) return made;
  const row = make("tr"), cells = [];
  for (const [name, , numeric, wide] of COLUMNS) {
    const cell = make(name === "id" ? "th" : "td", undefined, [numeric ? "num" : "", wide ? "wide" : ""].join(" ").trim());
    let text = cell;
    if (name === "id") {
      cell.scope = "row";
      text = make("button", store.nodes.get(one).id);
      text.type = "button";
      text.addEventListener("click", () => pick(store.picked === one ? null : one));
      cell.append(text);
    }
    cells.push(text);
    row.append(cell);
  }
  made = { row, cells };
  rows.set(one, made);
  return made;
}

// Who needs a look first, then by number, unless a column is chosen.
function wanted() {
  const levels = noticed(), nodes = shown().nodes;
  const rank = (one) => ({ bad: 0, warn: 1 })[levels.get(one.number)] ?? (one.liar ? 0.5 : 2);
  let found = store.order.map((one) => nodes.get(one)).filter(Boolean);
  const words = find.value.trim().toLowerCase();
  if (words) {
    found = found.filter((one) => `${one.id} ${one.state} ${one.reason} ${suspicion(one)}`.toLowerCase().includes(words));
  }
  const column = COLUMNS.find(([name]) => name === sort.column);
  const key = column ? column[6] : rank;
  const sign = column && !sort.up ? -1 : 1;
  found.sort((a, b) => {
    const [u, v] = [key(a), key(b)];
    return (u < v ? -1 : u > v ? 1 : 0) * sign || a.number - b.number;
  });
  return found.map((one) => one.number);
}

export function arrange() {
  if (members !== store.version.members) build();
  const next = wanted();
  if (next.length !== order.length || next.some((one, at) => one !== order[at])) {
    order = next;
    table.setAttribute("aria-rowcount", order.length + 1);
    from = to = -1;
  }
  const levels = noticed();
  for (const one of order) {
    const made = rows.get(one);
    if (made) mark(one, made.row, levels);
  }
  place();
}

function mark(one, row, levels) {
  const level = levels.get(one) ?? (shown().nodes.get(one)?.liar ? "warn" : "");
  setClass(row, [level, store.picked === one ? "picked" : ""].join(" ").trim());
}

// Put the rows that can be seen into the document.
function place() {
  const first = Math.max(0, Math.floor(box.scrollTop / ROW_PX) - AROUND);
  const last = Math.min(order.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW_PX) + AROUND);
  if (first !== from || last !== to) {
    [from, to] = [first, last];
    const held = document.activeElement, levels = noticed(); // moving a row takes the focus away
    above.style.height = `${ROW_PX * from}px`;
    below.style.height = `${ROW_PX * (order.length - to)}px`;
    const seen = order.slice(from, to).map((one, at) => {
      const { row } = rowOf(one);
      row.setAttribute("aria-rowindex", from + at + 2);
      mark(one, row, levels);
      return row;
    });
    table.tBodies[0].replaceChildren(above, ...seen, below);
    if (held && held !== document.activeElement && table.contains(held)) held.focus({ preventScroll: true });
  }
  drawTable();
}

export function drawTable() {
  for (let at = from; at < to; at += 1) {
    const one = shown().nodes.get(order[at]);
    if (one) fill(one, rows.get(order[at]).cells);
  }
}

function fill(one, cells) {
  COLUMNS.forEach(([name, , , , , text], at) => {
    setText(cells[at], String(text(one)));
    if (name === "suspicion") setClass(cells[at], isWrong(one) ? "bad" : one.liar ? "warn" : "");
    if (name === "reason") cells[at].title = one.reason ?? "";
  });
}

export function scrollTo(one) {
  const at = order.indexOf(one); // only the table moves, never the page
  if (at < 0) return;
  if (ROW_PX * at < box.scrollTop) box.scrollTop = ROW_PX * (at - 1);
  else if (ROW_PX * (at + 3) > box.scrollTop + box.clientHeight) box.scrollTop = ROW_PX * (at + 3) - box.clientHeight;
}
