import { EngineError } from '../../../controller/docker/port.js';

/** What a call came to, for a table: its value, or the failure's kind, status and words. */
export async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { kind: error.kind, verb: error.verb, status: error.status, message: error.message };
  }
}

export async function failureOf(call: Promise<unknown>): Promise<EngineError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('The call was expected to fail');
}

/** A promise that a test resolves from outside. */
export function signalled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
