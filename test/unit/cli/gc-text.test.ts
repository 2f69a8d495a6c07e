import { describe, expect, it } from '@jest/globals';
import type { GcStatus } from '../../../controller/model/gc-status.js';
import { freedText, rootsText } from '../../../controller/model/gc-text.js';
import { cacheTable } from '../../../controller/cli/text/cache-table.js';
import { cacheStatusText } from '../../../controller/cli/text/cache-text.js';
import { describeCacheText } from '../../../controller/cli/text/describe-cache-text.js';
import { durationText } from '../../../controller/cli/text/duration-text.js';
import { createGcProgress } from '../../../controller/cli/text/gc-progress.js';
import { gcFailureText, gcResultText, type GcOutcome } from '../../../controller/cli/text/gc-text.js';
import {
  collectedReport,
  sampleGc,
  sampleGcConfig,
  samplePreview,
  sampleRoots,
  sampleRun,
  unsuccessfulRun,
} from '../status/gc-samples.js';
import { sampleCacheStatus, START } from '../status/samples.js';
import { captureIo } from './harness.js';

const unreadable = 'process 4711 of web cannot be read';
const hostile = '/w/\u001b[31mre\nsult\u009b\u2028x';

describe('words of a collection', () => {
  it.each([
    [0, 0, '0 B (0 paths)'],
    [1, 1, '1 B (1 path)'],
    [1_288_490_189, 34, '1.2 GiB (34 paths)'],
  ])('%d bytes of %d paths: %s', (freedBytes, freedPaths, text) =>
    expect(freedText({ freedBytes, freedPaths })).toBe(text),
  );

  it.each([
    [sampleRoots(), '4 profiles, 2 links, 1 process'],
    [sampleRoots({ profile: 0, link: 0, process: 0 }), ''],
    [
      sampleRoots({
        profile: 1,
        generation: 2,
        removed: 2,
        prewarm: 1,
        image: 1,
        keeper: 1,
        link: 1,
        process: 2,
        other: 1,
      }),
      '1 profile, 2 generations, 2 removed workspaces, 1 prewarm root, 1 image, 1 keeper root, 1 link, 2 processes, 1 other root',
    ],
  ])('%j: %s', (counts, text) => expect(rootsText(counts)).toBe(text));

  it.each([
    [604_800_000, '7d'],
    [5_400_000, '1h30m'],
    [90_061_001, '1d1h1m1s1ms'],
    [0, '0s'],
  ])('%d ms: %s', (ms, text) => expect(durationText(ms)).toBe(text));
});

