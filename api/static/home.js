// The first view: whom and what one can look up.

import { ask } from "./api.js";
import { h } from "./dom.js";
import { chips } from "./lists.js";
import { empty, pending } from "./pending.js";
import { at, name, number } from "./words.js";

export function home() {
  return {
    title: "Look around",
    node: h("div", { class: "home" },
      h("h1", { tabindex: -1 }, "Who would like what, and why"),
      h("p", { class: "lead" },
        "Search for a user or an item above, pick one below, or ",
        h("a", { href: at("visitor") }, "be a new visitor"),
        " and watch a list become yours."),
      h("div", { class: "columns" },
        h("section", {}, h("h2", {}, "Users who like most"),
          pending(() => ask("/v1/users?limit=12"), ({ users }) => users.length
            ? chips(users.map(({ user, likes }) => ({ href: at("user", user), text: user, note: number(likes) })))
            : empty("The snapshot knows no users."), 3)),
        h("section", {}, h("h2", {}, "Popular items"),
          pending(() => ask("/v1/popular?k=12"), ({ items }) => items.length
            ? chips(items.map((item) => ({ href: at("item", item.item), text: name(item), note: number(item.likes) })))
            : empty("The snapshot knows no items."), 3)))),
  };
}
