// How numbers, names and places are written.

const NUMBER = new Intl.NumberFormat("en");
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** 100000 is 100,000. */
export const number = (value) => NUMBER.format(value);

const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const ORDINAL = new Intl.PluralRules("en", { type: "ordinal" });

/** 13 is 13th. */
export const ordinal = (value) => number(value) + ENDINGS[ORDINAL.select(value)];

/** "1 person", "2 people". */
export const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

/** The title of an item, or its id. */
export const name = (row) => row.title ?? row.item;

/** The address of a view of this page. */
export const at = (view, ...ids) => `#/${[view, ...ids].map(encodeURIComponent).join("/")}`;

/** "3 hours ago". */
export function ago(seconds) {
  const [unit, length] = UNITS.find(([, each]) => seconds >= each) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(seconds / length), unit);
}

/** Milliseconds since 1970 as "3 Mar 2024". */
export const day = (time) => DAY.format(new Date(time));

/** 0.0123 is "1.2 %". */
export function share(value) { return `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`; }

/** "also-bought" is "Also bought". */
export const title = (name) => name[0].toUpperCase() + name.slice(1).replaceAll(/[_-]+/g, " ");

const SOURCES = {
  neighbours: "Neighbours",
  embedding: "Embedding",
  popularity: "Popularity",
  fallback: "Fills the list",
  boost: "A rule's boost",
  exploration: "Exploration",
  attributes: "Attributes",
  history: "How much is known",
  time: "Day and hour",
};

/** The name of a source; one that this page does not know has its own. */
export const sourceName = (source) => SOURCES[source] ?? source;
