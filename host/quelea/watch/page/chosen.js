// The chosen node: its figures, its neighbours, why it has its value, and acts on it.

import { bytes, make, number, seconds, setText } from "./draw.js";
import { age, node, shown, store } from "./store.js";

const by = (id) => document.getElementById(id);
const token = location.hash.slice(1) || sessionStorage.getItem("token") || "";
const LABELS = { kill: "Kill", lie: "Make it lie", cut: "Cut its line", heal: "Heal", surge: "Surge" };
const HEARS = { 1: "yes", 0: "no", "?": "waits" }; // one that waits for more inputs uses none
let built = null;

export function startChosen(unpick) {
  if (location.hash.length > 1) {
    sessionStorage.setItem("token", token); // the address bar and its history need not show it
    history.replaceState(null, "", location.pathname);
  }
  by("unchoose").addEventListener("click", unpick);
  by("why").addEventListener("click", explain);
}

export function showActs() {
  const acts = store.about.acts;
  by("acts").hidden = !acts;
  by("why").hidden = store.about.kind !== "journal";
  if (!acts) return;
  by("attack").replaceChildren(...(acts.attacks ?? []).map((name) => {
    const option = make("option", name);
    option.selected = name === acts.attack;
    return option;
  }));
  by("acts").querySelector(".buttons").replaceChildren(...acts.acts.map((name) => {
    const button = make("button", LABELS[name] ?? name);
    button.type = "button";
    button.dataset.act = name;
    button.addEventListener("click", () => act(name, button));
    return button;
  }));
}

async function act(name, button) {
  const number = store.picked, note = by("act-note");
  if (number === null) return;
  button.disabled = true;
  note.textContent = "…";
  try {
    const answer = await fetch("/act", {
      method: "POST",
      headers: { "content-type": "application/json", "x-quelea-token": token },
      body: JSON.stringify({ act: name, node: store.nodes.get(number).id, attack: by("attack").value }),
    });
    const text = await answer.text();
    try { note.textContent = JSON.parse(text).note; } catch { note.textContent = text; }
  } catch (error) {
    note.textContent = `not done: ${error.message}`;
  }
  button.disabled = false;
}

async function explain() {
  const words = by("why-text"), one = node(store.picked);
  words.hidden = false;
  words.textContent = "…";
  const at = store.past ? `&t_us=${Math.round(store.past.t)}` : "";
  try {
    words.textContent = await (await fetch(`/why?node=${encodeURIComponent(one.id)}${at}`)).text();
  } catch (error) {
    words.textContent = `no answer: ${error.message}`;
  }
}

export function drawChosen() {
  const panel = by("chosen"), one = store.picked === null ? null : node(store.picked);
  const was = panel.hidden;
  panel.hidden = !one;
  document.querySelector("main").classList.toggle("choosing", Boolean(one));
  if (!one) { built = null; return; }
  if (built !== one.number || was) {
    built = one.number;
    by("why-text").hidden = true;
    by("act-note").textContent = "";
    setText(by("chosen-title"), `Node ${one.id}`);
    by("facts").replaceChildren(...figures(one).map(([name]) => {
      const row = make("div");
      row.append(make("dt", name), make("dd"));
      return row;
    }));
    by("near").tBodies[0].replaceChildren(...one.neighbours.map(() => {
      const row = make("tr");
      row.append(make("th"), make("td", "", "num"), make("td"), make("td"));
      return row;
    }));
  }
  figures(one).forEach(([, text], at) => setText(by("facts").children[at].lastChild, text));
  neighbours(one).forEach((cells, at) => {
    const row = by("near").tBodies[0].rows[at];
    if (row) cells.forEach((text, column) => setText(row.cells[column], text));
  });
}

function figures(one) {
  return [
    ["reason", one.reason ?? "–"], ["value", number(one.value_q)], ["wish", number(one.wish_q)],
    ["settled last", number(one.settled_q)], ["demand", number(one.demand_q)], ["cap", number(one.cap_q)],
    ["state", one.state || "–"], ["session", number(one.session)], ["frame", number(one.seq)],
    ["age", `${seconds(age(one))} s`], ["heap", `${bytes(one.heap_high)} of ${bytes(one.heap_size)}`],
    ["traffic", `${bytes(shown().slow.rates[one.number] ?? null)}/s`],
    ["frames heard", number(one.frames)], ["lost", number(one.lost)], ["refused", number(one.refused)],
  ];
}

// [id, value, whether the node hears it, whether it hears the node] for each neighbour.
export function neighbours(one) {
  return one.neighbours.map((number_, slot) => {
    const other = node(number_);
    if (!other) return [String(number_), "–", "–", "–"];
    const back = other.neighbours.indexOf(one.number);
    return [
      other.id, number(other.value_q),
      HEARS[one.hears?.[slot]] ?? "–",
      back >= 0 ? HEARS[other.hears?.[back]] ?? "–" : "no",
    ];
  });
}
