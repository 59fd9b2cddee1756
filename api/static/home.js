// The first view: users and items to begin with.

import { ask } from "./api.js";
import { h } from "./dom.js";
import { chips } from "./lists.js";
import { empty, pending } from "./pending.js";
import { at, name, number } from "./words.js";

export function home() {
  return {
    title: "Explore",
    node: h("div", { class: "home" },
      h("h1", { tabindex: -1 }, "Explore recommendations"),
      h("p", { class: "lead" },
        "Search for a user or an item above, pick one below, or ",
        h("a", { href: at("visitor") }, "try it as a new visitor"),
        " and see the list change with each click."),
      h("div", { class: "columns" },
        h("section", {}, h("h2", {}, "Most active users"),
          pending(() => ask("/v1/users?limit=12"), ({ users }) => users.length
            ? chips(users.map(({ user, likes }) => ({ href: at("user", user), text: user, note: number(likes) })))
            : empty("The snapshot has no users."), 3)),
        h("section", {}, h("h2", {}, "Popular items"),
          pending(() => ask("/v1/popular?k=12"), ({ items }) => items.length
            ? chips(items.map((item) => ({ href: at("item", item.item), text: name(item), note: number(item.likes) })))
            : empty("The snapshot has no items."), 3)))),
  };
}
