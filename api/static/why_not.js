// Why an item is not in someone's list.

import { ask, path } from "./api.js";
import { badge } from "./contributions.js";
import { h } from "./dom.js";
import { explanation } from "./explanation.js";
import { pending } from "./pending.js";
import { name, number } from "./words.js";

/** The answer to "why not `item` for `user`?" */
export function whyNot(user, item) {
  return pending(() => ask(path`/v1/users/${user}/why-not/${item}`), (found) => [
    h("p", { class: "verdict" }, verdict(found)),
    found.sources.length ? sources(found.sources) : null,
    found.verdict === "new" ? explanation(user, item) : null,
  ], 3);
}

function verdict(found) {
  const title = name(found);
  switch (found.verdict) {
    case "seen": return `${title} is left out because the user has met it.`;
    case "ruled_out": return `${title} is left out by a rule: ${found.rule}.`;
    case "not_recalled": return `No source recalled ${title}: none holds it for one of the best.`;
    case "ranked": return `${title} has place ${number(found.rank)}, with a score of ${found.score.toFixed(2)}.`;
    case "deleted": return `${title} is left out because it was deleted.`;
    case "new": return `${title} has come since the snapshot was made: few places of a list are for such items.`;
    default: return `${title}: ${found.verdict}.`;
  }
}

function sources(rows) {
  return h("div", { class: "scroll" }, h("table", { class: "figures" },
    h("caption", {}, "What the sources say of it"),
    h("thead", {}, h("tr", {},
      ["Source", "Recalled", "Rank", "Strength", "Weight"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, rows.map((row) => h("tr", {},
      h("th", { scope: "row" }, badge(row.source)),
      h("td", {}, row.recalled ? "yes" : "no"),
      h("td", {}, row.rank == null ? "–" : number(row.rank)),
      h("td", {}, row.strength.toFixed(2)),
      h("td", {}, row.weight.toFixed(2)))))));
}
