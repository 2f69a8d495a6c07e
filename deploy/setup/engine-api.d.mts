export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: object;
  /** Silence on the connection that ends the call, in milliseconds. */
  readonly idleMs?: number;
  /** Statuses of 400 and above that are no error. */
  readonly ignore?: readonly number[];
}

/** One call to an engine (`unix://…`); gives the parsed JSON, or the text. For set-up and checks in tests, past the adapter. */
export function call(engine: string, method: string, path: string, options?: CallOptions): Promise<unknown>;
/** A call whose 200 is a list of JSON lines; throws on one that tells an error. */
export function callWithProgress(
  engine: string,
  method: string,
  path: string,
  options?: CallOptions,
): Promise<readonly unknown[]>;
export function answers(engine: string, options?: { readonly timeoutMs?: number }): Promise<boolean>;
