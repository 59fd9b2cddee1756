// Experiments and clicks: what runs, and how often what was listed was followed by an event.

import { chart } from "./chart.js";
import { h } from "./dom.js";
import { empty } from "./pending.js";
import { count, day, number, share } from "./words.js";

const STATES = { waiting: "Not begun", running: "Running", over: "Over" };

/** The experiments of the settings, each with its state and variants. */
export function experiments({ experiments: rows }) {
  if (!rows.length) return empty("None: name one in the settings, under [experiments.NAME].");
  return h("div", { class: "scroll", role: "region", "aria-label": "Experiments", tabindex: 0 }, h("table", { class: "figures" },
    h("thead", {}, h("tr", {}, ["Experiment", "State", "Lists", "Variants", "From", "Until", "Goals"].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, rows.map((row) => h("tr", {},
      h("th", { scope: "row" }, row.name),
      h("td", {}, row.reason ? `Nobody is in it: ${row.reason}` : STATES[row.state] ?? row.state),
      h("td", {}, row.lists.length ? row.lists.join(", ") : "all"),
      h("td", {}, row.variants.map(({ name, share: part }) => `${name} ${share(part)}`).join(", ")),
      h("td", {}, row.start == null ? "–" : day(row.start)),
      h("td", {}, row.end == null ? "–" : day(row.end)),
      h("td", {}, row.goals.map(({ name }) => name).join(", ")))))));
}

/** The click rate of the snapshots, the latest first. */
export function clickRates({ days, whole, missing, rates }) {
  if (missing) return empty(`${missing[0].toUpperCase()}${missing.slice(1)}.`);
  const times = rates.toReversed();
  return [
    h("p", { class: "hint" }, `Items of lists with an event of the same user within ${count(days, "day", "days")}. To judge one snapshot against another, run graphrec compare.${whole ? "" : " Only the end of the log is counted."}`),
    times.length > 1
      ? chart("Click rate by snapshot", { times: times.map(({ first }) => first), days: 1, sums: false, whole: false, series: [{ name: "click rate", values: times.map(({ clicked, shown }) => clicked / shown) }] })
      : null,
    h("div", { class: "scroll", role: "region", "aria-label": "Click rate by snapshot", tabindex: 0 }, h("table", { class: "figures" },
      h("thead", {}, h("tr", {}, ["Snapshot", "From", "To", "Users", "Items shown", "Clicked", "Rate"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rates.map((row) => h("tr", {},
        h("th", { scope: "row" }, row.version),
        h("td", {}, day(row.first)), h("td", {}, day(row.last)),
        [row.users, row.shown, row.clicked].map((each) => h("td", {}, number(each))),
        h("td", {}, share(row.clicked / row.shown))))))),
  ];
}
