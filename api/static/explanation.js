// Why one item is recommended to one user: the paths as a drawing, and what makes up the score.

import { ask, path } from "./api.js";
import { contributions } from "./contributions.js";
import { h } from "./dom.js";
import { pathsGraph } from "./paths.js";
import { empty, pending } from "./pending.js";
import { at } from "./words.js";

/** The explanation of `item` for `user`. */
export function explanation(user, item) {
  return pending(
    () => ask(path`/v1/users/${user}/recommendations/${item}/explanation?k=5`),
    ({ explanation: found }) => [
      found.because.length
        ? pathsGraph(found.because, found)
        : empty("No path leads here: nobody likes this item and one of the history."),
      found.contributions.length === 0 ? null : contributions(found.contributions, found.score),
      h("p", { class: "more" }, h("a", { href: at("item", item) }, "About this item")),
    ],
    4,
  );
}
