// Where the rows of a list were before.

import { h } from "./dom.js";

/** Up, down, new, or nothing where a row stayed; `was` and `place` count from 0. */
export function change(was, place) {
  if (was === undefined || was < 0) return h("span", { class: "change new" }, "new");
  const by = was - place;
  if (!by) return h("span", { class: "change", "aria-hidden": "true" });
  return h("span", { class: `change ${by > 0 ? "up" : "down"}`, title: `Was in place ${was + 1}` },
    `${by > 0 ? "▲" : "▼"}${Math.abs(by)}`);
}
