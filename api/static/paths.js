// The paths behind a recommendation, drawn: your items → how many people → this item.

import { h, s } from "./dom.js";
import { at, count, name } from "./words.js";

const LINE = 16;
const ROW = 62;
const RADIUS = { smallest: 13, largest: 24, target: 9 };

/** A drawing of `because`, the paths to `target`, as wide as there is room. */
export function pathsGraph(because, target) {
  const place = h("div", { class: "paths" });
  let drawn = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const width = Math.round(contentRect.width);
    if (!width || width === drawn) return;
    drawn = width;
    place.replaceChildren(draw(because, target, width));
  }).observe(place);
  return place;
}

function draw(because, target, width) {
  const height = 34 + ROW * because.length;
  const middle = 28 + (ROW * because.length) / 2;
  const [mine, people, its] = [0.36, 0.58, 0.76].map((share) => Math.round(share * width));
  const most = Math.max(...because.map((via) => via.people));
  const lines = [];
  const nodes = [];
  because.forEach((via, row) => {
    const y = 28 + ROW * (row + 0.5);
    const radius = Math.max(RADIUS.smallest, RADIUS.largest * Math.sqrt(via.people / most));
    const line = { class: "path", "stroke-width": (1 + 5 * via.score).toFixed(1) };
    lines.push(s("path", { d: `M${mine} ${y}H${people}`, ...line }));
    lines.push(s("path", { d: bend(people, y, its, middle), ...line }));
    nodes.push(
      s("a", { href: at("item", via.item), "aria-label": `${name(via)}, which you like` },
        label(name(via), mine - 14, y, mine - 18, "end"),
        s("circle", { class: "mine", cx: mine, cy: y, r: 6 })),
      s("g", {},
        s("title", {}, `${count(via.people, "person likes", "people like")} both; cosine ${via.score.toFixed(3)}`),
        s("circle", { class: "people", cx: people, cy: y, r: radius }),
        s("text", { class: "people", x: people, y: y + 4, "text-anchor": "middle" }, String(via.people))),
    );
  });
  const spoken = because.map((via) => `${name(via)}: ${count(via.people, "person", "people")}`).join("; ");
  return s("svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Paths to ${name(target)}. ${spoken}.` },
    heading("You like", mine, "end"), heading("People", people, "middle"), heading("This item", its, "start"),
    lines, nodes,
    s("circle", { class: "target", cx: its, cy: middle, r: RADIUS.target }),
    label(name(target), its + 16, middle, width - its - 18, "start", "target"));
}

const heading = (text, x, anchor) => s("text", { class: "heading", x, y: 12, "text-anchor": anchor }, text);

const bend = (x1, y1, x2, y2) => `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;

/** Text in a few lines around `y`; what does not fit ends in an ellipsis, and in the tooltip. */
function label(text, x, y, room, anchor, kind) {
  const lines = wrapped(text, Math.max(6, Math.floor(room / 7.4)), 3);
  const top = y + 4 - ((lines.length - 1) * LINE) / 2;
  return s("text", { class: kind, "text-anchor": anchor },
    s("title", {}, text),
    lines.map((line, at) => s("tspan", { x, y: top + at * LINE }, line)));
}

function wrapped(text, width, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= width || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const shown = lines.slice(0, most);
  if (lines.length > most) shown[most - 1] += "…";
  return shown.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}
