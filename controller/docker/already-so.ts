import { EngineError } from './port.js';

function isAbsent(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'not-found';
}

/** Returns null when the call fails with `not-found`. */
export async function absentIsNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Treats `not-found` as success for a removal, because the object is already gone. */
export async function absentIsSuccess(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/**
 * Treats a failure whose message matches `words` as success: the engine answers 400, 403 or 500 to some requests whose
 * effect is already there.
 */
export async function alreadySo(call: Promise<void>, words: RegExp): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EngineError && error.status !== null && words.test(error.message))) throw error;
  }
}
