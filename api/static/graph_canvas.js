// The drawing of a graph, by Cytoscape.js: nodes with whole labels, to be chosen by hand or by key.

import { colours, recoloured } from "./colours.js";
import { h } from "./dom.js";
import { TYPES, called } from "./hops.js";
import { library } from "./library.js";
import { columns, spread } from "./spread.js";
import { wrapped } from "./wrap.js";

const LEAST_HEIGHT = 420;
const MOST_HEIGHT = 1100;
const ROOM = 2.6; // times the space that the labels take
const BIGGER = 1.25; // a step of zooming
const NARROW = 600;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** A drawing; `chosen(key)` is called when a node is chosen, `opened(key)` when it is opened. */
export function graphCanvas({ chosen, opened }) {
  const place = h("div", {
    class: "graph", tabindex: 0, role: "application", "aria-label": "Graph: arrow keys go from node to node, Enter expands, plus and minus zoom",
    onkeydown: press,
  });
  const button = (text, label, onclick) => h("button", { type: "button", "aria-label": label, title: label, onclick }, text);
  const node = h("div", { class: "drawing" }, place, h("p", { class: "zoom" },
    button("+", "Zoom in", () => zoom(BIGGER)),
    button("−", "Zoom out", () => zoom(1 / BIGGER)),
    button("⤢", "Show all", () => fit())));
  let cy;
  let drawn = { nodes: [], edges: [] };
  let marked;
  let width = 0;

  new ResizeObserver(() => {
    if (!place.isConnected) { // another view is shown: it would go on listening to the window
      cy?.destroy();
      cy = undefined;
    }
    if (place.clientWidth === width || !place.clientWidth) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  recoloured(place, () => cy?.style(styles()));
  // Elsewhere the wheel scrolls the page.
  place.addEventListener("focus", () => cy?.userZoomingEnabled(true));
  place.addEventListener("blur", () => cy?.userZoomingEnabled(touched()));

  async function started() {
    if (cy) return cy;
    const cytoscape = await library("cytoscape.js", "cytoscape");
    // It would add a style element, which the policy forbids, if none had this id: ours says the same.
    document.querySelector('link[href$="style.css"]').id = "__________cytoscape_stylesheet";
    cy ??= cytoscape({
      container: place, style: styles(), minZoom: 0.4, maxZoom: 3,
      userZoomingEnabled: touched(), boxSelectionEnabled: false, autounselectify: true, layout: { name: "preset" },
    });
    cy.on("tap", "node", ({ target }) => {
      place.focus({ preventScroll: true });
      chosen(target.id());
    });
    cy.on("dbltap", "node", ({ target }) => opened(target.id()));
    cy.on("mouseover", "node", () => place.classList.add("over"));
    cy.on("mouseout", "node", () => place.classList.remove("over"));
    return cy;
  }

  /** Draw nodes and edges, [from, to, what it says, how often] by key; `lines` are nodes that belong in columns. */
  function show(nodes, edges, lines = null) {
    drawn = { nodes, edges, lines };
    return draw();
  }

  async function draw() {
    if (!place.clientWidth) return;
    await started();
    const { nodes, edges, lines } = drawn;
    const before = new Map(cy.nodes().map((each) => [each.id(), { ...each.position() }]));
    const was = { width: cy.width(), height: cy.height() };
    cy.batch(() => {
      cy.elements().remove();
      cy.add([
        ...nodes.map((each) => ({ data: { id: each.key, label: wrapped(called(each), place.clientWidth < NARROW ? 13 : 18).join("\n"), type: each.type } })),
        ...edges.map(([source, target, , times], at) => ({ data: { id: `edge ${at}`, source, target, width: 1 + Math.log10(times || 1) } })),
      ]);
    });
    const boxes = nodes.map(({ key }) => {
      const { w, h: high } = cy.getElementById(key).boundingBox({ includeOverlays: false, includeUnderlays: false });
      const old = before.get(key);
      return { key, width: w, height: high, ...(old && { x: old.x, y: old.y }) };
    });
    const room = { width: place.clientWidth, height: height(boxes) };
    place.style.height = `${room.height}px`;
    cy.resize();
    for (const each of boxes) {
      if (each.x !== undefined && was.width) each.x *= room.width / was.width;
    }
    const places = lines ? columns(lines.map((line) => line.map(({ key }) => boxes.find((box) => box.key === key))), room)
      : spread(boxes, edges, room);
    cy.batch(() => {
      for (const { key, height: high } of boxes) {
        const each = cy.getElementById(key);
        const { x, y } = places.get(key);
        each.position({ x, y: y - (high - each.outerHeight()) / 2 }); // the label is below
      }
    });
    cy.viewport({ zoom: 1, pan: { x: 0, y: 0 } });
    mark(marked);
  }

  function height(boxes) {
    const area = boxes.reduce((sum, each) => sum + (each.width + 8) * (each.height + 8), 0);
    return Math.round(Math.min(Math.max((ROOM * area) / place.clientWidth, LEAST_HEIGHT), MOST_HEIGHT));
  }

  /** Show which node is chosen. */
  function mark(key) {
    marked = key;
    if (!cy) return;
    const node = cy.getElementById(key ?? "");
    cy.elements().removeClass("chosen near");
    node.addClass("chosen");
    node.connectedEdges().addClass("near");
  }

  function zoom(by) {
    cy?.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  }

  function fit() {
    cy?.fit(undefined, 8);
  }

  function press(event) {
    if (!cy || event.ctrlKey || event.metaKey || event.altKey) return;
    if (ARROWS[event.key]) {
      const next = toward(ARROWS[event.key]);
      if (next) chosen(next);
    } else if (event.key === "Enter" && marked) opened(marked);
    else if (event.key === "+" || event.key === "=") zoom(BIGGER);
    else if (event.key === "-") zoom(1 / BIGGER);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  }

  /** The key of the nearest node in a direction. */
  function toward([right, down]) {
    const from = cy.getElementById(marked ?? "");
    if (!from.length) return cy.nodes()[0]?.id();
    const { x, y } = from.position();
    const found = cy.nodes().map((each) => {
      const [dx, dy] = [each.position().x - x, each.position().y - y];
      const along = dx * right + dy * down;
      return { id: each.id(), along, cost: along + 2 * Math.abs(dx * down - dy * right) };
    }).filter(({ along }) => along > 1).sort((one, other) => one.cost - other.cost);
    return found[0]?.id;
  }

  return { node, show, mark };
}

const touched = () => matchMedia("(pointer: coarse)").matches;

function styles() {
  const [ink, soft, paper, card, tint] = colours(["--ink", "--soft", "--paper", "--card", "--tint"]);
  const names = Object.keys(TYPES);
  const filled = colours(names.map((type) => TYPES[type].colour));
  return [
    { selector: "node", style: {
      label: "data(label)", color: ink, "font-family": "system-ui, sans-serif", "font-size": 12, "line-height": 1.15,
      "text-wrap": "wrap", "text-max-width": 1000, // the lines are made here
      "text-valign": "bottom", "text-margin-y": 3,
      "text-background-color": card, "text-background-opacity": 0.85, "text-background-shape": "round-rectangle", "text-background-padding": 1,
      width: 20, height: 20, "background-color": soft, "border-width": 0, "overlay-opacity": 0,
    } },
    ...names.map((type, at) => ({ selector: `node[type = "${type}"]`, style: { "background-color": filled[at] } })),
    { selector: 'node[type = "people"], node[type = "both"]', style: {
      "background-color": paper, "border-width": 2, "border-color": filled[names.indexOf("people")],
    } },
    { selector: 'node[type = "user"]', style: { "background-color": ink } },
    { selector: 'node[type = "value"]', style: { shape: "diamond" } },
    { selector: 'node[type = "linked"]', style: { shape: "round-rectangle" } },
    { selector: "edge", style: { width: "data(width)", "line-color": soft, "line-opacity": 0.45, "curve-style": "straight", "overlay-opacity": 0 } },
    { selector: "edge.near", style: { "line-color": filled[0], "line-opacity": 0.9 } },
    { selector: "node.chosen", style: { color: filled[0], "underlay-color": tint, "underlay-opacity": 1, "underlay-padding": 8, "underlay-shape": "ellipse" } },
  ];
}
