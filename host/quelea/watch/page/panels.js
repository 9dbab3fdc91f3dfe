// The panels of words and bars: figures, attention, shared limit, traffic, events.

import { bytes, clean, clock, fit, ink, make, number, setClass, setText } from "./draw.js";
import { isWrong, shown, store } from "./store.js";

const by = (id) => document.getElementById(id);
const NOTICES_MAX = 40;
let noticesSeen = "", eventsSeen = -1, pick = () => {};

export function startPanels(onPick) { pick = onPick; }

export function resetPanels() { noticesSeen = ""; eventsSeen = -1; }

export function drawFigures() {
  const view = shown(), fleet = view.slow.fleet;
  const wrong = [...view.nodes.values()].filter(isWrong).length;
  setText(by("fig-present"), fleet.nodes === undefined ? "–" : `${fleet.present} / ${fleet.nodes}`);
  setClass(by("fig-present"), fleet.present < fleet.nodes ? "bad" : "");
  setText(by("fig-spread"), number(view.spread));
  setText(by("fig-epoch"), number(fleet.epoch));
  setText(by("fig-wrong"), store.auditMissing ? "–" : String(wrong));
  setClass(by("fig-wrong"), wrong ? "bad" : "");
  const parts = fleet.parts?.length ?? 0;
  setText(by("fig-parts"), parts ? String(parts) : "–");
  setClass(by("fig-parts"), parts > 1 ? "bad" : "");
  setText(by("fig-frames"), number(store.past ? null : fleet.frames));
  setText(by("fig-time"), clock(view.t));
  drawPhase();
}

function drawPhase() {
  const phase = store.slow.phase;
  let [text, mark] = [phase, ""];
  if (!store.connected) [text, mark] = ["connection lost", "bad"];
  else if (store.problem) [text, mark] = [`cannot read: ${store.problem}`, "bad"];
  else if (store.past) [text, mark] = ["looking back", "warn"];
  else if (store.reading) [text, mark] = ["reading the journal", "warn"];
  else if (phase === "running") [text, mark] = ["live", "good"];
  else if (phase === "broken off") [text, mark] = ["broken off: its process is gone", "bad"];
  setText(by("phase"), text ?? "connecting");
  setClass(by("phase"), `pill ${mark}`);
}

export function drawAttention() {
  const { notices, fleet } = shown().slow;
  const text = JSON.stringify([notices, fleet.present, fleet.nodes, store.slow.audit_behind > 500, store.slow.phase]);
  if (text === noticesSeen) return;
  noticesSeen = text;
  const bad = notices.filter((notice) => notice.level === "bad").length;
  const verdict = by("verdict"), running = store.slow.phase === "running" || store.past;
  if (!fleet.nodes) verdict.textContent = "Nothing was heard yet";
  else if (!notices.length) verdict.textContent = running ? "All is well" : "Nothing stood out at the end";
  else verdict.textContent = bad ? `${bad} ${bad === 1 ? "fault" : "faults"} seen` : `${notices.length} to keep an eye on`;
  setClass(verdict, bad ? "bad" : notices.length ? "warn" : fleet.nodes ? "good" : "");
  const held = document.activeElement?.dataset?.text;
  const items = notices.slice(0, NOTICES_MAX).map((notice) => {
    const item = make("li", undefined, notice.level), button = make("button");
    button.type = "button";
    button.dataset.text = notice.text;
    const words = make("span");
    words.append(make("b", notice.level === "bad" ? "Fault: " : "Note: "), notice.text);
    button.title = notice.text;
    button.append(words);
    if (notice.nodes.length) button.addEventListener("click", () => pick(notice.nodes[0]));
    else button.disabled = true;
    item.append(button);
    return item;
  });
  if (notices.length > NOTICES_MAX) items.push(make("li", `and ${notices.length - NOTICES_MAX} more`));
  if (store.auditMissing) items.push(make("li", `Steps are not audited: ${store.auditMissing}.`));
  else if (store.slow.audit_behind > 500) items.push(make("li", `The audit is ${number(store.slow.audit_behind)} frames behind.`));
  by("notices").replaceChildren(...items);
  if (held) by("notices").querySelector(`[data-text="${CSS.escape(held)}"]`)?.focus();
}

