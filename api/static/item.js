// An item: its attributes, and related items by graph and by embedding.

import { ask, path } from "./api.js";
import { h } from "./dom.js";
import { relatedItems } from "./lists.js";
import { pending } from "./pending.js";
import { at, count, name } from "./words.js";

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
        return [
          h("p", { class: "lead" }, `Liked by ${count(found.likes, "person", "people")}. `,
            h("a", { href: at("visitor", id) }, "Try it as a visitor who likes it")),
          attributes(found.attributes),
        ];
      }, 2),
      h("div", { class: "columns" },
        h("section", {}, h("h2", {}, "Liked by the same people"),
          related("graph", "None: no two people like both this item and another one.")),
        h("section", {}, h("h2", {}, "Nearest by embedding"),
          related("embedding", "None: the model has no embedding of this item.")))),
  };
}

function attributes(values) {
  const known = Object.entries(values).filter(([, value]) => value != null && value.length !== 0);
  return h("dl", { class: "facts" }, known.map(([key, value]) =>
    h("div", {}, h("dt", {}, key), h("dd", {}, [value].flat().join(", ")))));
}
