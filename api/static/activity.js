// What happened when: events by kind, and people and items with events.

import { ask } from "./api.js";
import { chart } from "./chart.js";
import { empty } from "./pending.js";
import { count, number } from "./words.js";

const MOST = 4; // kinds with a line each; further ones share one

/** What happened, of an item or of everything. */
export const activity = (item) => ask(`/v1/activity${item === undefined ? "" : `?${new URLSearchParams({ item })}`}`);

/** The events of each kind over time. */
export function eventsChart(name, found) {
  const undated = found.undated ? empty(`${count(found.undated, "event has", "events have")} no time.`) : null;
  if (!found.times.length) return undated ?? empty("No events yet.");
  const kinds = Object.entries(found.events).map(([kind, values]) => ({ name: kind, values }));
  const series = kinds.length > MOST + 1
    ? [...kinds.slice(0, MOST), { name: `${kinds.length - MOST} other kinds`, values: sum(kinds.slice(MOST)) }]
    : kinds;
  return [chart(name, { ...found, series }), undated];
}

/** People and items with an event over time. */
export function reachChart(name, found) {
  if (!found.times.length) return null;
  return chart(name, { ...found, sums: false, series: [
    { name: "users", values: found.users }, { name: "items", values: found.items },
  ] });
}

/** "120 view, 30 purchase". */
export const inKinds = (totals) => Object.entries(totals).map(([kind, times]) => `${number(times)} ${kind}`).join(", ");

function sum(kinds) {
  return kinds[0].values.map((_, at) => kinds.reduce((all, { values }) => all + values[at], 0));
}
