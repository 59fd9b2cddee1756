// A map of the items: near each other where their embeddings are alike. The address may have an item,
// which is then chosen.

import { ask } from "./api.js";
import { label, shown } from "./attributes.js";
import { combobox } from "./combobox.js";
import { h, redraw } from "./dom.js";
import { findItems } from "./find.js";
import { empty, pending } from "./pending.js";
import { scatter } from "./scatter.js";
import { at, count, number } from "./words.js";

const HUES = Array.from({ length: 8 }, (_, place) => `--hue-${place}`);
const RANGES = Array.from({ length: 5 }, (_, place) => `--range-${place}`);
const AROUND = 8; // items that are listed around the chosen one

const asked = (attribute) => ask(`/v1/map${attribute ? `?${new URLSearchParams({ attribute })}` : ""}`);

export function map(first) {
  let view = { follow() {} };
  return {
    title: "Map",
    follow(ids) {
      first = ids;
      view.follow(ids);
    },
    node: h("div", {},
      h("h1", { tabindex: -1 }, "Map of the items"),
      h("p", { class: "lead" }, "Items whose embeddings are alike are near each other. The directions mean nothing."),
      pending(async () => {
        const found = await asked("");
        // One colour for all says little: begin with the first attribute that has few values.
        const start = found.attributes.find((each) => /categ|genre|type|segment/i.test(each)) ?? found.attributes[0] ?? "";
        return start ? { found: await asked(start), start } : { found, start };
      }, ({ found, start }) => {
        if (!found.items.length) return empty("No item has an embedding.");
        view = drawn(found, start, first);
        return view.node;
      }, 12)),
  };
}

function drawn(found, start, first) {
  let attribute = start;
  let only = null; // the one value that is not dimmed
  let selected = null;
  const points = found.items.map((item, index) => ({ x: found.x[index], y: -found.y[index] }));
  const index = new Map(found.items.map((item, place) => [item, place]));
  const titled = (place) => found.titles[place] ?? found.items[place];
  const valued = (place) => (found.value[place] == null ? null : found.values[found.value[place]]);

  const drawing = scatter({
    label: "Map of the items: arrow keys go from item to item, Enter opens one, plus and minus zoom",
    titled: (place) => [titled(place), attribute && valued(place)].filter(Boolean).join(" · "),
    chosen: (place) => { location.hash = at("map", found.items[place]); },
    opened: (place) => { location.hash = at("item", found.items[place]); },
  });
  const legend = h("ul", { class: "legend hues" });
  const panel = h("section", { class: "panel", "aria-live": "polite", "aria-label": "Chosen item" });
  const status = h("p", { class: "hint", role: "status" });

  const select = h("select", { onchange: recolour }, h("option", { value: "" }, "nothing"),
    found.attributes.map((name) => h("option", { value: name }, label(name))));
  select.value = attribute;

  async function recolour() {
    attribute = select.value;
    only = null;
    found = { ...found, ...await asked(attribute) };
    show();
  }

  function show() {
    const names = found.ordered ? RANGES : HUES;
    drawing.show({
      points,
      names: [...names, "--soft"],
      colour: (place) => (attribute ? found.value[place] ?? names.length : 0),
      dim: (place) => only !== null && (found.value[place] ?? null) !== only.value,
    });
    drawLegend();
    drawPanel();
  }

  function drawLegend() {
    const counts = found.values.map((_, place) => found.value.filter((each) => each === place).length);
    const rest = attribute ? found.value.filter((each) => each == null).length : 0;
    const kind = found.ordered ? "range" : "hue";
    const entry = (value, name, times) => h("li", {}, h("button", {
      type: "button", class: `${value === null ? "rest" : `${kind}-${value}`}`, "aria-pressed": String(only?.value === value && only !== null),
      onclick: () => { only = only?.value === value && only !== null ? null : { value }; show(); },
    }, name, h("small", {}, number(times))));
    redraw(legend,
      ...found.values.map((value, place) => entry(place, found.ordered ? range(value) : value, counts[place])),
      rest ? entry(null, "others", rest) : "");
  }

  const range = (text) => text.split(" to ").map((each) => shown(attribute, Number(each))).join(" to ");

  function drawPanel() {
    if (selected === null) return redraw(panel, empty("Choose an item to see what is around it."));
    const here = points[selected];
    const around = points.map(({ x, y }, place) => [(x - here.x) ** 2 + (y - here.y) ** 2, place])
      .filter(([, place]) => place !== selected).sort(([one], [other]) => one - other).slice(0, AROUND);
    redraw(panel,
      h("p", { class: "kind" }, [`Liked by ${count(found.likes[selected], "person", "people")}`, attribute && valued(selected)].filter(Boolean).join(" · ")),
      h("h2", {}, titled(selected)),
      h("p", { class: "picks" },
        h("a", { href: at("item", found.items[selected]) }, "About this item"),
        h("a", { href: at("graph", "item", found.items[selected]) }, "Graph around it")),
      h("ul", { class: "rows" }, around.map(([, place]) => h("li", {},
        h("a", { class: "row", href: at("map", found.items[place]) },
          h("span", { class: "what" }, titled(place)), h("small", {}, attribute ? valued(place) ?? "" : ""))))));
  }

  function follow([item]) {
    selected = index.get(item) ?? null;
    status.textContent = item !== undefined && selected === null ? `${item} is not on the map: it has no embedding, or is not among the ${number(points.length)} most popular.` : "";
    drawing.mark(selected);
    drawPanel();
  }

  show();
  follow(first);
  const left = found.all_items - points.length;
  return {
    follow,
    node: h("div", {},
      h("div", { class: "form few" },
        h("div", {}, h("p", { class: "caption" }, "Find"), combobox({
          label: "Find an item on the map",
          placeholder: "An item, by title or id",
          find: async (query) => [await findItems(query)],
          pick: ({ id }) => { location.hash = at("map", id); },
        })),
        h("label", {}, "Colour by", select)),
      legend,
      status,
      h("div", { class: "columns uneven" },
        h("div", {}, drawing.node, h("p", { class: "hint" }, `${count(points.length, "item", "items")}${left
          ? `; ${number(left)} others are left out: they are less popular, have no embedding, or came since the snapshot` : ""}.`)),
        panel)),
  };
}
