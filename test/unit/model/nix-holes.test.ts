import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { knownHoles, NIX_HOLES, NIX_HOLES_AS_OF } from '../../../controller/model/nix-holes.js';

const idsOf = (version: string): string[] | null => knownHoles(version)?.map(({ id }) => id) ?? null;

const [NAR, TAR, COPY, BUILDS] = ['CVE-2026-44028', 'CVE-2026-44029', 'CVE-2026-39860', 'CVE-2025-46415'];
const [TLS, NAR_2_24, LEFT, FIXED_OUTPUT] = ['CVE-2024-47174', 'CVE-2024-45593', 'CVE-2024-38531', 'CVE-2024-27297'];

describe('knownHoles', () => {
  it.each<[string, (string | undefined)[] | null]>([
    ['2.8', [BUILDS, TLS, LEFT, FIXED_OUTPUT]],
    ['2.8.1', [BUILDS, TLS, LEFT, FIXED_OUTPUT]],
    ['2.18.1', [COPY, BUILDS, TLS, LEFT, FIXED_OUTPUT]],
    ['2.18.2', [COPY, BUILDS, TLS, LEFT]],
    ['2.18.9', [COPY, BUILDS]],
    ['2.24.3', [COPY, BUILDS, TLS, NAR_2_24]],
    ['2.24.5', [NAR, COPY, BUILDS, TLS, NAR_2_24]],
    ['2.24.15', [NAR, TAR, COPY]],
    ['2.26.3', [NAR, TAR, COPY, BUILDS]],
    ['2.26.4', [NAR, TAR, COPY]],
    ['2.27.1', [NAR, TAR, COPY, BUILDS]],
    ['2.28.5', [NAR, TAR, COPY]],
    ['2.28.6', [NAR, TAR]],
    ['2.28.7', []],
    ['2.30.0', [NAR, TAR, COPY]],
    ['2.30.4', [NAR, TAR]],
    ['2.30.5', []],
    ['2.34.4', [NAR, TAR, COPY]],
    ['2.34.6', [NAR, TAR]],
    ['2.34.7pre20260501_abcdef0', [NAR, TAR]],
    ['2.34.7', []],
    ['2.34.8', []],
    ['2.35.0pre20260401_abcdef0', [NAR, TAR, COPY]],
    ['2.35.0', []],
    ['2.36.0', []],
    ['3.0.0', []],
    // Lix, with numbers of its own.
    ['2.90.0', [BUILDS]],
    ['2.93.0', [NAR, BUILDS]],
    ['2.93.3', [NAR]],
    ['2.93.4', []],
    ['2.95.1', [NAR]],
    ['2.95.2', []],
    ['unknown', null],
    ['', null],
  ])('of %s', (version, ids) => {
    expect(idsOf(version)).toEqual(ids);
  });

  const number = fc.integer({ min: 0, max: 60 });

  it('never become more with a newer release of one line, once all that the line began with are known', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), number, number, (minor, one, other) => {
        const [older, newer] = one < other ? [one, other] : [other, one];
        // Only the line 2.24 got a hole by a release of its own; 2.16 to 2.20 got one by a mend.
        fc.pre(minor !== 24 && !(minor >= 16 && minor <= 20));
        const left = idsOf(`2.${minor}.${newer}`)!;
        expect(idsOf(`2.${minor}.${older}`)).toEqual(expect.arrayContaining(left));
      }),
    );
  });

  it('of a release that is told as sound are none, and of the one before it the hole is', () => {
    const releases = NIX_HOLES.flatMap(({ id, nix, lix }) =>
      [...nix.fixed, ...(lix?.fixed ?? [])].map((release) => ({ id, release })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...releases), ({ id, release }) => {
        const [major, minor, patch = 0] = release.split('.').map(Number);
        expect(idsOf(release)).not.toContain(id);
        expect(idsOf(`${release}pre20260101_abcdef0`)).toContain(id);
        if (patch > 0) expect(idsOf(`${major}.${minor}.${patch - 1}`)).toContain(id);
      }),
    );
  });

  it('of a line without a sound release between two others are told', () => {
    for (const { id, nix } of NIX_HOLES) {
      const lines = nix.fixed.map((release) => Number(release.split('.')[1]));
      const since = Number(nix.since.split('.')[1]);
      const between = Array.from({ length: Math.max(...lines) - since }, (_, at) => since + 1 + at);
      for (const line of between.filter((minor) => !lines.includes(minor)))
        expect([`2.${line}.99`, idsOf(`2.${line}.99`)]).toEqual([`2.${line}.99`, expect.arrayContaining([id])]);
    }
  });

  it('of lines after the last that had to be mended are none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 36, max: 89 }), number, (minor, patch) => {
        expect(idsOf(`2.${minor}.${patch}`)).toEqual([]);
      }),
    );
  });

  it('of any text are told without an error', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(Array.isArray(knownHoles(text) ?? [])).toBe(true)));
  });
});

describe('the table of holes', () => {
  it('has ids that differ, a day, and releases in order, one a line', () => {
    expect(new Set(NIX_HOLES.map(({ id }) => id)).size).toBe(NIX_HOLES.length);
    expect(NIX_HOLES_AS_OF).toMatch(/^20\d\d-\d\d-\d\d$/);
    for (const { nix, lix } of NIX_HOLES) {
      for (const { fixed } of lix === null ? [nix] : [nix, lix]) {
        const lines = fixed.map((release) => Number(release.split('.')[1]));
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
      }
    }
  });
});
