import type { EngineEvent } from '../model/engine-objects.js';
import { asNumber, asObject, asText, asTextMap, parseJson } from './shapes.js';

const TYPES = ['container', 'volume', 'network', 'image'] as const;

/**
 * The actions that can change what we observe. The most frequent ones left out are `exec_create`, `exec_start` and
 * `exec_die`, because every health check causes all three. `kill`, `stop` and `restart` are accompanied by a `die` or a
 * `start`.
 */
const ACTIONS: readonly string[] = [
  'create',
  'start',
  'die',
  'destroy',
  'rename',
  'update',
  'pause',
  'unpause',
  'oom',
  'health_status',
  'connect',
  'disconnect',
  'remove',
  'pull',
  'tag',
  'untag',
  'delete',
  'import',
  'load',
];

const ONE_MICROSECOND = 0.000_001;

/**
 * The query of `GET /events`. `since` is in seconds since the epoch by the engine's clock; undefined means from now on.
 */
export function eventQuery(since: number | undefined): Record<string, string> {
  const filters = JSON.stringify({ type: TYPES, event: ACTIONS });
  // A number of seconds is exact to a quarter of a microsecond, so the query begins a little earlier: receiving an
  // event twice is harmless, losing one is not.
  return since === undefined ? { filters } : { filters, since: Math.max(0, since - ONE_MICROSECOND).toFixed(9) };
}

/**
 * Reads one event from a line of JSON; returns null for an event that was not requested, in case an engine does not
 * filter.
 */
export function eventFrom(line: string): EngineEvent | null {
  const event = asObject(parseJson(line, 'an event'), 'an event');
  const type = TYPES.find((known) => known === event['Type']);
  const action = asText(event['Action'], "an event's Action");
  if (type === undefined || !ACTIONS.includes(action.split(':', 1)[0]!)) return null;
  const actor = asObject(event['Actor'], "an event's Actor");
  const nanoseconds = asNumber(
    event['timeNano'] ?? asNumber(event['time'], "an event's time") * 1e9,
    "an event's time",
  );
  return {
    type,
    action,
    id: asText(actor['ID'], "an event's ID"),
    attributes: asTextMap(actor['Attributes'], 'Attributes'),
    time: nanoseconds / 1e9,
  };
}
