// The API, made of its OpenAPI document: operations in groups, each to be tried. The address may have
// the one that is open.

import { address, ask, ApiError, call, hasKey } from "./api.js";
import { groupsOf, requestOf } from "./api_document.js";
import { copied } from "./copied.js";
import { h } from "./dom.js";
import { pending } from "./pending.js";
import { curl } from "./settings_text.js";
import { at } from "./words.js";

const LONGEST = 100_000; // characters of an answer that are shown

export function apiPage([first]) {
  let open = first;
  let entries = new Map(); // by operation: its details
  const show = () => {
    for (const [id, { node, fill }] of entries) {
      if (id === open) fill();
      node.open = id === open;
    }
  };
  return {
    title: "API",
    follow([id]) {
      open = id;
      show();
    },
    node: h("div", {},
      h("h1", { tabindex: -1 }, "API"),
      h("p", { class: "lead" }, "Every route, with its fields, an example and a form to try it. ",
        h("a", { href: address("/openapi.json") }, "The OpenAPI document"), " is for code generators."),
      pending(async () => groupsOf(await ask("/openapi.json")), (groups) => {
        const sections = groups.map(({ name, operations }) => {
          const made = operations.map((each) => [each.id, entry(each)]);
          entries = new Map([...entries, ...made]);
          return h("section", { class: "routes" }, h("h2", {}, name[0].toUpperCase() + name.slice(1)), made.map(([, { node }]) => node));
        });
        show();
        return sections;
      }, 12)),
  };
}

function entry(operation) {
  const inside = h("div", {});
  const node = h("details", { ontoggle: () => {
    if (node.open) fill();
    const here = location.hash === at("api", operation.id);
    if (node.open !== here) history.replaceState(null, "", node.open ? at("api", operation.id) : at("api"));
  } },
  h("summary", {}, h("span", { class: `method ${operation.method.toLowerCase()}` }, operation.method), " ", h("code", {}, operation.path),
    h("span", { class: "hint" }, operation.description.split("\n")[0])), inside);
  const fill = () => { if (!inside.children.length) inside.append(...opened(operation).filter(Boolean)); };
  return { node, fill };
}

function opened(operation) {
  const more = operation.description.split("\n").slice(1).join(" ").trim();
  const values = {};
  const answer = h("div", { "aria-live": "polite" });
  const command = h("div", {});
  const example = operation.body && JSON.stringify(operation.body.example, null, 2);
  const body = operation.body && h("textarea", {
    rows: Math.min(example.split("\n").length + 1, 24), spellcheck: "false", "aria-label": "Body", oninput: drawCommand,
  });
  if (body) body.value = example;
  const inputs = operation.parameters.map((each) => input(each, (value) => {
    values[each.name] = value;
    drawCommand();
  }));

  const written = () => requestOf(operation, values, body?.value.trim());

  function drawCommand() {
    const request = written();
    command.replaceChildren(request.missing
      ? h("p", { class: "hint" }, `Fill in ${request.missing.join(" and ")} first.`)
      : copied("curl command", curl(request, hasKey())));
  }

  const send = h("button", { type: "button", onclick: async () => {
    const request = written();
    if (request.missing) return drawCommand();
    send.disabled = true;
    try {
      const { status, text, milliseconds } = await call(request.method, request.url, request.body);
      answer.replaceChildren(h("p", { class: status < 400 ? "hint" : "failure" }, `Status ${status}, ${milliseconds} ms`), copied("answer", pretty(text)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer.replaceChildren(h("p", { class: "failure" }, error.message));
    } finally {
      send.disabled = false;
    }
  } }, `Send ${operation.method}`);

  drawCommand();
  known(operation).then((found) => {
    for (const { name, set } of inputs) if (found[name] && !values[name]) set(found[name]);
    if (body && body.value === example) body.value = JSON.stringify(withKnown(operation.body.example, found), null, 2);
    drawCommand();
  });
  return [
    more ? h("p", {}, more) : null,
    inputs.length ? h("div", { class: "form" }, inputs.map(({ node }) => node)) : null,
    body ? h("label", { class: "caption" }, "Body", body) : null,
    body ? fields("Fields of the body", operation.body.fields) : null,
    h("h3", {}, "Request"), command,
    h("p", { class: "more" }, send), answer,
    operation.answer ? h("details", {}, h("summary", {}, "Example of an answer"), h("pre", { tabindex: 0 }, JSON.stringify(operation.answer.example, null, 2))) : null,
    operation.answer ? fields("Fields of an answer", operation.answer.fields) : null,
  ];
}

function input({ name, required, description, many, choices, fallback, example }, changed) {
  const more = { oninput: ({ target }) => changed(target.value.trim()), spellcheck: "false", autocomplete: "off", required };
  const hint = fallback ?? (example ? `such as ${example.replaceAll("\n", ", ")}` : "");
  const field = choices
    ? h("select", more, h("option", { value: "" }, fallback === null ? "not given" : `${fallback}, as usual`), choices.map((each) => h("option", {}, each)))
    : many ? h("textarea", { ...more, rows: 2, placeholder: hint }) : h("input", { ...more, type: "text", placeholder: hint });
  const node = h("label", {}, h("span", { class: "field" }, name, required ? " (needed)" : ""), field, h("small", {}, description, many ? " One a line." : ""));
  return { name, node, set: (value) => { field.value = value; changed(value); } };
}

function fields(title, rows) {
  if (!rows.length) return null;
  return h("details", {}, h("summary", {}, title), h("dl", { class: "fields" }, rows.map(({ name, required, kind, description }) => h("div", {},
    h("dt", {}, h("code", {}, name), " ", h("small", {}, required ? kind : `${kind}, may be left out`)), h("dd", {}, description)))));
}

let asked; // ids that there are, for a first try

/** Values of parameters that are ids, of those that there are. */
async function known({ parameters, body }) {
  if (!body && !parameters.some(({ place }) => place === "path")) return {};
  asked ??= Promise.all([ask("/v1/users?limit=1"), ask("/v1/popular?k=1"), ask("/v1/placements")]).then(([{ users }, { items }, { placements }]) => ({
    user_id: users[0]?.user, item_id: items[0]?.item, name: (placements.find(({ name }) => name === "for-you") ?? placements[0])?.name,
  })).catch((error) => {
    asked = undefined;
    if (error instanceof ApiError) return {}; // the fields stay empty
    throw error;
  });
  return asked;
}

/** An example of a body with ids that there are. */
function withKnown(example, { user_id: user, item_id: item }) {
  if (example === null || typeof example !== "object" || Array.isArray(example)) return example;
  return Object.fromEntries(Object.entries(example).map(([key, value]) => {
    if (key === "user" && user) return [key, user];
    if (key === "item" && item) return [key, item];
    return key === "items" && item && typeof value?.[0] === "string" ? [key, [item]] : [key, value];
  }));
}

function pretty(text) {
  let found = text;
  try {
    found = JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // as it is
  }
  return found.length > LONGEST ? `${found.slice(0, LONGEST)}\n… ${found.length - LONGEST} more characters` : found;
}
