// Content that loads: its outline first, then the content or the error.

import { ApiError } from "./api.js";
import { h } from "./dom.js";

/** A place for the result of `load`, drawn by `draw`; until then, an outline of so many rows. */
export function pending(load, draw, rows = 5) {
  const place = h("div", { class: "pending" });
  const begin = async () => {
    place.setAttribute("aria-busy", "true");
    place.replaceChildren(outline(rows));
    try {
      place.replaceChildren(...[draw(await load())].flat(Infinity).filter(Boolean));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // a mistake in here
      place.replaceChildren(...(error.locked ? [] : [failure(error, begin)]));
    } finally {
      place.removeAttribute("aria-busy");
    }
  };
  begin();
  return place;
}

/** A sentence in place of something that is empty. */
export function empty(sentence) {
  return h("p", { class: "empty" }, sentence);
}

function failure(error, again) {
  // What is not found now will not be found at the next try either.
  const retry = error.status === 404 ? null : h("button", { type: "button", onclick: again }, "Try again");
  return h("div", { class: "failure", role: "alert" }, h("p", {}, error.message), retry);
}

function outline(rows) {
  return h("div", { class: "outline", "aria-hidden": "true" }, Array.from({ length: rows }, () => h("span")));
}
