/** One whole answer. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Headers of every answer: no proxy or browser keeps it, and none takes it for another type than it says. */
export const REPLY_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

/** An answer that is one JSON document on a line. */
export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n`, headers };
}

/** An answer that says in one line what is wrong: `{"error": message}`. */
export function failure(status: number, message: string, headers?: Readonly<Record<string, string>>): Reply {
  return json(status, { error: message }, headers);
}
