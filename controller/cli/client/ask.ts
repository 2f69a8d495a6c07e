import { askController, type ControlAnswer } from './control-client.js';

/** The shape is our own server's; what it refuses it says in `error`. */
export async function ask<T>(stateDir: string, path: string, body?: unknown, deadlineMs?: number): Promise<T> {
  const answer = await askController(stateDir, path, body, deadlineMs);
  if (answer.status === 200) return answer.value as T;
  throw new Error(refusalOf(answer));
}

export function refusalOf({ status, value }: ControlAnswer): string {
  return typeof value === 'object' && value !== null && 'error' in value
    ? String(value.error)
    : `HTTP status ${status}`;
}

export function printed(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
