// Sending calls by fetch, which keeps connections; what may be repeated is sent again.

export interface ClientOptions {
  /** An API key. */
  key?: string;
  /** Milliseconds for an answer; 10 s by default. */
  timeout?: number;
  /** How often a call is sent again; 3 times by default. */
  retries?: number;
  /** In place of the global one. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  /** Ends the call. */
  signal?: AbortSignal;
}

/** The service refused a call, or did not answer. */
export class ClientError extends Error {
  constructor(
    message: string,
    /** Of the answer; undefined where none came. */
    readonly status?: number,
    /** Such as `unknown_item`. */
    readonly code?: string,
    /** Of the request, where one is wrong. */
    readonly field?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ClientError";
  }
}

/** Answers that say to come again later; nothing was done. */
const LATER = new Set([429, 503]);
/** Answers of a proxy, after which nobody knows what became of the call. */
const UNKNOWN = new Set([502, 504]);
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** An id as a part of a path. */
export function segment(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (each) =>
    `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Milliseconds until a call that was sent `tries` times is sent again; undefined: not again. */
export function pauseAfter(
  tries: number, retries: number, repeatable: boolean, status?: number, retryAfter?: string | null,
): number | undefined {
  const later = status !== undefined && LATER.has(status);
  const unknown = status === undefined || UNKNOWN.has(status);
  if (tries > retries || !(later || (unknown && repeatable))) return undefined;
  const said = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) * 1000 : 0;
  return Math.min(Math.max(FIRST_PAUSE * 2 ** (tries - 1), said), LONGEST_PAUSE);
}

interface Event {
  user: string;
  item: string;
  kind: string;
  time?: number | string | null;
}

/** Events without a time get one, each its own, so that they may be sent again. */
export function withTimes<T extends { events: Event[] }>(body: T, now: number = Date.now()): T {
  const taken = new Map<string, number>();
  const events = body.events.map((event) => {
    if (event.time !== undefined && event.time !== null) return event;
    const key = JSON.stringify([event.user, event.item, event.kind]);
    const time = (taken.get(key) ?? now - 1) + 1;
    taken.set(key, time);
    return { ...event, time };
  });
  return { ...body, events };
}

export class Transport {
  readonly #url: string;
  readonly #options: ClientOptions;

  constructor(url: string, options: ClientOptions) {
    this.#url = url.replace(/\/+$/, "");
    this.#options = options;
  }

  async send(
    method: string,
    path: string,
    query: Record<string, unknown>,
    body: unknown,
    repeatable: boolean,
    options: CallOptions,
  ): Promise<unknown> {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined && each !== null) url.searchParams.append(name, String(each));
      }
    }
    if (method === "POST" && path === "/v1/events" && body !== undefined) {
      body = withTimes(body as { events: Event[] });
      repeatable = true;
    }
    for (let tries = 1; ; tries++) {
      const [answer, error] = await this.#once(method, url, body, options);
      const pause = pauseAfter(
        tries, this.#options.retries ?? 3, repeatable,
        answer?.status, answer?.headers.get("Retry-After"),
      );
      if (answer?.ok) return answer.json();
      if (pause === undefined || options.signal?.aborted) {
        if (answer !== undefined) throw await refusal(answer);
        throw new ClientError(
          `the service at ${this.#url} does not answer (${String(error)}): see that it runs, and ` +
          "that the address is right", undefined, undefined, undefined, { cause: error });
      }
      await answer?.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #once(
    method: string, url: URL, body: unknown, options: CallOptions,
  ): Promise<[Response | undefined, unknown]> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.#options.key !== undefined) headers.Authorization = `Bearer ${this.#options.key}`;
    const late = AbortSignal.timeout(this.#options.timeout ?? 10_000);
    const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
    try {
      const text = body === undefined ? null : JSON.stringify(body);
      const send = this.#options.fetch ?? fetch;
      return [await send(url, { method, headers, body: text, signal }), undefined];
    } catch (error) {
      return [undefined, error];
    }
  }
}

async function refusal(answer: Response): Promise<ClientError> {
  let said: { message?: string; code?: string; field?: string } = {};
  try {
    said = ((await answer.json()) as { error?: typeof said }).error ?? {};
  } catch {
    // It is not from the service, but from something before it.
  }
  const message = said.message ?? `the service answered ${answer.status}`;
  return new ClientError(message, answer.status, said.code, said.field ?? undefined);
}
