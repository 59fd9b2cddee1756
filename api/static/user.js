// A user: their recommendations with reasons, their history, and why an item is not in the list.
// The address may have an item after the user, which is explained.

import { ask, path } from "./api.js";
import { facts, label, shown } from "./attributes.js";
import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { explanation } from "./explanation.js";
import { findItems } from "./find.js";
import { history } from "./history.js";
import { recommendation } from "./lists.js";
import { empty, pending } from "./pending.js";
import { written } from "./question.js";
import { whyNot } from "./why_not.js";
import { at, count, name, number } from "./words.js";

export function user([id, ...named]) {
  let selected = named[0]; // the item in the address
  let entries; // of the list, by item: the button and the region under it; undefined until it is there
  const answer = h("div", { class: "answer", "aria-live": "polite" });

  /** Open the item in the address: an entry of the list, or why it is not in it. */
  function open() {
    for (const [item, { button, region }] of entries) {
      const isOpen = item === selected;
      button.setAttribute("aria-expanded", String(isOpen));
      region.hidden = !isOpen;
      region.replaceChildren(...(isOpen ? [explanation(id, item)] : []));
    }
    const missing = selected !== undefined && !entries.has(selected);
    answer.replaceChildren(...(missing ? [whyNot(id, selected, show)] : []));
  }

  /** Scroll to the answer once it is there: it is below the list, maybe out of sight. */
  function show() {
    requestAnimationFrame(() => answer.scrollIntoView({ block: "center" }));
  }

  function list({ recommendations }) {
    entries = new Map();
    const rows = recommendations.map((row, place) => {
      const region = h("div", { class: "why", id: `why-${place}` });
      const button = h("button", {
        class: "row",
        type: "button",
        "aria-controls": region.id,
        onclick: () => { location.hash = row.item === selected ? at("user", id) : at("user", id, row.item); },
      }, recommendation(row));
      entries.set(row.item, { button, region });
      return h("li", {}, button, region);
    });
    open();
    if (!rows.length) return empty("There is nothing left to recommend.");
    return h("ol", { class: "rows ranked", onkeydown: closeOnEscape }, rows);
  }

  function closeOnEscape(event) {
    if (event.key !== "Escape" || selected === undefined) return;
    entries.get(selected)?.button.focus();
    location.hash = at("user", id);
  }

  return {
    title: `User ${id}`,
    follow([item]) {
      selected = item;
      if (entries) open();
    },
    node: h("div", {},
      h("h1", { tabindex: -1 }, `User ${id}`),
      pending(() => ask(`${path`/v1/users/${id}`}?limit=1`), (found) => [
        h("p", { class: "lead" }, found.seen
          ? `${count(found.seen, "item", "items")} seen, ${number(found.likes)} liked`
          : "No items seen yet."),
        facts(found.attributes),
      ], 2),
      h("div", { class: "columns uneven" },
        h("section", {},
          h("h2", {}, "Recommended"),
          pending(() => ask(path`/v1/users/${id}/recommendations?k=10`), list, 10),
          h("p", { class: "more" },
            h("a", { href: at("what-if", written({ name: "for-you", user: id, items: [] })) }, "What if the settings were others?"), " ",
            h("a", { href: at("placements", written({ name: "for-you", user: id, items: [] })) }, "Other placements"), " ",
            h("a", { href: at("graph", "user", id) }, "The graph around this user")),
          h("h2", {}, "Why not …?"),
          h("p", { class: "hint" }, "Pick an item that is not in the list, and see why."),
          combobox({
            label: "Why is this item not in the list?",
            placeholder: "An item, by title or id",
            find: async (query) => [await findItems(query)],
            pick: (picked) => { location.hash = at("user", id, picked.id); },
          }),
          answer,
          h("h2", {}, "Similar users"), similar(id)),
        h("section", {}, h("h2", {}, "History"), history(id)))),
  };
}

function similar(id) {
  return pending(() => ask(path`/v1/users/${id}/similar?k=8`), (found) => found.similar.length
    ? h("ul", { class: "rows" }, found.similar.map((row) => h("li", {},
      h("a", { class: "row", href: at("user", row.user) },
        h("span", { class: "what" }, h("strong", {}, row.user),
          h("span", { class: "reason" }, shares(row))),
        h("span", { class: "figure", title: "Cosine" }, row.score.toFixed(2))))))
    : empty("Nobody else likes two of the same items."), 4);
}

/** What two users share, in a sentence. */
function shares({ items, shared, attributes }) {
  const rest = items - shared.length;
  const titles = shared.map(name).join("; ");
  const alike = Object.entries(attributes).map(([key, value]) => `${label(key)} ${shown(key, value)}`);
  return [`${count(items, "item", "items")} in common: ${titles}${rest > 0 ? `; and ${number(rest)} more` : ""}`, ...alike].join(" · ");
}
