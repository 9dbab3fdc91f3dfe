// Where the nodes of the graph stand: forces, a little a frame, the same for the same fleet.

const ROUNDS = 260; // until it rests
const BUDGET_MS = 5; // of a frame
const EXACT_MAX = 400; // beyond it a ring: n squared forces would take too long

export class Layout {
  constructor(numbers, edges) {
    this.numbers = numbers;
    this.count = numbers.length;
    this.x = new Float64Array(this.count);
    this.y = new Float64Array(this.count);
    const index = new Map(numbers.map((number, at) => [number, at]));
    this.index = index;
    this.edges = edges.map(([a, b]) => [index.get(a), index.get(b)]);
    this.round = 0;
    // A golden spiral: even, without chance, and no two nodes in one place.
    for (let at = 0; at < this.count; at += 1) {
      const far = Math.sqrt((at + 0.5) / this.count), turn = at * 2.399963;
      this.x[at] = far * Math.cos(turn);
      this.y[at] = far * Math.sin(turn);
    }
    if (this.count > EXACT_MAX || !edges.length) this.ring();
  }

  ring() {
    for (let at = 0; at < this.count; at += 1) {
      this.x[at] = Math.cos((2 * Math.PI * at) / this.count);
      this.y[at] = Math.sin((2 * Math.PI * at) / this.count);
    }
    this.round = ROUNDS;
  }

  get resting() { return this.round >= ROUNDS; }

  // Rounds of Fruchterman and Reingold's scheme, as many as fit into a frame.
  settle() {
    const until = performance.now() + BUDGET_MS;
    while (!this.resting && performance.now() < until) this.step();
    return this.resting;
  }

  step() {
    const { count, x, y } = this, k = 1.1 / Math.sqrt(count);
    const dx = new Float64Array(count), dy = new Float64Array(count);
    for (let a = 0; a < count; a += 1) {
      for (let b = a + 1; b < count; b += 1) {
        const u = x[a] - x[b], v = y[a] - y[b], force = (k * k) / (u * u + v * v + 1e-6);
        dx[a] += u * force; dy[a] += v * force;
        dx[b] -= u * force; dy[b] -= v * force;
      }
    }
    const pull = 0.9 * Math.min(1, (3 * count) / (this.edges.length + 1)); // dense graphs would clot
    for (const [a, b] of this.edges) {
      const u = x[a] - x[b], v = y[a] - y[b], force = (pull * Math.hypot(u, v)) / k;
      dx[a] -= u * force; dy[a] -= v * force;
      dx[b] += u * force; dy[b] += v * force;
    }
    const heat = 0.12 * (1 - this.round / ROUNDS);
    for (let at = 0; at < count; at += 1) {
      dx[at] -= x[at] * 0.6; dy[at] -= y[at] * 0.6;
      const length = Math.hypot(dx[at], dy[at]) || 1, by = Math.min(length, heat) / length;
      x[at] += dx[at] * by;
      y[at] += dy[at] * by;
    }
    this.round += 1;
  }

  // Spread over a box of this size, with room at the border.
  place(wide, tall, border) {
    const { x, y } = this, span = (list) => {
      let low = Infinity, high = -Infinity;
      for (const value of list) { low = Math.min(low, value); high = Math.max(high, value); }
      return [low, Math.max(1e-9, high - low)];
    };
    const [left, across] = span(x), [top, down] = span(y);
    this.px = Float64Array.from(x, (value) => border + ((value - left) / across) * (wide - 2 * border));
    this.py = Float64Array.from(y, (value) => border + ((value - top) / down) * (tall - 2 * border));
  }
}
