// What a user has met, a page at a time.

import { ask, path } from "./api.js";
import { h } from "./dom.js";
import { pending } from "./pending.js";
import { at, count, name } from "./words.js";

const PAGE = 15;

/** The history of a user, which grows as more of it is asked for. */
export function history(user) {
  const said = h("p", { class: "hint" });
  const list = h("ul", { class: "rows" });

  /** The rows from a cursor on go to the list; what stays in their place is the way to the next. */
  const page = (cursor) => pending(
    () => ask(`${path`/v1/users/${user}`}?${new URLSearchParams({ limit: PAGE, ...cursor })}`),
    (found) => {
      said.textContent = found.seen
        ? `Likes ${found.likes} of ${count(found.seen, "item", "items")} met.`
        : "Has met nothing yet.";
      const rows = found.history.map(met);
      list.append(...rows);
      if (cursor) rows[0].firstElementChild.focus(); // the button that had the focus is gone
      return found.next ? more(found.next) : [];
    },
    cursor ? 2 : 10,
  );

  const more = (cursor) => h("button", {
    class: "more",
    type: "button",
    onclick: ({ target }) => target.parentElement.replaceWith(page({ cursor })),
  }, "Show more");

  return h("div", {}, said, list, page());
}

function met(row) {
  return h("li", {},
    h("a", { class: `row ${row.liked ? "liked" : "met"}`, href: at("item", row.item) },
      h("span", { class: "what" }, name(row)),
      h("small", {}, row.liked ? "liked" : "met")));
}