describe('the outcome of kalpana gc', () => {
  const ran = (run: Extract<GcOutcome, { type: 'run' }>['run']): GcOutcome => ({ type: 'run', cache: 'default', run });

  it.each<[string, GcOutcome, string]>([
    [
      'a run',
      ran(sampleRun()),
      'default: freed 1.2 GiB (34 paths) in 3.1 s; kept 312 paths: 4 profiles, 2 links, 1 process\n',
    ],
    [
      'a run that left some',
      ran(sampleRun({ leftPaths: 1 })),
      'default: freed 1.2 GiB (34 paths) in 3.1 s, 1 path left for the next run; kept 312 paths: 4 profiles, 2 links, 1 process\n',
    ],
    [
      'a run in an empty store',
      ran(
        sampleRun({
          freedBytes: 0,
          freedPaths: 0,
          keptPaths: 0,
          roots: sampleRoots({ profile: 0, link: 0, process: 0 }),
        }),
      ),
      'default: freed 0 B (0 paths) in 3.1 s; kept 0 paths\n',
    ],
  ])('%s', (_name, outcome, text) => {
    expect([gcResultText(outcome), gcFailureText(outcome)]).toEqual([text, null]);
  });

  it.each<[string, GcOutcome, string]>([
    [
      'aborted',
      ran(unsuccessfulRun('aborted', 'GcBusy', 'a realisation did not end in 60 s')),
      'default: nothing was collected: a realisation did not end in 60 s. Nothing was collected; the next run tries again.',
    ],
    [
      'failed',
      ran(unsuccessfulRun('failed', 'GcDeadline', 'it took 30 min.', { freedBytes: 1_024, freedPaths: 1 })),
      'default: the collection failed after it had freed 1.0 KiB (1 path): it took 30 min. Raise gc.deadline of the NixCache if runs take this long; the next run goes on.',
    ],
    ['without a cause', ran(sampleRun({ result: 'aborted' })), 'default: nothing was collected: no cause is known'],
    [
      'refused',
      { type: 'refused', cache: 'default', message: `a run\u001b[2J is under\nway` },
      'default: a run [2J is under way',
    ],
  ])('%s', (_name, outcome, text) => expect(gcFailureText(outcome)).toBe(text));

  it('a dry run: what would go, what would expire, and what keeps the rest', () => {
    const outcome: GcOutcome = { type: 'preview', preview: samplePreview() };
    expect([gcFailureText(outcome), gcResultText(outcome)]).toEqual([
      null,
      `\
default: 1.2 GiB (2 paths) would go; 312 paths would be kept

Would go:
  SIZE       PATH
  1.0 GiB    /nix/store/aaaa-gcc-13
  204.8 MiB  /nix/store/bbbb-hello-2.12

Would expire first:
  KIND     OWNER  FROM                                 PATH
  removed  carol  /nix/var/nix/profiles/kalpana/carol  /nix/store/aaaa-env

Kept by:
  KIND     OWNER  FROM                                 PATH
  profile  alice  /nix/var/nix/profiles/kalpana/alice  /nix/store/cccc-env
  link     bob    /workspace/result                    /nix/store/dddd-site
`,
    ]);
  });

  it('a dry run that finds nothing', () => {
    const preview = samplePreview({ dead: [], deadBytes: 0, keptPaths: 1, roots: [], expiring: [] });
    expect(gcResultText({ type: 'preview', preview })).toBe(
      'default: nothing would go; 1 path would be kept\n\nKept by: nothing\n',
    );
  });

  it('lets nobody paint the terminal with the name of a link', () => {
    const root = { kind: 'link', owner: hostile, from: hostile, path: hostile } as const;
    const text = gcResultText({
      type: 'preview',
      preview: samplePreview({ cache: hostile, dead: [{ path: hostile, bytes: 1 }], roots: [root], expiring: [root] }),
    });
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
    expect(text.split('\n').filter((line) => line.includes('sult'))).toHaveLength(4);
  });
});

describe('progress of kalpana gc', () => {
  function tellAll(errColumns: number | null): string {
    const { io, written } = captureIo({ errColumns });
    const progress = createGcProgress(io);
    progress.end();
    progress.report('default', 'reading the links');
    progress.report('default', 'reading the links');
    progress.report('default', 'looking at \u001b[31mprocesses of a host');
    progress.end();
    progress.end();
    expect(written.out).toBe('');
    return written.err;
  }

  it('is one line that is rewritten at a terminal, never wider than it, and gone at the end', () => {
    const clear = '\r\u001b[2K';
    expect(tellAll(30)).toBe(`${clear}default: reading the links${clear}default: looking at  [31mpro…${clear}`);
  });

  it('is a line for each step elsewhere', () => {
    expect(tellAll(null)).toBe('default: reading the links\ndefault: looking at  [31mprocesses of a host\n');
  });
});

describe('the last collection in kalpana get caches', () => {
  it.each<[string, GcStatus | null, string]>([
    ['a cache without a spec', null, '-'],
    ['none yet', sampleGc({ runs: [] }), '-'],
    ['a success', sampleGc(), '2h ago, 1.2 GiB'],
    [
      'aborted',
      sampleGc({ runs: [unsuccessfulRun('aborted', 'ProcessUnreadable', unreadable), sampleRun()] }),
      'aborted 2h ago',
    ],
    ['failed', sampleGc({ runs: [unsuccessfulRun('failed', 'StoreDamaged', 'a path is missing')] }), 'failed 2h ago'],
  ])('%s: %3$s', (_name, gc, text) => {
    const [heading = '', row = ''] = cacheTable([sampleCacheStatus(collectedReport(gc))], {
      columns: null,
      color: false,
      now: START,
    }).split('\n');
    expect(row.slice(heading.indexOf('LAST-GC')).trim()).toBe(text);
  });

  it('shows at a terminal what needs a look', () => {
    const gc = sampleGc({ runs: [unsuccessfulRun('aborted', 'ProcessUnreadable', unreadable)] });
    expect(cacheTable([sampleCacheStatus(collectedReport(gc))], { columns: null, color: true, now: START })).toContain(
      '\u001b[31maborted 2h ago\u001b[0m',
    );
  });
});

