// Placements, tried by hand: one question, or two side by side. The address has the questions.

import { ask, ApiError, hasKey } from "./api.js";
import { rowFields } from "./attributes.js";
import { copied } from "./copied.js";
import { h } from "./dom.js";
import { difference, placed } from "./placed.js";
import { pending } from "./pending.js";
import { itemPicker, userPicker } from "./picker.js";
import { changesOf, questionOf, requestOf, written } from "./question.js";
import { curl } from "./settings_text.js";
import { at, title } from "./words.js";

export function placements(first) {
  let view = { follow() {} };
  const body = pending(async () => {
    const [{ placements: all }, fields] = await Promise.all([ask("/v1/placements"), rowFields()]);
    return { all, fields };
  }, (found) => {
    view = tried(found, first);
    return view.node;
  }, 12);
  return {
    title: "Placements",
    follow(ids) {
      first = ids;
      view.follow(ids);
    },
    node: h("div", {},
      h("h1", { tabindex: -1 }, "Placements"),
      h("p", { class: "lead" }, "Ask a placement as a page would, and see its list, its reasons and the request."),
      body),
  };
}

function tried({ all, fields }, first) {
  const byName = new Map(all.map((each) => [each.name, each]));
  const start = byName.has("for-you") ? "for-you" : all[0].name;
  const status = h("p", { class: "hint", role: "status" });
  const columns = h("div", { class: "columns" });
  const second = h("button", { type: "button" });
  let questions = [];
  let forms = [];

  const go = (next) => { location.hash = at("placements", ...next.map(written)); };

  second.addEventListener("click", () => go(questions.length > 1 ? questions.slice(0, 1) : [questions[0], questions[0]]));

  /** Ask all questions; the second list says what moved since the first. */
  async function load() {
    status.textContent = "";
    const before = forms[0].load(questions[0]);
    const answers = await Promise.all([before, forms[1]?.load(questions[1], before)].slice(0, forms.length));
    if (answers.length > 1 && answers.every(Boolean)) status.textContent = difference(...answers);
  }

  function follow(ids) {
    questions = (ids.filter(Boolean).length ? ids.filter(Boolean) : [""]).slice(0, 2)
      .map((each) => questionOf(each, start));
    while (forms.length < questions.length) {
      const place = forms.length;
      forms.push(form(byName, fields, place, (next) => go(questions.map((each, other) => (other === place ? next : each)))));
    }
    forms = forms.slice(0, questions.length);
    second.textContent = questions.length > 1 ? "Only one list" : "Compare with a second list";
    if (columns.children.length !== forms.length) columns.replaceChildren(...forms.map(({ node }) => node));
    load();
  }

  follow(first);
  return { node: [h("p", {}, second), status, columns], follow };
}

/** A question that can be changed, and its answer. */
function form(byName, fields, place, changed) {
  let question;
  const set = (key) => ({ target }) => changed({ ...question, [key]: target.value.trim() });
  const field = (label, key, more = {}) => {
    const input = h("input", { type: "text", spellcheck: "false", autocomplete: "off", onchange: set(key), ...more });
    return { key, input, node: h("label", {}, label, input) };
  };
  const choice = (label, key, options) => {
    const input = h("select", { onchange: set(key) }, options.map(([value, text]) => h("option", { value }, text)));
    return { key, input, node: h("label", {}, label, input) };
  };
  const user = userPicker((ids) => changed({ ...question, user: ids[0] ?? "" }));
  const items = itemPicker((ids) => changed({ ...question, items: ids }));
  const which = choice("Placement", "name", [...byName.keys()].map((each) => [each, title(each)]));
  const changes = h("textarea", { rows: 2, spellcheck: "false", placeholder: '{"diversity": 0.3, "caps": {"category": 2}}', onchange: set("changes") });
  const others = [
    field("Length", "k", { inputmode: "numeric", placeholder: "as set" }),
    field("Only where", "where", { placeholder: "category:Garden; brand:Acme" }),
    field("Segment", "segment", { placeholder: "the user's own" }),
    field("Language", "language", { placeholder: "en", list: `languages-${place}` }),
    choice("Counted in", "by", [["", "snapshot"], ["store", "store"]]),
  ];
  const about = h("p", { class: "hint" });
  const list = h("div", {});
  const node = h("section", { "aria-label": `List ${place + 1}` },
    h("div", { class: "form" }, which.node, user.node, items.node,
      h("details", { class: "wide" }, h("summary", {}, "More"),
        h("div", { class: "form" }, others.map(({ node: each }) => each),
          h("label", { class: "wide" }, "Settings otherwise, as JSON", changes)))),
    h("datalist", { id: `languages-${place}` }, ["en", "de", "zh"].map((value) => h("option", { value }))),
    about, list);

  function show() {
    which.input.value = question.name;
    for (const { key, input } of others) input.value = question[key];
    changes.value = question.changes;
    user.show(question.user ? [question.user] : []);
    items.show(question.items);
    if (others.some(({ key }) => question[key]) || question.changes) node.querySelector("details").open = true;
    const { type, needs, settings } = byName.get(question.name) ?? { type: question.name, needs: "nothing", settings: {} };
    const said = Object.keys(settings).length ? ` Settings: ${JSON.stringify(settings)}` : "";
    about.textContent = `Type ${type}; needs ${needs === "nothing" ? "nothing" : needs === "user" ? "a user" : "items"}.${said}`;
  }

  /** The answer to a question; null where there is none. `before` is that to compare with. */
  async function load(next, before) {
    question = next;
    show();
    const { needs } = byName.get(question.name) ?? {};
    if (needs === "items" && !question.items.length) return say("Pick one or more items first.");
    if (needs === "user" && !question.user) return say("Pick a user first.");
    let changes;
    try {
      changes = changesOf(question.changes);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return say(`The settings are not JSON: ${error.message}.`);
    }
    const named = byName.get(question.name)?.settings.fields ?? [];
    const request = requestOf(question, [...new Set([...named, ...fields])], changes);
    return new Promise((resolve) => {
      list.replaceChildren(pending(async () => {
        try {
          return [await ask(request.url, request.body), await before];
        } catch (error) {
          if (error instanceof ApiError) resolve(null);
          throw error;
        }
      }, ([answer, earlier]) => {
        resolve(answer);
        return [
          placed(answer, earlier),
          h("details", {}, h("summary", {}, "curl"), copied("curl command", curl(request, hasKey()))),
          h("details", {}, h("summary", {}, "JSON"), copied("JSON of the answer", JSON.stringify(answer, null, 2))),
        ];
      }, 8));
    });
  }

  function say(sentence) {
    list.replaceChildren(h("p", { class: "empty" }, sentence));
    return null;
  }

  return { node, load };
}
