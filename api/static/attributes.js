// Attributes of items and users as a person reads them: names, values, pictures.

import { ask, path } from "./api.js";
import { h } from "./dom.js";
import { day, name } from "./words.js";

const PICTURES = ["image_url", "image", "picture_url", "picture", "thumbnail_url", "thumbnail", "img"];
const LINKS = ["url", "link", "page_url", "product_url"];
const NAMES = { url: "Link", published_at: "Published", created_at: "Created", joined_at: "Joined" };
const AMOUNT = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

// The hosts of `serve.image_hosts`: the browser loads no picture from any other.
const HOSTS = document.querySelector('meta[name="image-hosts"]').content.split(" ").filter(Boolean);

/** "birth_year" is "Birth year". */
export function label(attribute) {
  const words = (NAMES[attribute] ?? attribute).replaceAll(/[_-]+/g, " ").trim();
  return words[0] ? words[0].toUpperCase() + words.slice(1) : attribute;
}

/** A value in words: dates as days, prices with two decimals, a year as it is. */
export function shown(attribute, value) {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "number") return String(value);
  if (/(_at|date|time|published|created)$/.test(attribute) && value > 1e10) return day(value);
  if (/price|cost/.test(attribute)) return AMOUNT.format(value);
  return value < 10_000 && Number.isInteger(value) ? String(value) : WHOLE.format(value);
}

/** All attributes that are known, as a list of names and values. */
export function facts(values) {
  const known = Object.entries(values)
    .filter(([key, value]) => value != null && value.length !== 0 && !PICTURES.includes(key));
  return h("dl", { class: "facts" }, known.map(([key, value]) =>
    h("div", {}, h("dt", {}, label(key)), h("dd", {}, LINKS.includes(key) ? link(value) : shown(key, value)))));
}

/** The picture of an item, if it has one of a host that is allowed. */
export function picture(values, row, kind = "thumb") {
  const source = PICTURES.map((key) => values?.[key]).find((value) => typeof value === "string" && value);
  const url = web(source);
  if (!url || !HOSTS.some((each) => allows(each, url))) return null;
  return h("img", {
    class: kind, src: url.href, alt: kind === "thumb" ? "" : name(row), loading: "lazy", decoding: "async",
    referrerpolicy: "no-referrer",
    onerror: ({ target }) => target.remove(),
  });
}

let known; // the names of all attributes of items, once they were asked for

/** The names of the attributes of items. */
export function attributeNames() {
  known ??= ask("/v1/items?limit=1").then(async ({ items: [first] }) =>
    first ? Object.keys((await ask(path`/v1/items/${first.item}`)).attributes) : []);
  known.catch(() => { known = undefined; });
  return known;
}

/** The attributes that a row of a list shows, besides those that a placement names. */
export async function rowFields() {
  const names = await attributeNames();
  const first = PICTURES.find((each) => HOSTS.length && names.includes(each));
  return [first, names.includes("price") && "price"].filter(Boolean);
}

/** Fields of a row in a line: "Price 20.00 · Brand acme". */
export function line(fields) {
  const known = Object.entries(fields ?? {})
    .filter(([key, value]) => value != null && !PICTURES.includes(key) && key !== "title" && !LINKS.includes(key));
  return known.map(([key, value]) => `${label(key)} ${shown(key, value)}`).join(" · ");
}

function link(value) {
  const url = web(value);
  return url ? h("a", { href: url.href, rel: "noopener noreferrer" }, url.host) : String(value);
}

function web(value) {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  return url && ["http:", "https:"].includes(url.protocol) ? url : null;
}

/** Whether a host of the settings, such as `*.shop.example` or `https://cdn.example:8443`, is that of a URL. */
function allows(host, url) {
  const [, scheme, any, rest] = host.match(/^(https?:\/\/)?(\*\.)?(.*)$/);
  if (scheme && `${url.protocol}//` !== scheme) return false;
  if (location.protocol === "https:" && !scheme && url.protocol === "http:") return false;
  const own = rest.includes(":") ? url.host : url.port ? "" : url.hostname;
  return any ? own.endsWith(`.${rest.toLowerCase()}`) : own === rest.toLowerCase();
}
