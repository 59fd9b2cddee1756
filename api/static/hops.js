// The nodes of the graph, the request for what one has edges to, and nodes and edges of its answer.

import { path } from "./api.js";
import { label } from "./attributes.js";
import { count, name as titled } from "./words.js";

/** A node as the drawing has it. What makes it another one is in its key. */
export function node(type, id, more = {}) {
  const { item, name, of } = more;
  const own = { people: [item, id], both: [item, id], value: [name, id], linked: [name, of, id] }[type] ?? [id];
  return { key: JSON.stringify([type, ...own]), type, id, ...more };
}

export const itemNode = (row) => node("item", row.item, { name: row.title });

/** What a node is called. */
export function called({ type, id, name, of, people }) {
  switch (type) {
    case "item": return titled({ item: id, title: name });
    case "user": return `User ${id}`;
    case "people": return `${id}: ${count(people, "person", "people").replace(" ", "\u00a0")}`;
    case "both": return `${count(people, "person likes", "people like")} both`;
    case "linked": return `${label(of)}: ${id}`;
    default: return `${label(name)}: ${id}`;
  }
}

/** The kinds of nodes: what they are called, and the colour that they have. */
export const TYPES = {
  item: { name: "Items", colour: "--green" },
  people: { name: "People", colour: "--soft" },
  value: { name: "Attributes", colour: "--embedding" },
  linked: { name: "Links", colour: "--popularity" },
};

/** Whether a node has edges that can be asked for. */
export const expands = ({ type }) => type !== "both";

/** Where the neighbours of a node are to be had, of those events that count. */
export function hopFrom({ type, id, item, name, of }, { k, kinds, since, until }) {
  const given = new URLSearchParams({ k });
  for (const kind of type === "people" ? [id] : kinds) given.append("kinds", kind);
  if (since) given.set("since", since);
  if (until) given.set("until", until);
  const place = {
    item: () => path`/v1/graph/items/${id}`,
    people: () => path`/v1/graph/items/${item}/people`,
    user: () => path`/v1/graph/users/${id}`,
    value: () => path`/v1/graph/values/${name}/${id}`,
    linked: () => path`/v1/graph/linked/${name}/${of}/${id}`,
  }[type]();
  return `${place}?${given}`;
}

/** The neighbours in an answer: each node, what the edge to it says, and how often that is so. */
export function neighbours(from, { reached }) {
  const values = new Set(reached.filter(({ type }) => type === "value").map(({ id }) => id));
  return reached
    // A label may be loaded as an attribute and as a link as well: it is one node here.
    .filter(({ type, id }) => type !== "linked" || !values.has(id))
    .map(({ type, id, name, of, count: times }) => {
      if (type === "people") return { node: node("people", id, { item: from.id, people: times }), said: "", times };
      if (type === "linked" && of === "item") return { node: node("item", id), said: name, times: 1 };
      if (type !== "item") return { node: node(type, id, { name, of, items: times }), said: "", times: 1 };
      const said = from.type === "user" ? count(times, "event", "events") : count(times, "person", "people");
      return { node: node("item", id, { name }), said, times };
    });
}

/** The paths of a recommendation as nodes in columns, and edges: [from, to, what it says,
 * how often]; with at most so many attributes in common. */
export function pathsOf(user, explanation, most) {
  const me = node("user", user);
  const target = itemNode(explanation);
  const nodes = [[me], [], [], [target]];
  const edges = [];
  for (const via of explanation.because) {
    const mine = itemNode(via);
    const both = node("both", via.item, { item: target.id, people: via.people });
    nodes[1].push(mine);
    nodes[2].push(both);
    edges.push([me, mine, "liked", 1], [mine, both, "", via.people], [both, target, "", via.people]);
  }
  for (const { attribute, value, items } of explanation.shared.slice(0, most)) {
    const shared = node("value", value, { name: attribute });
    nodes[2].push(shared);
    edges.push([me, shared, count(items, "liked item", "liked items"), items], [shared, target, "", 1]);
  }
  return { columns: nodes, edges };
}
