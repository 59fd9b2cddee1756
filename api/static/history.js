// What a user did, the latest first, a page at a time.

import { ask, path } from "./api.js";
import { h } from "./dom.js";
import { pending } from "./pending.js";
import { at, day, name, number } from "./words.js";

const PAGE = 15;

/** The history of a user, which grows as more of it is loaded. */
export function history(user) {
  const list = h("ul", { class: "rows" });

  /** Adds the rows from a cursor on to the list; a button for the next page takes their place. */
  const page = (cursor) => pending(
    () => ask(`${path`/v1/users/${user}/events`}?${new URLSearchParams({ limit: PAGE, ...cursor })}`),
    (found) => {
      const rows = found.events.map(happened);
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

  return h("div", {}, list, page());
}

function happened({ item, title, kind, value, time, counted }) {
  const what = value == null || value === 1 ? kind : `${kind} ${number(value)}`;
  return h("li", {},
    h("a", { class: `row ${counted ? "liked" : "seen"}`, href: at("item", item) },
      h("span", { class: "what" }, name({ item, title })),
      h("small", {}, counted ? what : `${what}, not counted`),
      h("small", { class: "when" }, time == null ? "no date" : h("time", { datetime: new Date(time).toISOString(), title: new Date(time).toISOString() }, day(time)))));
}
