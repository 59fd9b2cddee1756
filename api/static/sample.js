// Two ways to make lists, compared on the most active users.

import { ask } from "./api.js";

const USERS = 30;
const AT_ONCE = 4;

/** Of the lists of some users: different items before and after, and the share that stays. */
export async function sample(before, after) {
  const [{ users }, { all_items: items }] = await Promise.all([ask(`/v1/users?limit=${USERS}`), ask("/v1/activity")]);
  const waiting = users.map(({ user }) => user);
  const seen = { before: new Set(), after: new Set() };
  let kept = 0;
  let places = 0;

  async function work() {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      const [was, is] = await Promise.all([before(user), after(user)].map(({ url, body }) => ask(url, body)));
      const first = new Set(was.recommendations.map(({ item }) => item));
      for (const { item } of was.recommendations) seen.before.add(item);
      for (const { item } of is.recommendations) {
        seen.after.add(item);
        kept += first.has(item);
        places += 1;
      }
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { users: users.length, items, before: seen.before.size, after: seen.after.size, kept: places ? kept / places : 0 };
}
