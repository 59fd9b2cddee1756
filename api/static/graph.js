// The graph, to walk in: choose a node, expand it, see the paths of a recommendation. The address has
// where one started: an item, or a user, who may be followed by an item that is recommended to them.

import { ask, ApiError, path } from "./api.js";
import { combobox } from "./combobox.js";
import { h, redraw } from "./dom.js";
import { findItems, findUsers } from "./find.js";
import { graphCanvas } from "./graph_canvas.js";
import { TYPES, called, expands, hopFrom, itemNode, neighbours, node, pathsOf } from "./hops.js";
import { at, count, number } from "./words.js";

const NARROW = 600; // pixels, below which less is shown
const WIDE = { hop: 10, nodes: 48, paths: 5, shared: 2 };
const SMALL = { hop: 5, nodes: 14, paths: 3, shared: 1 };

export function graph(first) {
  const size = innerWidth < NARROW ? SMALL : WIDE;
  let trail = []; // what was expanded: {from, nodes, edges, said, columns}, the latest last
  let selected;
  let requests = 0; // only the answer to the latest one is drawn
  const hidden = new Set(); // types of nodes
  const filter = { k: size.hop, kinds: [], since: "", until: "" };

  const canvas = graphCanvas({ chosen: choose, opened: toggle });
  const status = h("p", { class: "hint", role: "status" });
  const panel = h("section", { class: "panel", "aria-live": "polite", "aria-label": "Chosen node" });
  const kinds = h("div", { class: "picks", role: "group", "aria-label": "Kinds of events that count; none: all" });

  /** What is drawn: the latest hops, as much as there is room for. */
  function shown() {
    const nodes = new Map();
    const edges = new Map();
    for (const hop of trail) nodes.set(hop.from.key, hop.from);
    let left = false;
    for (const hop of trail.toReversed()) {
      for (const each of hop.nodes) {
        if (nodes.has(each.key)) continue;
        if (hidden.has(each.type)) continue;
        if (nodes.size < size.nodes || each.key === selected) nodes.set(each.key, each);
        else left = true;
      }
      for (const [one, other, ...more] of hop.edges) {
        if (nodes.has(one.key) && nodes.has(other.key)) edges.set([one.key, other.key].sort().join(), [one.key, other.key, ...more]);
      }
    }
    return { nodes: [...nodes.values()], edges: [...edges.values()], left };
  }

  async function draw() {
    const { nodes, edges, left } = shown();
    const whole = trail.length === 1 && trail[0].columns?.map((line) => line.filter(({ type }) => !hidden.has(type) || type === "user"));
    canvas.mark(selected);
    drawPanel(nodes, edges);
    status.textContent = [trail.at(-1)?.said, left && "Nodes of earlier steps are left out, as there is no room."].filter(Boolean).join(" ");
    await canvas.show(nodes, edges, whole || null);
  }

  const nodeOf = (key) => shown().nodes.find((each) => each.key === key);

  function choose(key) {
    selected = key;
    canvas.mark(key);
    const { nodes, edges } = shown();
    drawPanel(nodes, edges);
  }

  function drawPanel(nodes, edges) {
    const found = nodes.find(({ key }) => key === selected);
    if (!found) return redraw(panel);
    const isOpen = trail.some(({ from, columns }) => from.key === selected && !columns);
    const beside = edges.filter(([one, other]) => one === selected || other === selected)
      .map(([one, other, said]) => ({ other: nodes.find(({ key }) => key === (one === selected ? other : one)), said }));
    redraw(panel,
      h("p", { class: "kind" }, what(found)),
      h("h2", {}, called(found)),
      h("p", { class: "picks" },
        expands(found) ? h("button", { type: "button", onclick: () => toggle(selected) }, isOpen ? "Collapse" : "Expand") : null,
        found.type === "item" || found.type === "user" ? h("a", { href: at(found.type, found.id) }, found.type === "item" ? "About this item" : "About this user") : null,
        found.type === "item" || found.type === "user" ? h("a", { href: at("graph", found.type, found.id) }, "Start here") : null),
      beside.length ? h("ul", { class: "rows" }, beside.map(({ other, said }) => h("li", {},
        h("button", { type: "button", class: "row", onclick: () => choose(other.key) },
          h("span", { class: "what" }, called(other)),
          h("small", {}, said || (other.items ? count(other.items, "item", "items") : "")))))) : null);
  }

  async function toggle(key) {
    const found = nodeOf(key);
    if (!found || !expands(found)) return;
    selected = key;
    const open = trail.findIndex(({ from, columns }) => from.key === key && !columns);
    if (open >= 0 && trail.length > 1) {
      trail = trail.filter((_, place) => place !== open);
      await draw();
    } else if (open < 0) await extend(found);
  }

  /** Follow the edges of a node. */
  async function extend(from) {
    const mine = ++requests;
    status.textContent = "Loading …";
    try {
      const hop = await hopOf(from);
      if (mine !== requests) return;
      trail.push(hop);
      await draw();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === requests) status.textContent = error.message;
    }
  }

  async function hopOf(from) {
    const answer = await ask(hopFrom(from, filter));
    const found = neighbours(from, answer);
    return {
      from,
      nodes: found.map((each) => each.node),
      edges: found.map((each) => [from, each.node, each.said, each.times]),
      said: sentence(from, answer),
    };
  }

  /** All hops once more, for other events. */
  async function reload() {
    const mine = ++requests;
    try {
      const again = await Promise.all(trail.map((hop) => (hop.columns ? hop : hopOf(hop.from))));
      if (mine !== requests) return;
      trail = again;
      await draw();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === requests) status.textContent = error.message;
    }
  }

  /** Begin at what the address names; without it, at the most popular item. */
  async function start([type, id, item]) {
    const mine = ++requests;
    trail = [];
    status.textContent = "Loading …";
    try {
      if (type === "user" && item !== undefined) {
        const { explanation } = await ask(path`/v1/users/${id}/recommendations/${item}/explanation?k=${size.paths}`);
        if (mine !== requests) return;
        const { columns, edges } = pathsOf(id, explanation, size.shared);
        const said = explanation.because.length ? "What the user likes, how many people like both, and the recommended item."
          : "No paths: nobody likes both this item and one of the history; what they have in common is shown.";
        trail = [{ from: columns[0][0], nodes: columns.flat(), edges, said, columns: columns.filter(({ length }) => length) }];
        selected = columns.at(-1)[0].key;
        await draw();
        return;
      }
      const from = type === "user" && id !== undefined ? node("user", id)
        : itemNode(id === undefined ? (await ask("/v1/popular?k=1")).items[0] ?? { item: "" } : await ask(path`/v1/items/${id}`));
      if (mine !== requests) return;
      selected = from.key;
      await extend(from);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === requests) status.textContent = error.message;
    }
  }

  async function drawKinds() {
    try {
      const { totals } = await ask("/v1/activity");
      const names = Object.keys(totals);
      if (names.length < 2) return;
      redraw(kinds, h("p", { class: "caption" }, "Only"), ...names.map((kind) => h("button", {
        type: "button", "aria-pressed": String(filter.kinds.includes(kind)),
        onclick: () => {
          filter.kinds = filter.kinds.includes(kind) ? filter.kinds.filter((each) => each !== kind) : [...filter.kinds, kind];
          drawKinds();
          reload();
        },
      }, kind)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the graph says what is wrong
    }
  }

  const date = (label, key) => h("label", {}, label, h("input", { type: "date", onchange: ({ target }) => {
    filter[key] = target.value;
    reload();
  } }));

  const types = h("div", { class: "picks", role: "group", "aria-label": "Nodes that are shown" }, Object.entries(TYPES).map(([type, { name }]) => h("button", {
    type: "button", class: `of-type ${type}`, "aria-pressed": "true",
    onclick: ({ currentTarget }) => {
      if (!hidden.delete(type)) hidden.add(type);
      currentTarget.setAttribute("aria-pressed", String(!hidden.has(type)));
      draw();
    },
  }, name)));

  drawKinds();
  start(first);
  return {
    title: "Graph",
    follow: start,
    node: h("div", {},
      h("h1", { tabindex: -1 }, "Graph"),
      h("p", { class: "lead" }, "Choose a node to see what it is, and expand it to see what it is connected to. People are shown as numbers."),
      h("div", { class: "form few" },
        h("div", {}, h("p", { class: "caption" }, "Start at"), combobox({
          label: "Start at a user or an item",
          placeholder: "A user or an item",
          find: (query) => Promise.all([findItems(query), findUsers(query)]),
          pick: ({ view, id }) => { location.hash = at("graph", view, id); },
        })),
        date("Events from", "since"), date("Events before", "until")),
      h("div", { class: "choices" },
        h("p", { class: "caption" }, "Nodes"), types,
        kinds),
      status,
      h("div", { class: "columns uneven" }, canvas.node, panel)),
  };
}

const WHAT = {
  item: "Item", user: "User", people: "People, by what they did", both: "A path", value: "Attribute of items", linked: "What items are linked to",
};

const what = ({ type, items }) => (items === undefined ? WHAT[type] : `${WHAT[type]}; ${count(items, "item", "items")}`);

/** What an answer has, in a sentence. */
function sentence(from, { total, people, reached }) {
  if (!total) return `${called(from)}: nothing is connected to it by these events.`;
  const counted = from.type === "people" && people !== null && people < from.people
    ? ` Counted on the latest ${number(people)} people.` : "";
  return reached.length < total ? `The ${number(reached.length)} strongest of ${number(total)} connections.${counted}` : counted;
}
