// Charts of counts over time, drawn by uPlot, which is loaded when the first one is shown.

import { colours, recoloured } from "./colours.js";
import { h } from "./dom.js";
import { library } from "./library.js";
import { day, number } from "./words.js";

const HEIGHT = 200;
const COLOURS = ["--green", "--embedding", "--popularity", "--red", "--soft"];

/**
 * A chart: `times` in milliseconds since 1970, each the beginning of so many `days`, and `series`,
 * [{name, values}], whose `sums` say something or not. Its figures are below it as a table, too.
 */
export function chart(name, { times, days, series, sums = true, whole = true }) {
  const place = h("div", { class: "chart", role: "img", "aria-label": `${name}: ${spoken(times, sums ? series : [])}` });
  const rest = whole ? resting(times, days) : "";
  const under = h("p", { class: "hint", "aria-hidden": "true" }, rest);
  const legend = h("ul", { class: "legend" }, series.map(({ name: each, values }, at) =>
    h("li", { class: `series-${at % COLOURS.length}` }, each, sums && h("small", {}, number(values.reduce((sum, value) => sum + value, 0))))));
  let drawn;
  const draw = async () => {
    const width = Math.round(place.clientWidth);
    if (!width) return;
    const UPlot = await library("uplot.js", "uPlot");
    drawn?.destroy();
    place.replaceChildren();
    drawn = new UPlot(options(width, series, whole, (at) => {
      under.textContent = at == null ? rest
        : `${period(times[at], days)}: ${series.map(({ name: each, values }) => `${number(values[at])} ${each}`).join(", ")}`;
    }, inks()), [times.map((each) => each / 1000), ...series.map(({ values }) => values)], place);
  };
  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  recoloured(place, draw);
  return h("figure", {}, h("figcaption", { class: "kind" }, name), legend, place, under, figures(name, times, days, series));
}

function options(width, series, whole, hovered, { ink, line, of }) {
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    hooks: { setCursor: [({ cursor }) => hovered(cursor.idx)] },
    scales: { y: { range: (_, least, most) => [Math.min(0, least), most || 1] } },
    axes: [
      { ...axis, space: 70, values: (_, splits) => dates(splits) },
      { ...axis, size: 56, values: (_, splits) => splits.map((each) => (whole && !Number.isInteger(each) ? "" : number(each))) },
    ],
    series: [{}, ...series.map((_, at) => ({ stroke: of[at % of.length], width: 1.75, points: { show: series[at].values.length < 2 } }))],
  };
}

/** Days, or months where there are many; one that is the same as that before it is left out. */
function dates(seconds) {
  const months = seconds.at(-1) - seconds[0] > 100 * 86_400;
  const texts = seconds.map((each) => day(1000 * each).replace(/^\d+ /, months ? "" : "$&"));
  return texts.map((text, at) => (text === texts[at - 1] ? "" : text));
}

function inks() {
  const [ink, line, ...of] = colours(["--soft", "--line", ...COLOURS]);
  return { ink, line, of };
}

const LENGTHS = { 1: "day", 7: "week", 28: "four weeks", 364: "52 weeks" };

function resting(times, days) {
  const length = LENGTHS[days] ?? `${days} days`;
  return times.length ? `By ${length}, from ${day(times[0])}; the last may be incomplete` : "";
}

function period(time, days) {
  const last = time + (days - 1) * 86_400_000;
  return days === 1 ? day(time) : `${day(time)} to ${day(last)}`;
}

function spoken(times, series) {
  const sums = series.map(({ name, values }) => `${number(values.reduce((sum, value) => sum + value, 0))} ${name}`);
  return `${sums.length ? `${sums.join(", ")}; ` : ""}${day(times[0])} to ${day(times.at(-1))}`;
}

/** The same as a table, which is made when it is opened. */
function figures(name, times, days, series) {
  const inside = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Figures: ${name}` });
  return h("details", { ontoggle: ({ target }) => {
    if (!target.open || inside.children.length) return;
    inside.append(h("table", { class: "figures" },
      h("thead", {}, h("tr", {}, ["From", ...series.map((each) => each.name)].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, times.map((time, at) => h("tr", {}, h("th", { scope: "row" }, day(time)),
        series.map(({ values }) => h("td", {}, number(values[at]))))))));
  } }, h("summary", {}, "Figures"), inside);
}
