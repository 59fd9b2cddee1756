// A page as a server renders it (Next, Remix, plain node): it sends what visitors do, and shows
// what else they may like.
//
//   GRAPHREC=http://localhost:8000 node dist/examples/page.js

import { createServer } from "node:http";
import { Client, type Recommendation } from "../src/index.js";

const graphrec = new Client(process.env.GRAPHREC ?? "http://localhost:8000", {
  key: process.env.GRAPHREC_KEY,
});

const escape = (text: string) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);

export async function page(user: string, item: string): Promise<string> {
  // Nobody waits for this: the next page knows it.
  void graphrec.newEvents({ events: [{ user, item, kind: "view" }] }).catch(console.error);
  const also: Recommendation[] = await graphrec
    .placement("also-bought", { user, item, k: 4 })
    .then((found) => found.recommendations)
    .catch(() => []); // a page without recommendations is a page
  const rows = also.map((each) => `<li>${escape(each.title ?? each.item)}`);
  return `<h1>${escape(item)}</h1><ul>${rows.join("")}</ul>`;
}

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const item = decodeURIComponent(pathname.replace("/items/", ""));
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(await page(searchParams.get("user") ?? "visitor", item));
}).listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
