/** Set by `npm run test:all`: random histories by the ten thousand, every fault at every call, every variant. */
export const IS_LONG = process.env['KALPANA_TEST_LONG'] === '1';

/** Of all random cases; another number looks elsewhere. */
export const SEED = Number(process.env['KALPANA_TEST_SEED'] ?? 20261123);

/** How many random cases a property is tried with: in each run, and in a long one. */
export function cases(usual: number, long: number): number {
  return IS_LONG ? long : usual;
}

/** For a test that plays many worlds: a failure's bound, not a promise; a slow machine and a long run stay below it. */
export const LIMIT_MS = IS_LONG ? 3_600_000 : 300_000;

/** Rows that say the same of one mechanism: the first ones in each run, and all in a long one. */
export function variants<T>(rows: readonly T[], usual = 1): readonly T[] {
  return IS_LONG ? rows : rows.slice(0, usual);
}

/**
 * Registers tests that only a long run plays, because other tests show the same in every run; `shownBy` names them.
 */
export function inLongRuns(shownBy: string, register: () => void): void {
  if (IS_LONG && shownBy !== '') register();
}