export function drawBudget() {
  const budget = shown().budget, bar = by("bar"), badge = by("badge");
  if (!budget) {
    setClass(bar, "none");
    setText(badge, "no limit");
    setClass(badge, "pill");
    setText(by("budget-text"), "This fleet shares no limit, so nothing can exceed one.");
    return;
  }
  const { budget_q: most, caps_q: caps, under_way_q: way, reserve_q: kept, headroom_q: left } = budget;
  const whole = Math.max(most, caps + way + kept, 1), broken = budget.violations > 0 || left < 0;
  setClass(bar, broken ? "over" : "");
  const share = (value) => `${(100 * Math.max(0, value)) / whole}%`;
  bar.querySelector(".caps").style.width = share(caps);
  bar.querySelector(".kept").style.width = share(kept);
  bar.querySelector(".way").style.width = share(way);
  const text = `caps ${number(caps)} + under way ${number(way)}${kept ? ` + reserve for liars ${number(kept)}` : ""} of ${number(most)} `
    + `(limit ${number(budget.limit_q)}), ${number(left)} left`;
  bar.setAttribute("aria-label", text);
  setText(by("budget-text"), text);
  setText(badge, broken ? `broken × ${number(Math.max(1, budget.violations))}` : budget.rows ? "kept" : "kept: all at their floors");
  setClass(badge, broken ? "pill bad" : "pill good");
}

export function drawTraffic() {
  const canvas = by("bars"), { nodes, slow } = shown();
  fit(canvas);
  const ctx = clean(canvas), count = store.order.length;
  if (!count) return;
  const wide = canvas.wide - 40, tall = canvas.tall - 6;
  let most = 1.2, total = 0, over = 0;
  const shares = store.order.map((one) => {
    const rate = slow.rates[one] ?? 0, budget = nodes.get(one)?.budget || 1;
    total += rate;
    over += rate > budget * 1.15;
    most = Math.max(most, Math.min(4, rate / budget));
    return rate / budget;
  });
  const step = wide / count, bar = Math.max(1, Math.min(18, step * 0.7));
  shares.forEach((share, at) => {
    const high = (Math.min(share, most) / most) * tall;
    ctx.fillStyle = share > 1.15 ? ink.bad : store.order[at] === store.picked ? ink.pick : ink.accent;
    ctx.fillRect(38 + at * step + (step - bar) / 2, 3 + tall - high, bar, Math.max(high, 1));
  });
  const y = 3 + tall * (1 - 1 / most);
  ctx.strokeStyle = ink.warn;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.moveTo(36, y);
  ctx.lineTo(36 + wide, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fillStyle = ink.dim;
  ctx.fillText("budget", 0, y + 3);
  const text = `${bytes(total)} a second in all; ${over ? `${over} nodes above their budget` : "nobody above the budget of a round"}`;
  setText(by("traffic-text"), text);
  canvas.setAttribute("aria-label", text);
}

const LOUD = /kill|lost|gone|absent|exited|gave|equivocation|crash|fault|cut|lie/;

export function drawEvents() {
  const events = shown().events, newest = events.length ? events[events.length - 1][0] : 0;
  const mark = store.past ? -newest - 2 : newest;
  if (mark === eventsSeen) return;
  const list = by("event-list");
  const fresh = eventsSeen >= 0 && mark > eventsSeen ? events.filter(([at]) => at > eventsSeen) : events;
  if (fresh === events) list.replaceChildren();
  eventsSeen = mark;
  const items = fresh.slice(-200).reverse().map(([, t, source, name, words]) => {
    const item = make("li", undefined, LOUD.test(name) && !words.includes("wanted") ? "bad" : "");
    item.append(make("time", clock(t)), make("b", `${source} ${name}`), make("span", words));
    return item;
  });
  list.prepend(...items);
  while (list.childElementCount > 200) list.lastElementChild.remove();
}
