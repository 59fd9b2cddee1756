// Contributions to a score: a bar for each source, each beginning where the one before it ends.

import { h, s } from "./dom.js";
import { sourceName } from "./words.js";

/** A table of what each source adds; the parts sum to `score`. */
export function contributions(parts, score) {
  let sum = 0;
  const spans = parts.map((part) => [sum, (sum += part.score)]);
  const low = Math.min(0, ...spans.flat());
  const high = Math.max(...spans.flat(), low + Number.EPSILON);
  const share = (value) => (100 * (value - low)) / (high - low);
  const rows = parts.map((part, at) => {
    const [from, to] = spans[at].map(share).sort((a, b) => a - b);
    return h("tr", {},
      h("th", { scope: "row" }, badge(part.source)),
      h("td", { class: "bar" },
        s("svg", { "aria-hidden": "true" },
          s("rect", { class: `source ${part.source}`, x: `${from}%`, width: `${to - from}%`, height: "100%" }))),
      h("td", { class: "figure sum" }, summand(part)),
      h("td", { class: "figure" }, part.score.toFixed(2)));
  });
  return h("table", { class: "contributions" },
    h("caption", {}, "Contributions to the score"),
    h("thead", { class: "unseen" }, h("tr", {},
      ["Source", "Part", "z-score × weight", "Adds"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, rows),
    h("tfoot", {}, h("tr", {},
      h("th", { scope: "row", colspan: 2 }, "Score"),
      h("td", { class: "figure sum" }),
      h("td", { class: "figure" }, score.toFixed(2)))));
}

// How a part comes about: by the weight of a source, and by what a learned ranker adds.
function summand({ z_score, weight, learned }) {
  const fused = `${z_score.toFixed(2)} × ${weight.toFixed(2)}`;
  if (learned === 0) return fused;
  const added = `${learned < 0 ? "−" : "+"} ${Math.abs(learned).toFixed(2)}`;
  return z_score === 0 || weight === 0 ? added : `${fused} ${added}`;
}

/** A source by name, in its colour. */
export function badge(source) {
  return h("span", { class: `badge ${source}` }, sourceName(source));
}
