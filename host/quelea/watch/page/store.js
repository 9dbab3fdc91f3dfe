// What the page knows. Messages of the stream change it, panels read it; nothing here draws.

export const RECENT_US = 60e6;
const WHOLE_POINTS = 480;
const EVENTS_MAX = 500;

export const store = {
  about: {}, facts: {}, fields: [], auditMissing: "",
  nodes: new Map(), // number -> node: what seldom changes, and the fields of its row
  order: [], // numbers, ascending
  columns: [], // number of each column of a point
  recent: [], whole: [], wholeStep: 0.2e6, // points: [t_us, spread_q, values_q]
  events: [], budget: null, spread: null, slow: { fleet: {}, notices: [], rates: {}, epochs: [], faults: [] },
  t: 0, heardAt: 0, connected: false, reading: false, problem: "",
  past: null, // the same as of another time, while looking back
  picked: null,
  version: { members: 0, points: 0, whole: 0 },
};

function take(nodes, rows) {
  for (const row of rows) {
    let node = nodes.get(row[0]);
    if (!node) nodes.set(row[0], (node = { number: row[0], id: String(row[0]), neighbours: [], rev: 0 }));
    store.fields.forEach((name, at) => { node[name] = row[at]; });
    node.rev += 1;
  }
}

function takeMembers(rows) {
  for (const row of rows) {
    const node = store.nodes.get(row.number) || { rev: 0 };
    store.nodes.set(row.number, Object.assign(node, row));
    node.rev += 1;
  }
  store.order = [...store.nodes.keys()].sort((a, b) => a - b);
  store.version.members += 1;
}

// The same thinning as the host's: when it is full, every two points become one.
function keepWhole(point) {
  const whole = store.whole, last = whole[whole.length - 1];
  if (last && point[0] < last[0] - (last[0] % store.wholeStep) + store.wholeStep) {
    last[1] = larger(last[1], point[1]);
    return;
  }
  whole.push(point.slice());
  if (whole.length > WHOLE_POINTS) {
    store.whole = [];
    for (let at = 0; at + 1 < whole.length; at += 2) {
      const [a, b] = [whole[at], whole[at + 1]];
      store.whole.push([b[0], larger(a[1], b[1]), b[2]]);
    }
    store.wholeStep *= 2;
  }
}

const larger = (a, b) => (a === null ? b : b === null ? a : Math.max(a, b));

export function applyHello(message) {
  Object.assign(store, {
    about: message.about, facts: message.facts, fields: message.node_fields,
    auditMissing: message.audit_missing, nodes: new Map(), recent: message.recent,
    whole: message.whole, events: [], past: null,
  });
  const [a, b] = [store.whole[0], store.whole[store.whole.length - 1]];
  store.wholeStep = store.whole.length > 1 ? Math.max(0.2e6, (b[0] - a[0]) / store.whole.length) : 0.2e6;
  store.version.points += 1;
  store.version.whole += 1;
  applyTick(message);
}

export function applyTick(message) {
  if (message.members) {
    takeMembers(message.members);
    store.columns = message.columns;
  }
  take(store.nodes, message.nodes);
  for (const point of message.points) {
    store.recent.push(point);
    keepWhole(point);
  }
  if (message.points.length) {
    const first = store.recent.findIndex((point) => point[0] > message.t_us - RECENT_US);
    if (first > 50) store.recent.splice(0, first);
    store.version.points += 1;
  }
  if (message.events.length) {
    store.events = store.events.concat(message.events).slice(-EVENTS_MAX);
  }
  if (message.slow) store.slow = message.slow;
  Object.assign(store, {
    t: message.t_us, budget: message.budget, spread: message.spread_q,
    busy: message.busy_ms, reading: message.reading, problem: message.problem, heardAt: performance.now(), connected: true,
  });
}

export function applyPast(message) {
  const nodes = new Map();
  for (const [number, node] of store.nodes) {
    const { id, neighbours, liar, attack, budget } = node;
    nodes.set(number, { number, id, neighbours, liar, attack, budget, rev: -1 });
  }
  take(nodes, message.nodes);
  store.past = {
    t: message.look_us, nodes, events: message.events, budget: message.budget,
    spread: message.spread_q, slow: { ...store.slow, ...message.slow },
  };
}

// What is to be shown: now, or the time looked back at.
export const shown = () => store.past || store;
export const node = (number) => shown().nodes.get(number);
export const isRunning = () => store.slow.phase === "running" && !store.past;
export const isWrong = (one) => one.wrong > 0 || one.contradictions > 0;
export const isSuspect = (one) => isWrong(one) || one.liar;
export const age = (one) => (one.heard_us === null || one.heard_us === undefined ? null
  : Math.max(0, (shown().t - one.heard_us) / 1e6));

// Nodes that a notice is about, with its level.
export function noticed() {
  const found = new Map();
  for (const notice of shown().slow.notices) {
    for (const number of notice.nodes) if (found.get(number) !== "bad") found.set(number, notice.level);
  }
  return found;
}

// The middle of what trusted nodes of the newest epoch say, and how far values may lie apart.
export function middle() {
  const epoch = shown().slow.fleet.epoch, values = [];
  for (const one of shown().nodes.values()) {
    if (one.present && one.epoch === epoch && !isSuspect(one) && Number.isFinite(one.value_q)) values.push(one.value_q);
  }
  values.sort((a, b) => a - b);
  return values.length ? values[values.length >> 1] : 0;
}
