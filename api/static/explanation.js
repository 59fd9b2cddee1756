// Why one item is recommended to one user: the paths as a drawing, and the contributions to the score.

import { ask, path } from "./api.js";
import { contributions } from "./contributions.js";
import { h } from "./dom.js";
import { pathsGraph } from "./paths.js";
import { empty, pending } from "./pending.js";
import { at, count } from "./words.js";

/** The explanation of `item` for `user`. */
export function explanation(user, item) {
  return pending(
    () => ask(path`/v1/users/${user}/recommendations/${item}/explanation?k=5`),
    ({ explanation: found }) => [
      found.because.length
        ? pathsGraph(found.because, found)
        : empty("No paths: nobody likes both this item and one of the history."),
      found.shared.length ? shared(found.shared) : null,
      found.contributions.length === 0 ? null : contributions(found.contributions, found.score),
      h("p", { class: "more" }, h("a", { href: at("item", item) }, "About this item"), " ",
        h("a", { href: at("graph", "user", user, item) }, "These paths in the graph")),
    ],
    4,
  );
}

/** The categories and tags that items of the history have too, by attribute. */
function shared(labels) {
  const names = [...new Set(labels.map((label) => label.attribute))];
  return [
    h("p", { class: "hint" }, "In common with liked items:"),
    h("dl", { class: "facts" }, names.map((attribute) => h("div", {},
      h("dt", {}, attribute),
      h("dd", {}, labels.filter((label) => label.attribute === attribute)
        .map(({ value, items }) => `${value} (${count(items, "item", "items")})`).join(", "))))),
  ];
}
