// The API: one function for requests, one kind of error, and the key where one is needed.

const KEY = "graphrec key";

// Of the service, which a proxy may have under a prefix: this file is in a folder of it.
const ROOT = new URL("..", import.meta.url);

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
  const key = sessionStorage.getItem(KEY);
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(address(path), {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, "The service does not answer: see that it runs, then try again.");
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  const message = answer?.error?.message ?? `The service answered with status ${response.status}.`;
  const error = new ApiError(response.status, message);
  if (error.locked) document.dispatchEvent(new CustomEvent("locked", { detail: message }));
  throw error;
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
