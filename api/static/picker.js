// What was picked, as chips that can be taken away, and a field to pick more.

import { ask, path } from "./api.js";
import { combobox } from "./combobox.js";
import { h, redraw } from "./dom.js";
import { findItems, findUsers } from "./find.js";
import { name } from "./words.js";

const titles = new Map(); // of items, once known

/** A field for items; `show(ids)` sets what is picked, `picked(ids)` is called after a change. */
export function itemPicker(picked, many = true) {
  return picker({
    label: many ? "Items" : "Item",
    find: (query) => findItems(query),
    picked,
    many,
    title: async (id) => {
      if (!titles.has(id)) titles.set(id, name(await ask(path`/v1/items/${id}`).catch(() => ({ item: id }))));
      return titles.get(id);
    },
  });
}

/** The same for a user. */
export function userPicker(picked) {
  return picker({ label: "User", find: (query) => findUsers(query), picked, many: false, title: async (id) => id });
}

function picker({ label, find, picked, many, title }) {
  let ids = [];
  const chips = h("ul", { class: "chips" });
  const node = h("div", { class: "picker" },
    h("p", { class: "caption" }, label),
    chips,
    combobox({
      label,
      placeholder: many ? "Add by title or id" : "Find by name or id",
      find: async (query) => [await find(query)],
      pick: ({ id }) => { if (!ids.includes(id)) picked(many ? [...ids, id] : [id]); },
    }));

  async function show(next) {
    ids = next;
    const texts = await Promise.all(ids.map(title));
    if (ids !== next) return;
    chips.hidden = !ids.length;
    redraw(chips, ...ids.map((id, at) => h("li", {},
      h("button", { type: "button", "aria-label": `Remove ${texts[at]}`, onclick: () => picked(ids.filter((each) => each !== id)) },
        texts[at], h("small", { "aria-hidden": "true" }, "×")))));
  }

  return { node, show };
}
