// What the page does as others write it: a request as a curl command, and settings in TOML.

import { address } from "./api.js";

/** The request as a command for a shell; a body is an object, or text that may be no JSON yet. */
export function curl({ method, url, body }, locked) {
  const parts = ["curl -s"];
  if (method && method !== (body ? "POST" : "GET")) parts.push(`-X ${method}`);
  if (locked) parts.push('-H "Authorization: Bearer $GRAPHREC_KEY"');
  if (body) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(typeof body === "string" ? body : JSON.stringify(body))}`);
  parts.push(quoted(address(url)));
  return parts.join(" \\\n  ");
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Changes to a placement, and rules, as a part of graphrec.toml. */
export function toml(name, changes, rules = []) {
  const lines = [`[placements.${bare(name)}]`,
    ...Object.entries(changes).map(([key, value]) => `${bare(key)} = ${written(value)}`)];
  for (const rule of rules) {
    lines.push("", `[[placements.${bare(name)}.rules]]`,
      ...Object.entries(rule).map(([key, value]) => `${bare(key)} = ${written(value)}`));
  }
  return `${lines.join("\n")}\n`;
}

const bare = (key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key));

// JSON's strings and numbers are TOML's; objects become inline tables.
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (value && typeof value === "object") {
    const inside = Object.entries(value).map(([key, each]) => `${bare(key)} = ${written(each)}`);
    return inside.length ? `{ ${inside.join(", ")} }` : "{}";
  }
  return JSON.stringify(value);
}
