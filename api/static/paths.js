// The paths behind a recommendation, drawn: your items → how many people → this item.

import { h, s } from "./dom.js";
import { at, count, name } from "./words.js";
import { wrapped } from "./wrap.js";

const LINE = 16;
const ROW = 62; // at least
const WIDE = 7.4; // pixels of a letter
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
  const [mine, people, its] = [0.36, 0.58, 0.76].map((share) => Math.round(share * width));
  const most = Math.max(...because.map((via) => via.people));
  const row = (text, room) => Math.max(ROW, LINE * (inLines(text, room).length + 1));
  const rows = because.map((via) => row(name(via), mine - 18));
  const high = Math.max(rows.reduce((sum, each) => sum + each, 0), row(name(target), width - its - 18));
  const [height, middle] = [34 + high, 28 + high / 2];
  let top = 28 + (high - rows.reduce((sum, each) => sum + each, 0)) / 2;
  const lines = [];
  const nodes = [];
  because.forEach((via, place) => {
    const y = top + rows[place] / 2;
    top += rows[place];
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

const inLines = (text, room) => wrapped(text, Math.max(6, Math.floor(room / WIDE) - 1));

/** Text in as many lines as it needs, around `y`. */
function label(text, x, y, room, anchor, kind) {
  const lines = inLines(text, room);
  const top = y + 4 - ((lines.length - 1) * LINE) / 2;
  return s("text", { class: kind, "text-anchor": anchor },
    s("title", {}, text),
    lines.map((line, at) => s("tspan", { x, y: top + at * LINE }, line)));
}
