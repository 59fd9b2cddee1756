// The overview: what happens, what is listed, how fast, and what needs a look.

import { address, ask, ApiError, askText, hasKey } from "./api.js";
import { activity, eventsChart, reachChart } from "./activity.js";
import { chart } from "./chart.js";
import { h } from "./dom.js";
import { clickRates, experiments } from "./experiments.js";
import { metrics, routes, total, value } from "./metrics.js";
import { empty, pending } from "./pending.js";
import { ago, count, day, number, share } from "./words.js";

const SLOW_ROUTES = 8; // that are listed

// From where on a figure is worth a look.
const LIMITS = { overlap: 0.9, empty: 0.01, fallback: 0.5, age: 7 * 86_400 };

export function overview() {
  const log = activity();
  const served = metrics();
  const health = ask("/health/ready");
  for (const each of [log, served, health]) each.catch(() => {}); // shown where it is drawn
  return {
    title: "Overview",
    node: h("div", {},
      h("h1", { tabindex: -1 }, "Overview"),
      pending(async () => Promise.all([health, log, served, ask("/v1/snapshot")]), summary, 4),
      h("section", {}, h("h2", {}, "Events"),
        pending(() => log, (found) => h("div", { class: "columns" }, h("div", {}, eventsChart("Events by kind", found)), h("div", {}, reachChart("Users and items with events", found))), 6)),
      h("section", {}, h("h2", {}, "Lists"), pending(() => served, lists, 4)),
      h("section", {}, h("h2", {}, "Latency"), pending(() => served, latency, 4)),
      h("section", {}, h("h2", {}, "Experiments"), pending(() => ask("/v1/experiments"), experiments, 2)),
      h("section", {}, h("h2", {}, "Clicks"), pending(() => ask("/v1/click-rates"), clickRates, 3)),
      h("section", {}, h("h2", {}, "Refreshes"), pending(() => ask("/v1/refreshes"), refreshes, 4))),
  };
}

function summary([health, log, served, snapshot]) {
  const cold = log.all_items ? 1 - log.active_items / log.all_items : 0;
  const rows = [
    ["Events", number(Object.values(log.totals).reduce((sum, each) => sum + each, 0))],
    ["Users with events", number(log.active_users)],
    ["Items", number(log.all_items)],
    ["Cold items", share(cold)],
    ["Newest event in the snapshot", snapshot.newest_event == null ? "none" : day(snapshot.newest_event)],
    ["Snapshot", ago(snapshot.age_seconds)],
    ["Service", health.status],
  ];
  const looks = alarms(health, served, snapshot);
  return [
    h("dl", { class: "facts tiles" }, rows.map(([what, said]) => h("div", {}, h("dt", {}, what), h("dd", {}, said)))),
    looks.length
      ? h("ul", { class: "alarms", "aria-label": "Needs a look" }, looks.map((each) => h("li", {}, each)))
      : h("p", { class: "hint" }, "Nothing needs a look."),
  ];
}

/** What needs a look, in a sentence each. */
function alarms(health, served, snapshot) {
  const lists = total(served, "graphrec_lists_total");
  const empties = total(served, "graphrec_lists_empty_total");
  const overlap = value(served, "graphrec_list_overlap", { version: snapshot.version });
  const [failed, refused] = ["500", "503"].map((status) => total(served, "graphrec_requests_total", { status }));
  return [
    ...Object.entries(health.parts ?? {}).filter(([, said]) => said !== "ready").map(([part, said]) => `${part}: ${said}`),
    ...(health.warnings ?? []),
    snapshot.age_seconds > LIMITS.age && `The snapshot was published ${ago(snapshot.age_seconds)}: see that refreshes run.`,
    overlap > LIMITS.overlap && `${share(overlap)} of a list is the same as another one: the lists are hardly personal.`,
    lists > 0 && empties / lists > LIMITS.empty && `${share(empties / lists)} of the lists are empty.`,
    fallbacks(served) > LIMITS.fallback && `${share(fallbacks(served))} of the places are filled with popular items, as no source finds enough.`,
    failed > 0 && `${count(failed, "request", "requests")} failed through a fault of the service (500): its log says why.`,
    refused > 0 && `${count(refused, "request", "requests")} came when more was asked than could be answered, or before the service was ready (503).`,
    total(served, "graphrec_reloads_total", { result: "refused" }) > 0 && "A snapshot was refused when it was loaded.",
    total(served, "graphrec_exposures_total", { result: "lost" }) > 0 && "Lists for the log of exposures were lost.",
  ].filter(Boolean);
}

