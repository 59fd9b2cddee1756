// What if: a list as it is, and as other settings would make it. The address has them all.

import { ask } from "./api.js";
import { attributeNames, label, rowFields } from "./attributes.js";
import { sourceName, at, number, share, title } from "./words.js";
import { copied } from "./copied.js";
import { h } from "./dom.js";
import { difference, placed } from "./placed.js";
import { empty, pending } from "./pending.js";
import { itemPicker, userPicker } from "./picker.js";
import { questionOf, requestOf, written } from "./question.js";
import { sample } from "./sample.js";
import { toml } from "./settings_text.js";

const PAUSE = 250; // milliseconds for which a slider rests before the list is asked for

export function whatIf(first) {
  let view = { follow() {} };
  const body = pending(async () => {
    const [{ placements }, { weights }, fields, names, { users: [user] }] = await Promise.all([
      ask("/v1/placements"), ask("/v1/snapshot"), rowFields(), attributeNames(), ask("/v1/users?limit=1"),
    ]);
    return { placements, weights, fields, names, user: user?.user ?? "" };
  }, (found) => {
    view = tried(found, first);
    return view.node;
  }, 12);
  return {
    title: "What if",
    follow(ids) {
      first = ids;
      view.follow(ids);
    },
    node: h("div", {},
      h("h1", { tabindex: -1 }, "What if …?"),
      h("p", { class: "lead" }, "Change how a list is made, and see what changes in it. Nothing is stored: copy the settings once you like them."),
      body),
  };
}

