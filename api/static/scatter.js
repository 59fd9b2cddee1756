// Thousands of points on a canvas: drawn at once, moved with the pointer, chosen by hand or by key.

import { colours, recoloured } from "./colours.js";
import { h } from "./dom.js";

const BIGGER = 1.4; // a step of zooming
const LEAST = 0.7;
const MOST = 60;
const NEAR = 14; // pixels from the pointer to a point that is meant
const CLICK = 5; // pixels that a press may move and be a click
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * A drawing of points, {x, y} from -1 to 1. `colour` gives the place of the colour of a point among
 * `names`, variables of the style sheet; `titled` what it is called. `chosen` is called with the one
 * that is chosen, `opened` with one that is opened.
 */
export function scatter({ label, titled, chosen, opened }) {
  const canvas = h("canvas", {});
  const tip = h("p", { class: "tip", hidden: true });
  const place = h("div", {
    class: "scatter", tabindex: 0, role: "application", "aria-label": label, onkeydown: press,
    onpointerdown: down, onpointermove: move, onpointerup: up, onpointercancel: up, onpointerleave: leave,
  }, canvas, tip);
  const button = (text, name, onclick) => h("button", { type: "button", "aria-label": name, title: name, onclick }, text);
  const node = h("div", { class: "drawing" }, place, h("p", { class: "zoom" },
    button("+", "Zoom in", () => zoom(BIGGER)),
    button("−", "Zoom out", () => zoom(1 / BIGGER)),
    button("⤢", "Show all", all)));
  place.addEventListener("wheel", (event) => {
    if (document.activeElement !== place) return; // else the wheel scrolls the page
    event.preventDefault();
    zoom(event.deltaY < 0 ? BIGGER : 1 / BIGGER, offset(event));
  }, { passive: false });

  let shown = { points: [], colour: () => 0, names: ["--soft"], dim: () => false };
  let inks = [];
  let view = { scale: 1, x: 0, y: 0 }; // the point in the middle, and how much larger than all it is
  let marked = null;
  let over = null;
  const pressed = new Map(); // pointers: where each was pressed and is
  let waiting = false;

  new ResizeObserver(later).observe(place);
  recoloured(place, () => { inks = []; later(); });

  /** Draw other points, or the same in other colours. */
  function show(next) {
    shown = { ...shown, ...next };
    inks = [];
    later();
  }

  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  const unit = () => (view.scale * Math.min(place.clientWidth, place.clientHeight)) / 2.15;
  const at = ({ x, y }) => [place.clientWidth / 2 + (x - view.x) * unit(), place.clientHeight / 2 + (y - view.y) * unit()];

  function draw() {
    const [width, height, dense] = [place.clientWidth, place.clientHeight, devicePixelRatio];
    if (!width) return;
    if (!inks.length) inks = colours(["--ink", "--line", ...shown.names]);
    canvas.width = width * dense;
    canvas.height = height * dense;
    const pen = canvas.getContext("2d");
    pen.scale(dense, dense);
    const radius = Math.min(2.2 * Math.sqrt(view.scale) + (shown.points.length < 3000 ? 0.8 : 0), 7);
    const [ink, faint, ...of] = inks;
    // One path for each colour: it is the changes of colour that take time.
    const paths = new Map();
    shown.points.forEach((point, index) => {
      const [x, y] = at(point);
      if (x < -8 || y < -8 || x > width + 8 || y > height + 8) return;
      const colour = shown.dim(index) ? faint : of[shown.colour(index)];
      if (!paths.has(colour)) paths.set(colour, new Path2D());
      const path = paths.get(colour);
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, 2 * Math.PI);
    });
    pen.globalAlpha = 0.8;
    for (const colour of [faint, ...paths.keys()]) {
      pen.fillStyle = colour;
      if (paths.has(colour)) pen.fill(paths.get(colour));
      if (colour === faint) paths.delete(faint);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    for (const [index, thick] of [[over, 1.5], [marked, 3]]) {
      if (index === null || !shown.points[index]) continue;
      pen.lineWidth = thick;
      pen.beginPath();
      pen.arc(...at(shown.points[index]), radius + 4, 0, 2 * Math.PI);
      pen.stroke();
    }
    drawTip(radius);
  }

  function drawTip(radius) {
    const index = over ?? marked;
    const point = index === null ? undefined : shown.points[index];
    tip.hidden = !point;
    if (!point) return;
    tip.textContent = titled(index);
    const [x, y] = at(point);
    const left = Math.min(Math.max(x - tip.offsetWidth / 2, 4), place.clientWidth - tip.offsetWidth - 4);
    const above = y - tip.offsetHeight - radius - 8;
    const top = above > 4 ? above : y + radius + 8;
    tip.hidden = x < 0 || y < 0 || x > place.clientWidth || y > place.clientHeight;
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** Show which point is chosen, in the middle where it was out of sight. */
  function mark(index) {
    marked = index;
    const point = shown.points[index];
    if (point && place.clientWidth) {
      const [x, y] = at(point);
      if (x < 20 || y < 20 || x > place.clientWidth - 20 || y > place.clientHeight - 20) Object.assign(view, { x: point.x, y: point.y });
    }
    later();
  }

  function zoom(by, [x, y] = [place.clientWidth / 2, place.clientHeight / 2]) {
    const before = unit();
    view.scale = Math.min(Math.max(view.scale * by, LEAST), MOST);
    const kept = 1 / before - 1 / unit(); // what is under the pointer stays there
    view.x += (x - place.clientWidth / 2) * kept;
    view.y += (y - place.clientHeight / 2) * kept;
    later();
  }

  function all() {
    view = { scale: 1, x: 0, y: 0 };
    later();
  }

  function nearest([x, y]) {
    let [found, least] = [null, NEAR ** 2];
    shown.points.forEach((point, index) => {
      const [left, top] = at(point);
      const far = (left - x) ** 2 + (top - y) ** 2;
      if (far < least) [found, least] = [index, far];
    });
    return found;
  }

  const offset = (event) => {
    const { left, top } = place.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  function down(event) {
    place.setPointerCapture(event.pointerId);
    pressed.set(event.pointerId, { from: offset(event), at: offset(event) });
  }

  function move(event) {
    const here = offset(event);
    const held = pressed.get(event.pointerId);
    if (!held) {
      const next = nearest(here);
      if (next !== over) { over = next; later(); }
      return;
    }
    const others = [...pressed].filter(([id]) => id !== event.pointerId).map(([, each]) => each.at);
    if (others.length) {
      const apart = (from) => Math.hypot(from[0] - others[0][0], from[1] - others[0][1]) || 1;
      zoom(apart(here) / apart(held.at), here.map((each, axis) => (each + others[0][axis]) / 2));
    } else {
      view.x -= (here[0] - held.at[0]) / unit();
      view.y -= (here[1] - held.at[1]) / unit();
      later();
    }
    held.at = here;
  }

  function up(event) {
    const held = pressed.get(event.pointerId);
    pressed.delete(event.pointerId);
    if (!held || event.type !== "pointerup") return;
    const here = offset(event);
    if (Math.hypot(here[0] - held.from[0], here[1] - held.from[1]) > CLICK) return;
    const found = nearest(here);
    if (found !== null) chosen(found);
  }

  function leave() {
    over = null;
    later();
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (ARROWS[event.key]) {
      const next = toward(ARROWS[event.key]);
      if (next !== null) chosen(next);
    } else if (event.key === "Enter" && marked !== null) opened(marked);
    else if (event.key === "+" || event.key === "=") zoom(BIGGER);
    else if (event.key === "-") zoom(1 / BIGGER);
    else if (event.key === "0") all();
    else return;
    event.preventDefault();
  }

  /** The nearest point in a direction. */
  function toward([right, below]) {
    const from = shown.points[marked];
    if (!from) return shown.points.length ? 0 : null;
    let [found, least] = [null, Infinity];
    shown.points.forEach(({ x, y }, index) => {
      const [dx, dy] = [x - from.x, y - from.y];
      const along = dx * right + dy * below;
      const cost = along + 2 * Math.abs(dx * below - dy * right);
      if (index !== marked && along > 0 && cost < least) [found, least] = [index, cost];
    });
    return found;
  }

  return { node, show, mark };
}
