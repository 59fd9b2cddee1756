// An item: its picture, attributes and popularity over time, and related items by graph, by embedding,
// and by what people do with both.

import { ask, path } from "./api.js";
import { activity, eventsChart, inKinds } from "./activity.js";
import { facts, picture, rowFields } from "./attributes.js";
import { h } from "./dom.js";
import { relatedItems } from "./lists.js";
import { empty, pending } from "./pending.js";
import { placed } from "./placed.js";
import { requestOf, written } from "./question.js";
import { at, count, name, title as titled } from "./words.js";

const LIST = 8;

export function item([id]) {
  const title = h("h1", { tabindex: -1 }, id);
  const related = (by, nothing) => pending(
    () => ask(path`/v1/items/${id}/related?k=10&by=${by}`), (found) => relatedItems(found.related, nothing), 8);
  return {
    title: `Item ${id}`,
    node: h("div", {},
      h("p", { class: "kind" }, `Item ${id}`),
      title,
      pending(() => ask(path`/v1/items/${id}`), (found) => {
        title.textContent = name(found);
        return h("div", { class: "about" },
          picture(found.attributes, found, "picture"),
          h("div", {},
            h("p", { class: "lead" }, `Liked by ${count(found.likes, "person", "people")}.`),
            facts(found.attributes),
            h("p", { class: "more" },
              h("a", { href: at("visitor", id) }, "Try it as a visitor who likes it"),
              h("a", { href: at("graph", "item", id) }, "The graph around it"),
              h("a", { href: at("map", id) }, "Where it is on the map"))));
      }, 2),
      h("section", {}, h("h2", {}, "Popularity"),
        pending(() => activity(id), (found) => [
          found.active_users
            ? h("p", { class: "hint" }, `${inKinds(found.totals)}, by ${count(found.active_users, "person", "people")}`)
            : null,
          eventsChart("Events with this item", found),
        ], 3)),
      h("div", { class: "columns" },
        h("section", {}, h("h2", {}, "Liked by the same people"),
          related("graph", "None: no two people like both this item and another one.")),
        h("section", {}, h("h2", {}, "Nearest by embedding"),
          related("embedding", "None: the model has no embedding of this item."))),
      pending(() => together(id), (lists) => h("div", { class: "columns" }, lists.map(({ placement, answer }) =>
        h("section", {}, h("h2", {}, titled(placement)),
          answer.recommendations.length ? placed(answer) : empty("None yet."),
          h("p", { class: "more" }, h("a", { href: at("placements", written({ name: placement, items: [id] })) }, "Open the placement"))))), 4)),
  };
}

/** The lists of what people do with both, where there are events of the kinds that they go by. */
async function together(id) {
  const [{ placements }, fields] = await Promise.all([ask("/v1/placements"), rowFields()]);
  const lists = await Promise.all(placements.filter(({ type }) => type === "together").map(async ({ name: placement }) => {
    const { url } = requestOf({ name: placement, user: "", items: [id], k: LIST, where: "" }, fields);
    return { placement, answer: await ask(url) };
  }));
  return lists.filter(({ answer }) => !answer.warnings.some((each) => each.startsWith("kinds:")));
}
