/** A complete answer. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The headers of every answer: proxies and browsers must not store it, or treat it as another type. */
export const REPLY_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

/** An answer that is one JSON document on a line. */
export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n`, headers };
}

/** An answer that describes an error in one line: `{"error": message}`. */
export function failure(status: number, message: string, headers?: Readonly<Record<string, string>>): Reply {
  return json(status, { error: message }, headers);
}