/** The share of places that the fallback fills. */
function fallbacks(served) {
  const places = total(served, "graphrec_recommended_items_total");
  return places ? total(served, "graphrec_recommended_by_total", { source: "fallback" }) / places : 0;
}

function lists(served) {
  const sent = total(served, "graphrec_lists_total");
  if (!sent) return empty("No list was asked for since the service started.");
  const empties = served.filter(({ name, value: times }) => name === "graphrec_lists_empty_total" && times > 0);
  const versions = served.filter(({ name }) => name === "graphrec_coverage").map(({ labels }) => labels.version);
  return [
    h("p", { class: "hint" }, "Since the service started; coverage and overlap are of the last 1,000 lists."),
    h("dl", { class: "facts tiles" }, [
      ["Lists", number(sent)],
      ...versions.flatMap((version) => [
        [versions.length > 1 ? `Coverage, ${version}` : "Coverage", share(value(served, "graphrec_coverage", { version }) ?? 0)],
        [versions.length > 1 ? `Overlap, ${version}` : "Overlap", part(value(served, "graphrec_list_overlap", { version }))],
      ]),
      ["Empty", empties.length ? empties.map(({ labels, value: times }) => `${number(times)} (${labels.cause})`).join(", ") : "none"],
      ["Filled with popular items", share(fallbacks(served))],
    ].map(([what, said]) => h("div", {}, h("dt", {}, what), h("dd", {}, said)))),
  ];
}

const part = (each) => (each == null ? "–" : share(each));

function latency(served) {
  const found = routes(served).filter(({ route }) => route.startsWith("/v1/")).slice(0, SLOW_ROUTES);
  if (!found.length) return empty("No requests yet.");
  return h("div", { class: "scroll", role: "region", "aria-label": "Latency by route", tabindex: 0 }, h("table", { class: "figures" },
    h("thead", {}, h("tr", {}, ["Route", "Answers", "Half within", "95 % within"].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, found.map(({ route, count: times, seconds }) => h("tr", {},
      h("th", { scope: "row" }, route), h("td", {}, number(times)),
      seconds.map((each) => h("td", {}, milliseconds(each))))))));
}

const milliseconds = (seconds) => `${number(Number((1000 * seconds).toPrecision(2)))} ms`;

function refreshes({ refreshes: rows }) {
  if (!rows.length) return empty("None yet: each run of graphrec refresh leaves a report here.");
  const measured = rows.filter(({ ndcg }) => ndcg != null).toReversed();
  return [
    measured.length > 1 ? h("div", { class: "columns" },
      h("div", {}, course("NDCG over the refreshes", "NDCG", measured, "ndcg")),
      h("div", {}, course("Coverage over the refreshes", "coverage", measured, "coverage"))) : null,
    h("div", { class: "scroll", role: "region", "aria-label": "Refreshes", tabindex: 0 }, h("table", { class: "figures" },
      h("thead", {}, h("tr", {}, ["When", "Verdict", "NDCG", "Coverage", "Users", "Items", "Report"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {},
        h("th", { scope: "row" }, day(Date.parse(row.time))),
        h("td", {}, row.verdict ?? "–"),
        h("td", {}, row.ndcg == null ? "–" : row.ndcg.toFixed(3)),
        h("td", {}, part(row.coverage)),
        h("td", {}, number(row.counts.users)), h("td", {}, number(row.counts.items)),
        h("td", {}, report(row.name))))))),
  ];
}

const course = (name, what, rows, key) =>
  chart(name, { times: rows.map(({ time }) => Date.parse(time)), days: 1, sums: false, whole: false, series: [{ name: what, values: rows.map((row) => row[key]) }] });

/** A link to a report; with a key, which a link cannot bring, a file to keep. */
function report(name) {
  const place = `/v1/reports/${encodeURIComponent(name)}`;
  if (!hasKey()) return h("a", { href: address(place) }, "Open");
  const button = h("button", { type: "button", onclick: async () => {
    try {
      const url = URL.createObjectURL(new Blob([await askText(place)], { type: "text/html" }));
      h("a", { href: url, download: `${name}.html` }).click();
      URL.revokeObjectURL(url);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      button.replaceWith(error.message);
    }
  } }, "Download");
  return button;
}