describe('kalpana cache status', () => {
  it.each<[string, GcStatus | null, string]>([
    ['a cache without a spec', null, '-'],
    ['a success', sampleGc(), 'last 2h ago, freed 1.2 GiB (34 paths); next in 3h'],
    ['none yet', sampleGc({ runs: [], nextRunAt: START - 1 }), 'never ran; next due'],
    [
      'aborted and suspended',
      sampleGc({
        runs: [unsuccessfulRun('aborted', 'ProcessUnreadable', unreadable)],
        nextRunAt: null,
        config: sampleGcConfig({ suspend: true }),
      }),
      'last 2h ago, aborted: ProcessUnreadable; suspended',
    ],
    [
      'one that is under way',
      sampleGc({ underWay: 'reading the links', nextRunAt: null }),
      'now reading the links; last 2h ago, freed 1.2 GiB (34 paths); none to come',
    ],
  ])('tells the last run and the next of %s', (_name, gc, line) => {
    expect(cacheStatusText(sampleCacheStatus(collectedReport(gc)), [], START)).toContain(`\nGC:            ${line}\n`);
  });
});

describe('kalpana describe cache', () => {
  /** From the collection's section to the conditions. */
  function collection(gc: GcStatus | null): string {
    const text = describeCacheText(sampleCacheStatus(collectedReport(gc)), [], START);
    return text.slice(text.indexOf('\nCollection'), text.indexOf('\nConditions'));
  }

  it('has all that cache status has', () => {
    const status = sampleCacheStatus(collectedReport(sampleGc()));
    const lines = describeCacheText(status, [], START).split('\n');
    expect(lines).toEqual(expect.arrayContaining(cacheStatusText(status, [], START).split('\n')));
  });

  it('shows how the cache is collected and how that went', () => {
    const runs = [
      unsuccessfulRun('aborted', 'GcBusy', 'a realisation\u001b[31m did not end', { trigger: 'request' }),
      sampleRun({ startedAt: START - 90_000_000, trigger: 'maxBytes' }),
    ];
    expect(collection(sampleGc({ runs }))).toBe(`
Collection:
  Schedule:           0 4 * * * (Europe/Berlin)
  Retain:             7d
  Grace:              1d
  Max bytes:          20.0 GiB
  Max freed per run:  no bound
  Optimise:           no
  Deadline:           30m
  Next run:           2026-01-01T03:00:00.000Z (in 3h)
  Under way:          nothing

Roots:
  KIND     COUNT
  profile  4
  link     2
  process  1

Last runs:
  STARTED                   TRIGGER   RESULT   FREED               KEPT  HELD  SECONDS  MESSAGE
  2025-12-31T21:59:56.900Z  request   aborted  0 B (0 paths)       0     0.4   3.1      a realisation [31m did not end. Nothing was collected; the next run tries again.
  2025-12-30T23:00:00.000Z  maxBytes  success  1.2 GiB (34 paths)  312   0.4   3.1
`);
  });

  it('shows one that is suspended and never ran', () => {
    const config = sampleGcConfig({ suspend: true, maxBytes: null, maxFreedPerRun: 5_368_709_120, optimise: true });
    expect(collection(sampleGc({ config, nextRunAt: null, runs: [], roots: null, underWay: 'reading the links' })))
      .toBe(`
Collection:
  Schedule:           0 4 * * * (Europe/Berlin)
  Retain:             7d
  Grace:              1d
  Max bytes:          no bound
  Max freed per run:  5.0 GiB
  Optimise:           yes
  Deadline:           30m
  Next run:           suspended
  Under way:          reading the links

Roots: not known before the first run

Last runs: none
`);
  });

  it('does without a spec, without roots and without a next time, and shows ten runs', () => {
    expect(collection(null)).toBe('\nCollection: none, for no spec names the cache\n');
    const text = collection(
      sampleGc({
        nextRunAt: null,
        roots: sampleRoots({ profile: 0, link: 0, process: 0 }),
        runs: Array.from({ length: 12 }, () => sampleRun()),
      }),
    );
    expect(text).toContain('  Next run:           none\n');
    expect(text).toContain('\nRoots: none\n');
    expect(text.match(/success/g)).toHaveLength(10);
  });
});
