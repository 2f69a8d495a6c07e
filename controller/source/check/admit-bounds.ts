import type { Builds, KeeperResources } from '../../model/nix-cache.generated.js';
import { parseDurationMs, parseSizeBytes } from '../../model/quantity.js';
import { specIssue as issue, type Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';

/** The controller itself waits for a command that prints nothing a little longer than an hour. */
const DURATIONS = { timeout: { least: '10s', most: '7d' }, maxSilent: { least: '10s', most: '1h' } } as const;
/** With less, Nix cannot take in a large path. */
const LEAST_MEMORY = '256Mi';

/** Checks the rules for the bounds of a keeper and its builds that a schema cannot express. */
export function* admitBounds(builds: Builds, { memory }: KeeperResources): Generator<Issue> {
  for (const field of ['timeout', 'maxSilent'] as const) {
    const text = builds[field];
    const { least, most } = DURATIONS[field];
    const ms = text === undefined ? null : parseDurationMs(text);
    if (text === undefined) continue;
    if (ms === null || ms > (parseDurationMs(most) ?? 0))
      yield issue(['builds', field], `${quote(text)} is too long: at most "${most}"`);
    else if (ms < (parseDurationMs(least) ?? 0))
      yield issue(['builds', field], `${quote(text)} is too short: at least "${least}"`);
  }
  if (memory === undefined) return;
  const bytes = parseSizeBytes(memory);
  if (bytes === null) yield issue(['resources', 'memory'], `${quote(memory)} is too large`);
  else if (bytes < (parseSizeBytes(LEAST_MEMORY) ?? 0))
    yield issue(['resources', 'memory'], `${quote(memory)} is too small: at least "${LEAST_MEMORY}"`);
}
