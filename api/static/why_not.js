// Why an item is not in someone's list.

import { ask, path } from "./api.js";
import { badge } from "./contributions.js";
import { h } from "./dom.js";
import { explanation } from "./explanation.js";
import { pending } from "./pending.js";
import { name, number, ordinal } from "./words.js";

/** The answer to "why not `item` for `user`?"; `drawn` is called once it is there. */
export function whyNot(user, item, drawn) {
  return pending(() => ask(path`/v1/users/${user}/why-not/${item}`), (found) => (drawn(), [
    h("p", { class: "verdict" }, verdict(found)),
    found.sources.length ? sources(found.sources) : null,
    found.verdict === "new" ? explanation(user, item) : null,
  ]), 3);
}

function verdict(found) {
  const title = name(found);
  switch (found.verdict) {
    case "seen": return `${title} is left out: already seen by this user.`;
    case "disliked": return `${title} is left out: this user disliked it or gave it back.`;
    case "ruled_out": return `${title} is left out by a rule: ${found.rule}.`;
    case "not_retrieved": return `No source ranks ${title} high enough.`;
    case "ranked": return `${title} ranks ${ordinal(found.rank)} (score ${found.score.toFixed(2)}).`;
    case "deleted": return `${title} is left out: it was deleted.`;
    case "new": return `${title} was added after the snapshot was made: a list has few places for such items.`;
    default: return `${title}: ${found.verdict}.`;
  }
}

function sources(rows) {
  return h("div", { class: "scroll" }, h("table", { class: "figures" },
    h("caption", {}, "How each source ranks it"),
    h("thead", {}, h("tr", {},
      ["Source", "Retrieved", "Rank", "z-score", "Weight"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, rows.map((row) => h("tr", {},
      h("th", { scope: "row" }, badge(row.source)),
      h("td", {}, row.retrieved ? "yes" : "no"),
      h("td", {}, row.rank == null ? "–" : number(row.rank)),
      h("td", {}, row.z_score.toFixed(2)),
      h("td", {}, row.weight.toFixed(2)))))));
}
