// A new visitor: click what you like, and see the list change with each click.
// The address has the clicked items, so Back undoes the last click.

import { ask, ApiError, path } from "./api.js";
import { combobox } from "./combobox.js";
import { h, redraw } from "./dom.js";
import { findItems } from "./find.js";
import { recommendation } from "./lists.js";
import { change } from "./moves.js";
import { empty, pending } from "./pending.js";
import { at, count, name, number } from "./words.js";

const MOVE = { duration: 450, easing: "cubic-bezier(.2, .7, .2, 1)" };

export function visitor(first) {
  let clicked = first;
  let requests = 0; // only the answer to the latest one is drawn
  const titles = new Map(); // of items, once known
  const picks = h("div", { class: "picks" });
  const chosen = h("div", { class: "chosen" });
  const list = h("ol", { class: "rows ranked moving" });
  const status = h("p", { class: "hint", role: "status" });

  const toggle = (item) => {
    const next = clicked.includes(item) ? clicked.filter((each) => each !== item) : [...clicked, item];
    location.hash = at("visitor", ...next);
  };

  function drawClicked() {
    for (const button of picks.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(clicked.includes(button.value)));
    }
    redraw(chosen, clicked.length
      ? h("ul", { class: "chips" }, clicked.map((item) => h("li", {},
        h("button", { type: "button", "aria-label": `Remove ${titles.get(item) ?? item}`, onclick: () => toggle(item) },
          titles.get(item) ?? item, h("small", { "aria-hidden": "true" }, "×")))))
      : empty("Nothing yet. Click three titles you like."));
  }

  async function loadTitles() {
    const unknown = clicked.filter((item) => !titles.has(item));
    const found = await Promise.all(unknown.map((item) => ask(path`/v1/items/${item}`)));
    for (const item of found) titles.set(item.item, name(item));
  }

  /** Load the list of these clicks, and move the rows that stay to their new places. */
  async function update() {
    const mine = ++requests;
    const [{ recommendations }] = await Promise.all([
      ask("/v1/recommendations", { items: clicked, k: 10 }), loadTitles(),
    ]);
    if (mine !== requests) return;
    drawClicked();
    for (const row of recommendations) titles.set(row.item, name(row));
    const before = new Map([...list.children].map((row, place) => [row.dataset.item, { row, place }]));
    const tops = new Map([...before].map(([item, { row }]) => [item, row.offsetTop]));
    redraw(list, ...recommendations.map((row, place) => entry(row, place, before)));
    for (const row of list.children) slide(row, tops);
    const fresh = recommendations.filter((row) => !before.has(row.item)).length;
    status.textContent = clicked.length
      ? `After ${count(clicked.length, "click", "clicks")}${before.size ? `: ${number(fresh)} new in the list` : ""}.`
      : "Shown to a visitor we know nothing about.";
  }

  function entry(row, place, before) {
    const was = before.get(row.item)?.place;
    return h("li", { "data-item": row.item },
      h("button", { class: "row", type: "button", onclick: () => toggle(row.item), "aria-label": `I like ${name(row)}` },
        before.size ? change(was, place) : null, recommendation(row)));
  }

  const view = h("div", {},
    h("h1", { tabindex: -1 }, "Try it as a new visitor"),
    h("p", { class: "lead" }, "Click what you like: the list changes at once."),
    h("div", { class: "columns" },
      h("section", {},
        h("h2", {}, "You like"), chosen,
        combobox({
          label: "Something you like",
          placeholder: "Any title",
          find: async (query) => [await findItems(query)],
          pick: ({ id }) => { if (!clicked.includes(id)) toggle(id); },
        }),
        h("h2", {}, "Popular"),
        pending(() => ask("/v1/popular?k=18"), ({ items }) => {
          for (const item of items) titles.set(item.item, name(item));
          picks.replaceChildren(...items.map((item) =>
            h("button", { type: "button", value: item.item, "aria-pressed": "false", onclick: () => toggle(item.item) }, name(item))));
          drawClicked();
          return picks;
        }, 6)),
      h("section", {}, h("h2", {}, "Your list"), status,
        pending(update, () => list, 10))));
  return {
    title: "New visitor",
    node: view,
    follow(items) {
      clicked = items;
      drawClicked();
      update().catch((error) => {
        if (!(error instanceof ApiError)) throw error;
        status.textContent = error.message;
      });
    },
  };
}

function slide(row, tops) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const top = tops.get(row.dataset.item);
  if (top === undefined) row.animate([{ opacity: 0 }, { opacity: 1 }], MOVE);
  else row.animate([{ transform: `translateY(${top - row.offsetTop}px)` }, { transform: "none" }], MOVE);
}
