import { EngineError } from './port.js';

function isAbsent(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'not-found';
}

export async function absentIsNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** For removals: what is gone already is removed. */
export async function absentIsSuccess(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** The engine answers 400, 403 or 500 to some of what is so already, and only its words tell that from a failure. */
export async function alreadySo(call: Promise<void>, words: RegExp): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EngineError && error.status !== null && words.test(error.message))) throw error;
  }
}
