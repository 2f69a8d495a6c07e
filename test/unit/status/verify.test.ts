import { describe, expect, it } from '@jest/globals';
import type { StoreDamage, VerifyRun } from '../../../controller/model/verify-status.js';
import { damageText } from '../../../controller/model/verify-text.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { verifyEvent } from '../../../controller/status/verify-event.js';
import { sampleCacheReport, sampleCacheStatus, START } from './samples.js';
import { HELLO, JQ, NO_PATHS, paths, sampleVerification, sampleVerify, verifiedReport } from './verify-samples.js';

const DISK = 'Check the disk, and who else writes the volume.';
const aborted = sampleVerification({
  result: 'aborted',
  failure: { reason: 'VerifyEnded', message: 'the verification of the cache default gave way to other work' },
});

describe('the words for damage', () => {
  it.each<[string, StoreDamage, string | null]>([
    ['none', { damaged: NO_PATHS, lost: NO_PATHS }, null],
    [
      'one path',
      { damaged: paths(HELLO), lost: NO_PATHS },
      `1 path of the store is not as registered, such as ${HELLO}: ` +
        `kalpana cache verify team --repair fetches or builds it once more. ${DISK}`,
    ],
    [
      'several, of which one is lost',
      { damaged: paths(HELLO, JQ), lost: paths(JQ) },
      `2 paths of the store are not as registered, such as ${HELLO}; 1 could not be had again: ` +
        `kalpana cache verify team --repair fetches or builds them once more. ${DISK}`,
    ],
    [
      'what cannot be had again',
      { damaged: paths(HELLO), lost: paths(HELLO) },
      `1 path of the store is not as registered, such as ${HELLO}, and could not be had again: ` +
        `kalpana cache clear team --force makes the store anew. ${DISK}`,
    ],
  ])('%s', (_what, damage, words) => {
    expect(damageText('team', damage)).toBe(words);
  });
});

describe('StoreIntact', () => {
  const found = (report = sampleCacheReport()) => {
    const { phase, conditions } = sampleCacheStatus(report);
    const { status, reason, message } = conditions.find(({ type }) => type === 'StoreIntact')!;
    return [phase, `${status} ${reason}`, message];
  };

  it.each<[string, Parameters<typeof found>[0], string, string]>([
    ['before the first look', verifiedReport(sampleVerify({ runs: [] })), 'Unknown NotKnown', 'Nobody has looked yet'],
    ['after one that was aborted', verifiedReport(sampleVerify({ runs: [aborted] })), 'Unknown NotKnown', 'Nobody'],
    [
      'after one that found nothing',
      verifiedReport(sampleVerify({ runs: [aborted, sampleVerification()] })),
      'True Intact',
      '16 of 312 paths (80.0 MiB) verified at 2025-12-31T22:59:50.500Z.',
    ],
    [
      'of damage that an earlier run found, which says what to do',
      verifiedReport(sampleVerify({ damaged: paths(HELLO) })),
      'False StoreDamaged',
      `such as ${HELLO}: kalpana cache verify default --repair`,
    ],
  ])('%s', (_what, report, words, message) => {
    // The cache goes on in any case.
    expect(found(report)).toEqual(['Ready', words, expect.stringContaining(message)]);
  });

  it('is told once as an event, and once when it is over', () => {
    const store = createStatusStore({ now: () => START });
    for (const storeBytes of [1, 2])
      store.reportCache(verifiedReport(sampleVerify({ damaged: paths(HELLO) }), { storeBytes }));
    store.reportCache(verifiedReport(sampleVerify()));
    const events = store.events({ cache: 'default' }).filter(({ reason }) => reason !== 'Ready');
    expect(events.map(({ count, type, reason }) => `${count} ${type} ${reason}`).sort()).toEqual([
      '1 Normal Intact',
      '1 Warning StoreDamaged',
    ]);
  });
});

describe('the event of a verification', () => {
  it.each<[string, VerifyRun, string | null]>([
    ['by schedule that found nothing', sampleVerification(), null],
    [
      'that a person asked for',
      sampleVerification({ trigger: 'request' }),
      'Normal Verified: whole: 16 of 312 paths (80.0 MiB)',
    ],
    ['that found damage, which the condition tells', sampleVerification({ result: 'damaged' }), null],
    [
      'that mended',
      sampleVerification({ trigger: 'request', mended: paths(HELLO, JQ) }),
      `Normal Mended: 2 paths, such as ${HELLO}`,
    ],
    [
      'that gave way',
      aborted,
      'Warning VerifyEnded: the verification of the cache default gave way to other work. What was not looked at is ' +
        'left to the next run; kalpana cache verify NAME looks at everything.',
    ],
  ])('%s', (_what, run, words) => {
    const event = verifyEvent('default', run);
    expect(event === null ? null : `${event.type} ${event.reason}: ${event.message}`).toBe(words);
  });
});
