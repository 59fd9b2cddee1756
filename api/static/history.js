// The items that a user has seen, a page at a time.

import { ask, path } from "./api.js";
import { h } from "./dom.js";
import { pending } from "./pending.js";
import { at, count, name, number } from "./words.js";

const PAGE = 15;

/** The history of a user, which grows as more of it is loaded. */
export function history(user) {
  const status = h("p", { class: "hint" });
  const list = h("ul", { class: "rows" });

  /** Adds the rows from a cursor on to the list; a button for the next page takes their place. */
  const page = (cursor) => pending(
    () => ask(`${path`/v1/users/${user}`}?${new URLSearchParams({ limit: PAGE, ...cursor })}`),
    (found) => {
      status.textContent = found.seen
        ? `${count(found.seen, "item", "items")} seen, ${number(found.likes)} liked`
        : "No items seen yet.";
      const rows = found.history.map(seen);
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

  return h("div", {}, status, list, page());
}

function seen(row) {
  return h("li", {},
    h("a", { class: `row ${row.liked ? "liked" : "seen"}`, href: at("item", row.item) },
      h("span", { class: "what" }, name(row)),
      h("small", {}, row.liked ? "liked" : "seen")));
}
