import { askController, type ControlAnswer } from './control-client.js';

/**
 * Sends a request to the controller of a state directory; throws an error of one line when it refuses. The caller knows
 * the shape of the answer.
 */
export async function ask<T>(stateDir: string, path: string, body?: unknown, deadlineMs?: number): Promise<T> {
  const answer = await askController(stateDir, path, body, deadlineMs);
  if (answer.status === 200) return answer.value as T;
  throw new Error(refusalOf(answer));
}

/** Why the controller refused a request, in one line. */
export function refusalOf({ status, value }: ControlAnswer): string {
  return typeof value === 'object' && value !== null && 'error' in value
    ? String(value.error)
    : `HTTP status ${status}`;
}

/** Formats a value as JSON for people and programs: indented, with a newline at its end. */
export function printed(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
