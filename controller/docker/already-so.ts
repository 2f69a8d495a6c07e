import { EngineError } from './port.js';

function isAbsent(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'not-found';
}

/** Gives null in place of the failure `not-found`. */
export async function absentIsNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Takes the failure `not-found` of a removal for success: what is gone already is removed. */
export async function absentIsSuccess(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** Takes a failure with these words for success: the engine answers 400, 403 or 500 to some of what is so already. */
export async function alreadySo(call: Promise<void>, words: RegExp): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EngineError && error.status !== null && words.test(error.message))) throw error;
  }
}
