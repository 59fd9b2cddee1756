// The OpenAPI document as this page reads it: operations in groups, their fields, and a request of one.

const METHODS = ["get", "post", "put", "delete"];

/** The operations of a document by group: [{name, operations}]. */
export function groupsOf(document) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((each) => methods[each])) {
      const found = operation(document, path, method, methods[method]);
      groups.set(found.group, [...(groups.get(found.group) ?? []), found]);
    }
  }
  return [...groups].map(([name, operations]) => ({ name, operations }));
}

function operation(document, path, method, said) {
  const body = said.requestBody?.content?.["application/json"]?.schema;
  const answer = Object.values(said.responses)[0]?.content?.["application/json"]?.schema;
  return {
    id: said.operationId,
    group: said.tags?.[0] ?? "others",
    method: method.toUpperCase(),
    path,
    summary: said.summary,
    description: said.description ?? "",
    parameters: (said.parameters ?? []).map((each) => parameter(document, each)),
    body: body && {
      required: said.requestBody.required === true,
      example: exampleOf(document, body),
      fields: fieldsOf(document, body),
    },
    answer: answer && { example: exampleOf(document, answer), fields: fieldsOf(document, answer) },
  };
}

function parameter(document, { name, in: place, required, description, schema }) {
  const kinds = alternatives(document, schema);
  const kind = kinds[0] ?? {};
  return {
    name,
    place,
    required: required === true,
    description: description ?? schema.description ?? "",
    many: kind.type === "array",
    choices: kind.type === "boolean" ? ["true", "false"] : kind.enum?.map(String) ?? null,
    fallback: schema.default == null ? null : String(schema.default),
    example: [schema.examples?.[0] ?? kind.examples?.[0] ?? ""].flat().join("\n"),
  };
}

/** What a value may be, without null. */
function alternatives(document, schema) {
  const found = resolved(document, schema);
  const kinds = found.anyOf ?? found.oneOf;
  return kinds ? kinds.flatMap((each) => alternatives(document, each)).filter(({ type }) => type !== "null") : [found];
}

const resolved = (document, schema) => (schema?.$ref ? document.components.schemas[schema.$ref.split("/").at(-1)] : schema ?? {});

/** The example of a schema: its own, or made of those of its fields that are required. */
function exampleOf(document, schema) {
  const found = alternatives(document, schema)[0] ?? {};
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (found.type === "array") return [exampleOf(document, found.items)];
  if (found.type !== "object" || !found.properties) return found.default ?? { string: "…", boolean: true, integer: 1, number: 1, object: {} }[found.type] ?? null;
  const needed = found.required ?? [];
  return Object.fromEntries(needed.map((name) => [name, found.properties[name].examples?.[0] ?? exampleOf(document, found.properties[name])]));
}

function fieldsOf(document, schema) {
  const found = alternatives(document, schema)[0] ?? {};
  return Object.entries(found.properties ?? {}).map(([name, each]) => ({
    name,
    required: found.required?.includes(name) ?? false,
    kind: kindOf(document, each),
    description: each.description ?? resolved(document, each).description ?? "",
  }));
}

function kindOf(document, schema) {
  const kinds = alternatives(document, schema).map(({ type, items, enum: choices }) =>
    (choices ? choices.join(" or ") : type === "array" ? `list of ${kindOf(document, items ?? {})}` : type ?? "any"));
  return [...new Set(kinds)].join(" or ");
}

/** The request of an operation with values by parameter, and a body as text; or what is missing. */
export function requestOf({ method, path, parameters }, values, body) {
  const missing = parameters.filter(({ name, required }) => required && !values[name]).map(({ name }) => name);
  if (missing.length) return { missing };
  const query = new URLSearchParams();
  let place = path;
  for (const { name, place: where, many } of parameters) {
    const value = values[name];
    if (where === "path") place = place.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) for (const each of many ? value.split("\n").map((line) => line.trim()).filter(Boolean) : [value]) query.append(name, each);
  }
  return { method, url: query.size ? `${place}?${query}` : place, body: body || undefined };
}
