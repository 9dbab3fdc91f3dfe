// What a screen reader and eyes need, found without any library; put into the page by the tests.
window.checks = {
  // Elements that can be reached or are announced, and have no name.
  unnamed() {
    const wanted = "button, input, select, canvas, section, table, [tabindex]";
    const named = (e) => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
      || e.labels?.length || e.textContent.trim() || e.title;
    return [...document.querySelectorAll(wanted)].filter((e) => e.offsetParent && !named(e)).map((e) => e.outerHTML);
  },
  // Texts with less contrast than 4.5 : 1 (WCAG 2.2, 1.4.3) against the ground behind them.
  poor() {
    const parts = (text) => (text.match(/[\d.]+/g) || []).map(Number);
    const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const ground = (e) => {
      for (let at = e; at; at = at.parentElement) {
        const colour = parts(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] > 0.99) return colour;
      }
      return [255, 255, 255];
    };
    const found = new Set();
    for (const e of document.querySelectorAll("body *")) {
      const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (!e.offsetParent || e.disabled || !text) continue;
      const [a, b] = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) found.add(`${e.tagName} "${e.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
    }
    return [...found];
  },
};
