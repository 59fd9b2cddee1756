// The frame around the views: the view of the address, the search field, theme and key.

import { ask, ApiError, hasKey, useKey } from "./api.js";
import { apiPage } from "./api_page.js";
import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { findItems, findUsers } from "./find.js";
import { graph } from "./graph.js";
import { home } from "./home.js";
import { item } from "./item.js";
import { map } from "./map.js";
import { models } from "./models.js";
import { overview } from "./overview.js";
import { placements } from "./placements.js";
import { user } from "./user.js";
import { visitor } from "./visitor.js";
import { whatIf } from "./what_if.js";
import { ago, at, number } from "./words.js";

// A view is made of the ids in the address, of which the first `own` say which one it is. It gives a
// title and a node; `follow`, where it has one, gets the others when they change; it is then not made anew.
const VIEWS = {
  "": { make: home, own: 0 },
  api: { make: apiPage, own: 0 },
  graph: { make: graph, own: 0 },
  item: { make: item, own: 1 },
  map: { make: map, own: 0 },
  models: { make: models, own: 0 },
  overview: { make: overview, own: 0 },
  placements: { make: placements, own: 0 },
  user: { make: user, own: 1 },
  visitor: { make: visitor, own: 0 },
  "what-if": { make: whatIf, own: 0 },
};

const main = document.getElementById("main");
let shown = { identity: null, view: null };

function route({ anew = false } = {}) {
  const { kind, ids } = place();
  const { make, own } = VIEWS[kind];
  const identity = JSON.stringify([kind, ...ids.slice(0, own)]);
  if (!anew && identity === shown.identity && shown.view.follow) {
    shown.view.follow(ids.slice(own));
    return;
  }
  const first = shown.identity === null;
  const view = make(ids);
  shown = { identity, view };
  document.title = `${view.title} · graphrec`;
  main.replaceChildren(view.node);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === at(kind)) link.setAttribute("aria-current", "static");
    else link.removeAttribute("aria-current");
  }
  if (first) return;
  scrollTo(0, 0);
  view.node.querySelector("h1").focus({ preventScroll: true }); // a new page, to a screen reader
}

/** The view in the address; home, where there is no such view. */
function place() {
  try {
    const [kind, ...ids] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
    if (Object.hasOwn(VIEWS, kind) && ids.filter(Boolean).length >= VIEWS[kind].own) return { kind, ids };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  return { kind: "", ids: [] };
}

const search = combobox({
  label: "Search for a user or an item",
  placeholder: "Search a user or an item",
  find: (query) => Promise.all([findItems(query), findUsers(query)]),
  pick: ({ view, id }) => { location.hash = at(view, id); },
});
document.getElementById("search").append(search);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  search.querySelector("input").focus();
});

const theme = document.getElementById("theme");
const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
theme.addEventListener("click", () => {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  nameTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
nameTheme();

const key = document.getElementById("key");
document.addEventListener("locked", ({ detail: { status, message } }) => {
  key.hidden = false;
  key.querySelector("p").textContent = locked(status, message);
  key.querySelector("input").focus();
});

/** What is wrong with the key: there is none, it is not one of the service, or it may do too little. */
function locked(status, message) {
  if (status === 403 || !hasKey()) return message;
  return "The service does not know this key: it was mistyped, or revoked. Expected one that `graphrec keys create` made.";
}
key.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = key.querySelector("input");
  useKey(field.value.trim());
  field.value = "";
  key.hidden = true;
  drawFacts();
  route({ anew: true });
});

async function drawFacts() {
  const footer = document.getElementById("facts");
  try {
    const { version, age_seconds: age, counts } = await ask("/v1/snapshot");
    footer.replaceChildren(h("p", {},
      `Snapshot ${version}, published ${ago(age)}: ${number(counts.users)} users, ${number(counts.items)} items, ${number(counts.events)} events. `,
      h("a", { href: at("api") }, "The API")));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    footer.replaceChildren(); // the view shows the error
  }
}

addEventListener("hashchange", () => route());
route();
drawFacts();
