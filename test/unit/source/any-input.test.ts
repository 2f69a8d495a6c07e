import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { interpret } from '../../../controller/source/check/interpret.js';
import { loadSchemas } from '../../../controller/source/check/schema.js';
import { cases } from '../../support/cases.js';
import { codePoint } from '../../support/code-point.js';
import { cache, workspace } from './fixture.js';

const schemas = loadSchemas();
const look = (bytes: Uint8Array) => interpret(schemas, bytes, { source: 's', file: 'f' }, () => Promise.resolve());
const good = JSON.stringify(
  workspace('alice', {
    env: [{ name: 'A', value: 'x' }],
    ports: [{ containerPort: 1 }],
    resources: { memory: '1Gi' },
    cache: 'default',
    packages: ['git'],
    healthcheck: { test: ['CMD', 'x'], interval: '1s' },
    mounts: [{ type: 'bind', source: '/a', target: '/b' }],
  }),
  null,
  1,
);
const goodCache = JSON.stringify(
  cache('lab', {
    image: 'x',
    nixpkgs: '/mnt/x',
    substituters: ['https://a'],
    trustedPublicKeys: [],
    requireSignatures: false,
    sandbox: true,
    trustedImages: ['a/*'],
    network: 'none',
    mounts: [{ type: 'bind', source: '/a', target: '/mnt' }],
    prewarm: ['git'],
    gc: {
      schedule: '0 4 * * *',
      timeZone: 'Europe/Berlin',
      retain: '7d',
      maxBytes: '20Gi',
      maxFreedPerRun: '5Gi',
      optimise: true,
      deadline: '30m',
      suspend: true,
    },
  }),
);
const seed = 20240601;

/** Whatever the bytes: either it defines something, or it says in one line each what is wrong, where. */
async function expectAnswer(bytes: Uint8Array): Promise<void> {
  const file = await look(bytes);
  expect(file.definitions.length + file.refusals.length).toBeGreaterThan(0);
  expect(file.problems.length > 0).toBe(file.refusals.length > 0);
  expect(file.problems.length).toBeLessThanOrEqual(20);
  for (const { message, location } of file.problems) {
    expect(message).toMatch(/^[\x20-\x7e\u00a0-\uffff]+$/);
    expect(message.length).toBeLessThan(600);
    expect(Math.min(location.line, location.column)).toBeGreaterThanOrEqual(1);
  }
}

describe('any input', () => {
  it('of random bytes gets an answer', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => expectAnswer(bytes)),
      { seed, numRuns: cases(150, 3_000) },
    ));

  it('of random JSON gets an answer', () =>
    fc.assert(
      fc.asyncProperty(fc.json(), (text) => expectAnswer(Buffer.from(text))),
      { seed, numRuns: cases(150, 3_000) },
    ));

  it('of a spec with a piece replaced gets an answer', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(good.length),
        fc.nat(20),
        fc.oneof(fc.string(), fc.constantFrom('{', '}', '[', ']', ',', '"', ':', 'null', '1e999', '\\')),
        (at, length, piece) => expectAnswer(Buffer.from(good.slice(0, at) + piece + good.slice(at + length))),
      ),
      { seed, numRuns: cases(300, 10_000) },
    ));

  it.each([
    ['a workspace', good],
    ['a cache', goodCache],
  ])('of %s with a value replaced gets an answer that is true', (_what, text) => {
    const value = JSON.parse(text) as { spec: Record<string, unknown> };
    const property = fc.asyncProperty(fc.constantFrom(...Object.keys(value.spec)), fc.jsonValue(), (key, replacement) =>
      expectAnswer(Buffer.from(JSON.stringify({ ...value, spec: { ...value.spec, [key]: replacement } }))),
    );
    return fc.assert(property, { seed, numRuns: cases(150, 5_000) });
  });

  it('of a collection with a text replaced gets an answer that is true', () => {
    const value = JSON.parse(goodCache) as { spec: { gc: object } };
    const property = fc.asyncProperty(
      fc.constantFrom(...Object.keys(value.spec.gc)),
      fc.string({ unit: codePoint, maxLength: 40 }),
      (key, replacement) =>
        expectAnswer(
          Buffer.from(
            JSON.stringify({ ...value, spec: { ...value.spec, gc: { ...value.spec.gc, [key]: replacement } } }),
          ),
        ),
    );
    return fc.assert(property, { seed, numRuns: cases(150, 5_000) });
  });
});
