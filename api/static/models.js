// The snapshot: its data, its models, and their metrics.

import { ask } from "./api.js";
import { badge } from "./contributions.js";
import { h, s } from "./dom.js";
import { empty, pending } from "./pending.js";
import { ago, day, number, share } from "./words.js";

export function models() {
  return {
    title: "Models",
    node: h("div", {},
      h("p", { class: "kind" }, "Snapshot"),
      h("h1", { tabindex: -1 }, "Model and data"),
      pending(() => ask("/v1/snapshot"), (found) => [
        facts(found),
        h("h2", {}, "Models compared"),
        comparison(found.metrics),
        lists(found.metrics, found.list_metrics),
        h("div", { class: "columns" },
          h("section", {}, h("h2", {}, "Weights of the sources"),
            found.weights.map(({ weights }, at) => [
              h("p", { class: "kind" }, liking(found.weights, at)),
              h("dl", { class: "facts" }, Object.entries(weights).map(([source, weight]) =>
                h("div", {}, h("dt", {}, badge(source)), h("dd", {}, weight.toFixed(2))))),
            ]),
            found.ranker === null ? null : h("p", { class: "kind" }, `Learned ranker: ${found.ranker}.`)),
          h("section", {}, h("h2", {}, "Models that serve"), Object.entries(found.models).map(parameters))),
      ], 12)),
  };
}

// Which users a group of weights is for: those who like so many items.
function liking(groups, at) {
  const { least } = groups[at];
  if (at === groups.length - 1) return groups.length === 1 ? "Everyone" : `${least} likes and more`;
  const most = groups[at + 1].least - 1;
  return least === most ? `${least} likes` : `${least} to ${most} likes`;
}

function facts(found) {
  const rows = [
    ["Version", found.version],
    ["Published", h("time", { datetime: found.created, title: found.created }, ago(found.age_seconds))],
    ...Object.entries(found.counts).map(([what, value]) => [what, number(value)]),
    ["Newest event", found.newest_event == null ? "none" : day(found.newest_event)],
    ["Seed", String(found.seed)],
  ];
  return h("dl", { class: "facts" }, rows.map(([what, value]) =>
    h("div", {}, h("dt", {}, what), h("dd", {}, value))));
}

function comparison(metrics) {
  const rows = metrics.models ?? [];
  if (!rows.length) return empty("None: no models were compared when the snapshot was made.");
  const names = ["ndcg", "recall", "hit", "coverage"].map((metric) => `${metric}@${metrics.k}`);
  const main = names[0];
  const bounds = rows.flatMap(({ metrics: { [main]: m } }) => [m.low ?? m.value, m.high ?? m.value]);
  const scale = [Math.min(...bounds), Math.max(...bounds)];
  const best = Object.fromEntries(names.map((metric) =>
    [metric, Math.max(...rows.map((row) => row.metrics[metric]?.value ?? -Infinity))]));
  return [
    h("p", { class: "hint" },
      `Split: ${metrics.protocol}. ${number(metrics.test_users)} users with ${number(metrics.test)} events in the test; `
      + "the bars are 95 % intervals: where they overlap, do not trust the order."),
    h("div", { class: "scroll", role: "region", "aria-label": "Models compared", tabindex: 0 },
      h("table", { class: "figures" },
        h("thead", {}, h("tr", {},
          ["Model", main.toUpperCase(), "", ...names.slice(1).map(heading), "Seconds"].map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", {}, rows.map((row) => h("tr", {},
          h("th", { scope: "row" }, row.model),
          figure(row, main, best),
          h("td", { class: "interval" }, interval(row.metrics[main], scale)),
          names.slice(1).map((metric) => figure(row, metric, best)),
          h("td", {}, row.fit_seconds < 10 ? row.fit_seconds.toFixed(1) : number(Math.round(row.fit_seconds)))))))),
  ];
}

function lists({ models: rows, k }, metrics) {
  const known = metrics.filter(({ metric }) => rows?.some((row) => row.metrics[`${metric}@${k}`]));
  if (!known.length) return null;
  return [
    h("h2", {}, "What their lists are like"),
    h("div", { class: "scroll", role: "region", "aria-label": "What their lists are like", tabindex: 0 },
      h("table", { class: "figures" },
        h("thead", {}, h("tr", {}, ["Model", ...known.map(({ title }) => title)].map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", {}, rows.map((row) => h("tr", {},
          h("th", { scope: "row" }, row.model),
          known.map(({ metric, share: isShare }) => {
            const value = row.metrics[`${metric}@${k}`]?.value;
            return h("td", {}, value == null ? "–" : isShare ? share(value) : value.toFixed(2));
          })))))),
    h("p", { class: "hint" }, known.map(({ title, meaning }) => `${title}: ${meaning}`).join("; ") + "."),
  ];
}

const heading = (metric) => metric[0].toUpperCase() + metric.slice(1);

function figure(row, metric, best) {
  const value = row.metrics[metric]?.value;
  return h("td", { class: value === best[metric] ? "best" : null }, value == null ? "–" : value.toFixed(3));
}

function interval({ value, low, high }, [least, most]) {
  const at = (each) => `${4 + (92 * (each - least)) / (most - least || 1)}%`;
  return s("svg", { width: 140, height: 14, role: "img", "aria-label": low == null ? "no interval" : `${low.toFixed(3)} to ${high.toFixed(3)}` },
    low == null ? null : s("line", { x1: at(low), x2: at(high), y1: 7, y2: 7 }),
    s("circle", { cx: at(value), cy: 7, r: 3.5 }));
}

function parameters([model, values]) {
  return h("details", {}, h("summary", {}, model),
    h("dl", { class: "facts" }, Object.entries(values).map(([key, value]) =>
      h("div", {}, h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, String(value))))));
}
