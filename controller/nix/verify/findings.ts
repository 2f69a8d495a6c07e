import type { VerifyRecord } from './record.js';

/** What became of one path that was looked at by itself. `lost`: damaged, and it could not be had again. */
const FATES = ['whole', 'gone', 'damaged', 'mended', 'lost'] as const;
type Fate = (typeof FATES)[number];

/** What a run has found until now. */
export interface VerifyFindings {
  /** How many paths this run is to look at, and how many the store has; null before it has listed them. */
  count: number;
  total: number | null;
  verifiedPaths: number;
  verifiedBytes: number;
  /** The last path of the share that was looked at; null: none yet. */
  cursor: string | null;
  /** The newest word on each path that was looked at by itself. */
  readonly fates: Map<string, Fate>;
}

/** The findings of a run that begins. */
export function newFindings(): VerifyFindings {
  return { count: 0, total: null, verifiedPaths: 0, verifiedBytes: 0, cursor: null, fates: new Map() };
}

/** The same form as in names.sh: whatever a keeper's image prints, no other word gets into status or record. */
const STORE_PATH = /^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]{1,211}$/;

/** Takes in one line of the script, without our marker. A line of another form changes nothing. */
export function takeLine(found: VerifyFindings, line: string): void {
  const [kind = '', first = '', second = '', ...more] = line.split(' ');
  if (more.length > 0) return;
  const [one, two] = [numberOf(first), numberOf(second)];
  if (one !== null && two !== null) takeNumbers(found, kind, one, two);
  if (second !== '' || !STORE_PATH.test(first)) return;
  const fate = FATES.find((known) => known === kind);
  if (kind === 'at') found.cursor = first;
  else if (fate !== undefined) found.fates.set(first, fate);
}

function takeNumbers(found: VerifyFindings, kind: string, one: number, two: number): void {
  if (kind === 'of') Object.assign(found, { count: one, total: two });
  if (kind !== 'verified') return;
  found.verifiedPaths += one;
  found.verifiedBytes += two;
}

/** The paths with this fate, sorted. */
export function pathsOf({ fates }: VerifyFindings, ...wanted: readonly Fate[]): string[] {
  return [...fates].flatMap(([path, fate]) => (wanted.includes(fate) ? [path] : [])).sort();
}

/**
 * What is damaged after a run: what it found so, and what was damaged before and was not looked at again, because the
 * run was aborted. A path that could not be had again stays lost until it is found whole, mended or gone.
 */
export function damageAfter(
  before: Pick<VerifyRecord, 'damaged' | 'lost'>,
  found: VerifyFindings,
): Pick<VerifyRecord, 'damaged' | 'lost'> {
  const unseen = before.damaged.filter((path) => !found.fates.has(path));
  const damaged = [...unseen, ...pathsOf(found, 'damaged', 'lost')].sort();
  const isLost = (path: string) => found.fates.get(path) === 'lost' || before.lost.includes(path);
  return { damaged, lost: damaged.filter(isLost) };
}

function numberOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
