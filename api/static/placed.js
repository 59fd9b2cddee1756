// The list of a placement, as rows with pictures, reasons and fields.

import { line, picture } from "./attributes.js";
import { h } from "./dom.js";
import { change } from "./moves.js";
import { empty } from "./pending.js";
import { at, name, title } from "./words.js";

/** The list of an answer; each row says how its place changed since `before`, where that is given. */
export function placed(answer, before) {
  const rows = answer.recommendations;
  const places = before && new Map(before.recommendations.map(({ item }, place) => [item, place]));
  return [
    answer.unknown_items.length ? empty(`Unknown items: ${answer.unknown_items.join(", ")}.`) : null,
    answer.warnings.map((warning) => empty(`${warning[0].toUpperCase()}${warning.slice(1)}.`)),
    rows.length
      ? h("ol", { class: `rows ranked${places ? " moving" : ""}` }, rows.map((row, place) => h("li", {},
        h("a", { class: "row", href: at("item", row.item) },
          places ? change(places.get(row.item), place) : null,
          picture(row.fields, row),
          h("span", { class: "what" },
            h("strong", {}, name(row)),
            h("span", { class: "reason" }, row.reason),
            more(row, answer.fallbacks[place] === answer.placement ? null : answer.fallbacks[place])),
          h("span", { class: "figure", title: "Score" }, row.score.toFixed(2))))))
      : null,
  ];
}

function more(row, fallback) {
  const said = [line(row.fields), fallback && `from ${title(fallback)}`].filter(Boolean).join(" · ");
  return said ? h("small", {}, said) : null;
}

/** Of two lists, what differs, in a sentence. */
export function difference(before, after) {
  const first = new Set(before.recommendations.map(({ item }) => item));
  const fresh = after.recommendations.filter(({ item }) => !first.has(item)).length;
  if (fresh) return `${fresh} of ${after.recommendations.length} are new in the second list.`;
  const same = after.recommendations.every(({ item }, place) => before.recommendations[place]?.item === item)
    && first.size === after.recommendations.length;
  return same ? "The two lists are the same." : "The same items, in another order.";
}
