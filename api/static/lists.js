// Lists of items and users, as several views show them.

import { badge } from "./contributions.js";
import { h } from "./dom.js";
import { empty } from "./pending.js";
import { at, count, name } from "./words.js";

/** One recommendation: its title, reason, sources and score. */
export function recommendation(row) {
  return [
    h("span", { class: "what" },
      h("strong", {}, name(row)),
      h("span", { class: "reason" }, row.reason),
      h("span", { class: "badges" }, row.sources.map(badge))),
    h("span", { class: "figure", title: "Score" }, row.score.toFixed(2)),
  ];
}

/** Items related to another one; `nothing` is shown where there are none. */
export function relatedItems(rows, nothing) {
  if (!rows.length) return empty(nothing);
  return h("ol", { class: "rows" }, rows.map((row) => h("li", {},
    h("a", { class: "row", href: at("item", row.item) },
      h("span", { class: "what" },
        h("strong", {}, name(row)),
        row.people == null ? null : h("small", {}, `${count(row.people, "person likes", "people like")} both`)),
      h("span", { class: "figure", title: "Cosine" }, row.score.toFixed(3))))));
}

/** Short links side by side. */
export function chips(links) {
  return h("ul", { class: "chips" }, links.map(({ href, text, note }) =>
    h("li", {}, h("a", { href }, text, note ? h("small", {}, note) : null))));
}
