// The metrics of the service, in Prometheus' text format, as figures.

import { askText } from "./api.js";

/** All samples: [{name, labels, value}]. */
export async function metrics() {
  return parsed(await askText("/metrics"));
}

function parsed(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const parts = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/);
    if (!parts) continue; // a comment, or empty
    const labels = {};
    for (const [, key, value] of (parts[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[key] = value;
    found.push({ name: parts[1], labels, value: Number(parts[3].replace("+Inf", "Infinity")) });
  }
  return found;
}

/** The sum of a metric over all its labels that are as said. */
export function total(samples, name, labels = {}) {
  return samples
    .filter((each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** One value, or null where there is none. */
export function value(samples, name, labels = {}) {
  return samples.find((each) => each.name === name
    && Object.entries(labels).every(([key, said]) => each.labels[key] === said))?.value ?? null;
}

/** Routes with their answers and the time that a share of them took at most, the busiest first. */
export function routes(samples, shares = [0.5, 0.95]) {
  const names = new Set(samples.filter((each) => each.name === "graphrec_request_seconds_count").map(({ labels }) => labels.route));
  return [...names].map((route) => {
    const buckets = new Map();
    for (const { name, labels, value: count } of samples) {
      if (name !== "graphrec_request_seconds_bucket" || labels.route !== route) continue;
      const limit = Number(labels.le.replace("+Inf", "Infinity"));
      buckets.set(limit, (buckets.get(limit) ?? 0) + count);
    }
    const limits = [...buckets].sort(([one], [other]) => one - other);
    const count = limits.at(-1)?.[1] ?? 0;
    return { route, count, seconds: shares.map((each) => within(limits, each * count)) };
  }).filter(({ count }) => count > 0).sort((one, other) => other.count - one.count);
}

/** Where the cumulative counts of a histogram reach a count, between the limits of its bucket. */
function within(limits, wanted) {
  let [low, before] = [0, 0];
  for (const [limit, count] of limits) {
    if (count >= wanted) {
      if (limit === Infinity) return low;
      return low + ((limit - low) * (wanted - before)) / (count - before || 1);
    }
    [low, before] = [limit, count];
  }
  return low;
}