function tried({ placements, weights, fields, names, user: someone }, first) {
  const byName = new Map(placements.map((each) => [each.name, each]));
  let question;
  let changes = {}; // of the placement, as in the address
  let rule = null;
  let draft = {}; // of a rule that is not whole yet: it outlives a change of the address
  let timer;

  const go = (next) => { location.hash = at("what-if", written({ ...question, ...next })); };
  const keep = () => {
    const said = { ...changes, ...(rule ? { rule } : {}) };
    go({ changes: Object.keys(said).length ? JSON.stringify(said) : "" });
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(keep, PAUSE); };

  /** Set a change, or leave it out where it is what the placement has anyway. */
  function change(key, value) {
    const { [key]: _, ...others } = changes;
    changes = value === undefined ? others : { ...others, [key]: value };
    later();
  }

  const nothing = () => { rule = null; changes = {}; draft = {}; };
  const which = h("select", { onchange: ({ target }) => { nothing(); go({ name: target.value, changes: "" }); } },
    placements.map((each) => h("option", { value: each.name }, title(each.name))));
  const user = userPicker((ids) => go({ user: ids[0] ?? "" }));
  const items = itemPicker((ids) => go({ items: ids }));
  const controls = h("div", { class: "sliders" });
  const now = h("div", {});
  const then = h("div", {});
  const status = h("p", { class: "hint", role: "status" });
  const settings = h("div", {});
  const measured = h("div", { "aria-live": "polite" });
  const measure = h("button", { type: "button", onclick: () => {
    const [was, is] = [requests().before, requests().after];
    measured.replaceChildren(pending(() => sample(was, is), (found) => h("p", {},
      `Of ${number(found.users)} users: ${number(found.before)} different items before, ${number(found.after)} after`
      + ` (coverage ${share(found.before / found.items)} → ${share(found.after / found.items)}); `
      + `${share(found.kept)} of each list stays the same.`), 1));
  } }, "Measure on 30 users");

  const node = [
    h("div", { class: "form" }, h("label", {}, "Placement", which), user.node, items.node),
    controls,
    h("div", { class: "columns" },
      h("section", {}, h("h2", {}, "Now"), now),
      h("section", {}, h("h2", {}, "With these settings"), status, then)),
    h("div", { class: "columns" },
      h("section", {}, h("h2", {}, "Change in coverage"),
        h("p", { class: "hint" }, "Asks the placement for each of the 30 most active users, before and after."), measure, measured),
      h("section", {}, h("h2", {}, "Copy as settings"), settings)),
  ];

  function requests() {
    return {
      before: (who = question.user) => requestOf({ ...question, user: who }, fields),
      after: (who = question.user) => requestOf({ ...question, user: who }, fields, changes, rule ? [rule] : []),
    };
  }

  function drawControls() {
    const held = byName.get(question.name)?.settings ?? {};
    const type = byName.get(question.name)?.type;
    const focused = document.activeElement?.dataset?.control;
    const slider = (text, key, value, most, step, set) => {
      const output = h("span", { class: "figure" }, String(value)); // <output> would take the label
      return h("label", {}, h("span", {}, text, output),
        h("input", { type: "range", min: 0, max: most, step, value, "data-control": key,
          oninput: ({ target }) => { output.textContent = target.value; set(Number(target.value)); } }));
    };
    const parts = ["diversity", ...(type === "for-you" ? ["new_items"] : []), "exploration"].map((key) =>
      slider(label(key), key, changes[key] ?? held[key] ?? 0, 1, 0.05, (value) =>
        change(key, value === (held[key] ?? 0) ? undefined : value)));
    if (type === "for-you") parts.unshift(...sliders(held, slider));
    parts.push(cap(held), ruled());
    controls.replaceChildren(...parts, h("button", { type: "button", class: "reset", onclick: () => { nothing(); go({ changes: "" }); } }, "As it is"));
    if (focused) controls.querySelector(`[data-control="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Weights of the sources: those of people with most likes, unless the placement has its own. */
  function sliders(held, slider) {
    const usual = { ...weights.at(-1)?.weights, ...held.weights };
    const most = Math.max(2, ...Object.values(usual));
    return Object.keys(usual).map((source) =>
      slider(`Weight: ${sourceName(source)}`, `weight ${source}`, changes.weights?.[source] ?? usual[source], most, 0.05, (value) => {
        const { [source]: _, ...others } = changes.weights ?? {};
        const next = value === usual[source] ? others : { ...others, [source]: value };
        change("weights", Object.keys(next).length ? { ...held.weights, ...next } : undefined);
      }));
  }

  function cap(held) {
    const [name, most] = Object.entries(changes.caps ?? held.caps ?? {})[0] ?? ["", 2];
    const by = h("select", { "data-control": "cap", "aria-label": "Cap by" },
      h("option", { value: "" }, "no cap"), names.map((each) => h("option", { value: each }, label(each))));
    by.value = name;
    const count = h("input", { type: "number", min: 1, max: 100, value: most, "data-control": "cap count", "aria-label": "Most items that share a value" });
    const set = () => change("caps", by.value ? { [by.value]: Math.max(1, Math.round(Number(count.value) || 1)) } : held.caps ? {} : undefined);
    by.addEventListener("change", set);
    count.addEventListener("change", set);
    return h("fieldset", {}, h("legend", {}, "At most so many per value"), count, by);
  }

  function ruled() {
    const action = h("select", { "data-control": "rule", "aria-label": "Rule" },
      [["", "no rule"], ["exclude", "without"], ["require", "only"], ["boost", "boost"]].map(([value, text]) => h("option", { value }, text)));
    const by = h("select", { "data-control": "rule by", "aria-label": "Attribute of the rule" }, names.map((each) => h("option", { value: each }, label(each))));
    const value = h("input", { type: "text", "data-control": "rule value", placeholder: "a value", "aria-label": "Value of the rule" });
    action.value = rule?.action ?? draft.action ?? "";
    by.value = rule?.attribute ?? draft.by ?? names[0] ?? "";
    value.value = rule?.any_of?.[0] ?? draft.value ?? "";
    const keepDraft = () => { draft = { action: action.value, by: by.value, value: value.value }; };
    const set = () => {
      keepDraft();
      const said = value.value.trim();
      rule = action.value && said
        ? { name: `${action.value} ${said}`, action: action.value, attribute: by.value, any_of: [said], ...(action.value === "boost" ? { weight: 1 } : {}) }
        : null;
      later();
    };
    for (const each of [action, by, value]) each.addEventListener("change", set);
    value.addEventListener("input", keepDraft);
    return h("fieldset", { class: "rule" }, h("legend", {}, "A rule"), action, by, value);
  }

  function load() {
    const { needs } = byName.get(question.name) ?? {};
    status.textContent = "";
    measured.replaceChildren();
    measure.disabled = !(changes && (Object.keys(changes).length || rule));
    settings.replaceChildren(Object.keys(changes).length || rule
      ? copied("settings", toml(question.name, changes, rule ? [rule] : []))
      : empty("Nothing is changed yet: move a slider."));
    if (needs === "items" && !question.items.length) {
      now.replaceChildren(empty("Pick one or more items first."));
      then.replaceChildren();
      return;
    }
    const { before, after } = requests();
    const first = ask(before().url);
    first.catch(() => {}); // it is shown where it is drawn
    now.replaceChildren(pending(() => first, (answer) => placed(answer), 10));
    then.replaceChildren(pending(async () => {
      const { url, body } = after();
      return Promise.all([ask(url, body), first]);
    }, ([answer, was]) => {
      status.textContent = difference(was, answer);
      return placed(answer, was);
    }, 10));
  }

  function follow(ids) {
    clearTimeout(timer);
    question = questionOf(ids[0], byName.has("for-you") ? "for-you" : placements[0].name);
    if (!ids[0]) question.user = someone;
    const said = changesIn(question.changes);
    ({ rule = null, ...changes } = said);
    which.value = question.name;
    user.show(question.user ? [question.user] : []);
    items.show(question.items);
    drawControls();
    load();
  }

  follow(first);
  return { node, follow };
}

function changesIn(text) {
  try {
    const found = JSON.parse(text || "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // an address that somebody wrote by hand
  }
}
