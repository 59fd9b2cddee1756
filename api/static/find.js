// Searches for the search fields: items by title or id, users by id.

import { ask } from "./api.js";
import { count, name } from "./words.js";

/** Items, as a group of options; the value of each is the item. */
export async function findItems(query, limit = 8) {
  const { items } = await ask(`/v1/items?${new URLSearchParams({ query, limit })}`);
  return {
    label: query ? "Items" : "Popular items",
    options: items.map((item) => ({
      name: name(item),
      note: `liked by ${count(item.likes, "person", "people")}`,
      value: { view: "item", id: item.item },
    })),
  };
}

/** Users, as a group of options. */
export async function findUsers(query, limit = 5) {
  const { users } = await ask(`/v1/users?${new URLSearchParams({ query, limit })}`);
  return {
    label: query ? "Users" : "Most active users",
    options: users.map(({ user, likes }) => ({
      name: `User ${user}`,
      note: `likes ${count(likes, "item", "items")}`,
      value: { view: "user", id: user },
    })),
  };
}
