// The API: one function for requests, one kind of error, and the key where one is needed.

const KEY = "graphrec key";

// Of the service, which a proxy may have under a prefix: this file is in a folder of it.
const ROOT = new URL("..", import.meta.url);

/** Whether a key is kept for this tab. */
export const hasKey = () => sessionStorage.getItem(KEY) !== null;

/** An answer that is not a success; the message is the API's own sentence. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** Whether another key is needed: the page shows the field for it, and the message once. */
  get locked() {
    return this.status === 401 || this.status === 403;
  }
}

/** The answer to a GET, or to a POST where there is a body. */
export async function ask(path, body) {
  const response = await fetched(path, body);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw refused(response.status, answer);
}

/** The text of an answer, such as metrics. */
export async function askText(path) {
  const response = await fetched(path);
  if (response.ok) return response.text();
  throw refused(response.status, await response.json().catch(() => null));
}

const LONGEST_PAUSE = 2; // seconds that the page waits by itself
const AT_ONCE = 3; // requests: a service answers only so many reads at a time
let running = 0;
const waiting = [];

/** The response to a request, which waits for its turn; one that comes too early is sent again. */
async function fetched(path, body) {
  if (running >= AT_ONCE) await new Promise((resolve) => { waiting.push(resolve); });
  else running += 1;
  try {
    const response = await sent(path, body);
    const pause = Number(response.headers.get("Retry-After") ?? Infinity);
    if (response.status !== 503 || pause > LONGEST_PAUSE) return response;
    await new Promise((resolve) => { setTimeout(resolve, 1000 * pause); });
    return await sent(path, body);
  } finally {
    const next = waiting.shift(); // which takes this turn over
    if (next) next();
    else running -= 1;
  }
}

function sent(path, body) {
  return request(body ? "POST" : "GET", path, body && JSON.stringify(body));
}

async function request(method, path, body) {
  const key = sessionStorage.getItem(KEY);
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  try {
    return await fetch(address(path), { method, headers, body });
  } catch {
    throw new ApiError(0, "The service does not answer: see that it runs, then try again.");
  }
}

/** Any request, with its body as text: the status, the text and how many milliseconds it took. */
export async function call(method, path, body) {
  const start = performance.now();
  const response = await request(method, path, body);
  const text = await response.text();
  const milliseconds = Math.round(performance.now() - start);
  if (response.status === 401 || response.status === 403) {
    try {
      refused(response.status, JSON.parse(text));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // what a proxy says is no JSON
    }
  }
  return { status: response.status, text, milliseconds };
}

function refused(status, answer) {
  const error = new ApiError(status, answer?.error?.message ?? `The service answered with status ${status}.`);
  if (error.locked) document.dispatchEvent(new CustomEvent("locked", { detail: error }));
  return error;
}

/** The address of a path of the service. */
export function address(path) {
  return new URL(path.replace(/^\//, ""), ROOT).href;
}

/** Keep a key for as long as this tab is open. */
export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

/** A path of the API, from ids that may hold anything: path`/v1/users/${id}`. */
export function path(parts, ...ids) {
  return String.raw({ raw: parts }, ...ids.map(encodeURIComponent));
}
