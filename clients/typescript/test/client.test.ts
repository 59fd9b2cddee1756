// Against a service at $GRAPHREC, as tests/clients/test_typescript.py starts one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, ClientError } from "../src/index.js";
import { pauseAfter, segment, withTimes } from "../src/transport.js";

const url = process.env.GRAPHREC;

test("events are sent, and the next list knows them", { skip: !url }, async () => {
  const client = new Client(url!);
  const before = await client.userRecommendations("tess", { k: 3 });
  assert.equal(before.recommendations[0]?.item, "hit");
  const sent = await client.newEvents({ events: [{ user: "tess", item: "hit", kind: "like" }] });
  assert.equal(sent.accepted, 1);
  const after = await client.userRecommendations("tess", { k: 3, deny: ["alien", "brazil"] });
  const items = after.recommendations.map((each) => each.item);
  assert.ok(!items.some((each) => ["hit", "alien", "brazil"].includes(each)));
});

test("ids of any characters, items and errors", { skip: !url }, async () => {
  const client = new Client(url!);
  await client.putItem("a/b c%é'()", { attributes: { title: "Odd", price: 3 } });
  assert.equal((await client.item("a/b c%é'()")).title, "Odd");
  assert.equal((await client.deleteItem("a/b c%é'()")).deleted, true);
  await assert.rejects(client.item("a/b c%é'()"), (error) =>
    error instanceof ClientError && error.status === 404 && error.code === "unknown_item");
  await assert.rejects(client.userRecommendations("tess", { k: 0 }), (error) =>
    error instanceof ClientError && error.status === 422 && error.field === "k");
  assert.equal((await client.ready()).status, "ready");
});

test("what may be repeated is sent again", async () => {
  let calls = 0;
  const flaky = (async () => {
    calls += 1;
    if (calls < 3) throw new TypeError("fetch failed");
    return new Response(JSON.stringify({ accepted: 1 }));
  }) as typeof fetch;
  const client = new Client("http://nowhere", { fetch: flaky });
  assert.equal((await client.newEvents({ events: [{ user: "a", item: "b", kind: "c" }] })).accepted, 1);
  assert.equal(calls, 3);
  calls = -10;
  await assert.rejects(client.rollback({}), ClientError);
  assert.equal(calls, -9);
});

test("pauses, times and paths", () => {
  assert.equal(pauseAfter(1, 3, false, 503, "2"), 2000);
  assert.equal(pauseAfter(1, 3, false, 503), 100);
  assert.equal(pauseAfter(2, 3, true), 200);
  assert.equal(pauseAfter(4, 3, true), undefined);
  assert.equal(pauseAfter(1, 3, false, 502), undefined);
  assert.equal(pauseAfter(1, 3, true, 404), undefined);
  const event: { user: string; item: string; kind: string; time?: number } = {
    user: "a", item: "b", kind: "c",
  };
  const { events } = withTimes({ events: [event, event, { ...event, time: 5 }] }, 10);
  assert.deepEqual(events.map((each) => each.time), [10, 11, 5]);
  assert.equal(segment("a/b'c%"), "a%2Fb%27c%25");
});
