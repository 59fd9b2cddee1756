// A question to a placement: as it is in the address, and as a request.

const TEXTS = ["user", "k", "where", "segment", "language", "by", "changes"];

/** From a part of the address. */
export function questionOf(text, fallback) {
  const given = new URLSearchParams(text ?? "");
  const question = { name: given.get("name") || fallback, items: given.getAll("item") };
  for (const key of TEXTS) question[key] = given.get(key) ?? "";
  return question;
}

/** To a part of the address; what is empty is left out. */
export function written(question) {
  const given = new URLSearchParams({ name: question.name });
  for (const item of question.items) given.append("item", item);
  for (const key of TEXTS) if (question[key]) given.set(key, question[key]);
  return given.toString();
}

/** The request for a question: a GET, or a POST where settings or rules are otherwise. */
export function requestOf(question, fields, changes = {}, rules = []) {
  const url = `/v1/placements/${encodeURIComponent(question.name)}`;
  const { user, items, k, segment, language, by } = question;
  const where = question.where.split(";").map((each) => each.trim()).filter(Boolean);
  if (!Object.keys(changes).length && !rules.length) {
    const given = new URLSearchParams();
    if (user) given.set("user", user);
    for (const item of items) given.append(items.length === 1 ? "item" : "items", item);
    for (const each of where) given.append("where", each);
    for (const [key, value] of Object.entries({ k, segment, language, by })) if (value) given.set(key, value);
    if (fields.length) given.set("fields", fields.join(","));
    return { url: `${url}?${given}`.replace(/\?$/, "") };
  }
  const body = { items };
  if (user) body.user = user;
  if (k) body.k = Number(k);
  for (const [key, value] of Object.entries({ segment, language, by })) if (value) body[key] = value;
  if (where.length) body.where = {};
  for (const each of where) {
    const [name, ...value] = each.split(":");
    (body.where[name] ??= []).push(value.join(":"));
  }
  if (rules.length) body.rules = rules;
  if (fields.length) body.fields = fields;
  body.changes = changes;
  return { url, body };
}

/** The settings in a text of JSON; a SyntaxError says what is wrong with it. */
export function changesOf(text) {
  if (!text.trim()) return {};
  const found = JSON.parse(text);
  if (found === null || typeof found !== "object" || Array.isArray(found)) throw new SyntaxError("expected an object");
  return found;
}
