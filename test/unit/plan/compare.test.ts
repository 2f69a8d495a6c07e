import { describe, expect, it } from '@jest/globals';
import { compareDesired, isEmpty } from '../../../controller/plan/compare/compare.js';
import { compareText } from '../../../controller/plan/compare/compare-text.js';
import { DEFAULT_CACHE_CONFIG } from '../../../controller/source/check/cache-defaults.js';
import { snapshot, type Specs } from './compare-samples.js';

const KINDS: readonly (readonly [string, Specs, Specs, string])[] = [
  ['added', {}, { alice: {} }, 'alice: create  # image: app:1\n'],
  ['added, stopped', {}, { alice: { state: 'Stopped' } }, 'alice: create, stopped  # image: app:1\n'],
  ['removed', { alice: {} }, {}, 'alice: remove  # its data volume stays\n'],
  [
    'removed with its data',
    { alice: { storage: { reclaimPolicy: 'Delete' } } },
    {},
    'alice: remove  # WARNING: its data volume is removed with all files in it\n',
  ],
  [
    'replaced',
    { alice: { image: 'debian:12' } },
    { alice: { image: 'debian:13', env: [{ name: 'KEY', value: 'hunter2' }] } },
    'alice: replace  # env KEY: added, image: debian:12 -> debian:13\n',
  ],
  [
    'replaced while stopped',
    { alice: { state: 'Stopped' } },
    { alice: { state: 'Stopped', image: 'app:2' } },
    'alice: replace at its next start  # image: app:1 -> app:2\n',
  ],
  [
    'in place',
    { alice: {} },
    { alice: { resources: { pids: 5 }, restartPolicy: 'no' } },
    'alice: update in place  # pids: none -> 5, restartPolicy: unless-stopped -> no\n',
  ],
  [
    'packages',
    { alice: { packages: ['gcc', 'jq'] } },
    { alice: { packages: ['jq', 'tree'] } },
    'alice: packages  # added tree, removed gcc; no restart\n',
  ],
  [
    'packages of one that stops',
    { alice: { packages: ['jq'] } },
    { alice: { state: 'Stopped' } },
    'alice: packages  # removed jq; at its next start\nalice: stop  # state: Running -> Stopped\n',
  ],
  [
    'packages of one that starts',
    { alice: { state: 'Stopped' } },
    { alice: { packages: ['jq'] } },
    'alice: packages  # added jq\nalice: start  # state: Stopped -> Running\n',
  ],
  [
    'packages and the image',
    { alice: {} },
    { alice: { image: 'app:2', packages: ['jq'] } },
    'alice: replace  # image: app:1 -> app:2\nalice: packages  # added jq\n',
  ],
  [
    'packages and limits',
    { alice: {} },
    { alice: { resources: { pids: 5 }, packages: ['jq'] } },
    'alice: update in place  # pids: none -> 5\nalice: packages  # added jq; no restart\n',
  ],
  [
    'limits of a stopped one',
    { alice: { state: 'Stopped' } },
    { alice: { state: 'Stopped', resources: { pids: 5 } } },
    'alice: update in place at its next start  # pids: none -> 5\n',
  ],
  ['stopped', { alice: {} }, { alice: { state: 'Stopped' } }, 'alice: stop  # state: Running -> Stopped\n'],
  ['started', { alice: { state: 'Stopped' } }, { alice: {} }, 'alice: start  # state: Stopped -> Running\n'],
  [
    'policies',
    { alice: {} },
    { alice: { imagePullPolicy: 'Always', storage: { reclaimPolicy: 'Delete' } } },
    'alice: policy  # reclaimPolicy: Retain -> Delete, imagePullPolicy: IfNotPresent -> Always\n',
  ],
  ['renamed', { bob: {} }, { alice: {} }, 'alice: create  # image: app:1\nbob: remove  # its data volume stays\n'],
  [
    'all of two removed',
    { bob: {}, alice: {} },
    {},
    'alice: remove, held  # its data volume stays; held until a person confirms\nbob: remove, held  # its data volume stays; held until a person confirms\n',
  ],
  [
    'text that could forge a line',
    {},
    { alice: { image: 'a\nbob: remove' } },
    'alice: create  # image: a\\u000abob: remove\n',
  ],
];

describe('a comparison of specs', () => {
  it.each(KINDS)('%s', (_kind, before, after, text) => {
    expect(compareText(compareDesired(snapshot(before), snapshot(after)))).toBe(text);
    for (const specs of [before, after]) {
      const same = compareDesired(snapshot(specs), snapshot(specs));
      expect(isEmpty(same)).toBe(true);
      expect(compareText(same)).toBe('Nothing changes.\n');
    }
  });

  const ALICE: Specs = { alice: {} };
  const GOES = 'its volume stays; a keeper made from its file goes once no container mounts that';
  it.each([
    ['added', snapshot({}), snapshot({}, { team: {} }), 'cache team: create\n'],
    [
      'changed',
      snapshot(ALICE, { default: {} }),
      snapshot(ALICE, {
        default: { sandbox: true, prewarm: ['jq'], gc: { ...DEFAULT_CACHE_CONFIG.gc, suspend: true } },
      }),
      'cache default: change  # prewarm: [] -> ["jq"], sandbox: false -> true, gc.suspend: false -> true; used by alice\n',
    ],
    [
      'with other bounds',
      snapshot(ALICE, { default: {} }),
      snapshot(ALICE, {
        default: {
          builds: { timeoutMs: 60_000, maxSilentMs: 3_600_000 },
          resources: { nanoCpus: 0, memoryBytes: 2 ** 30, pids: 1_024 },
        },
      }),
      'cache default: change  # builds.timeoutMs: 21600000 -> 60000, resources.memoryBytes: none -> 1073741824, resources.pids: 16384 -> 1024; used by alice\n',
    ],
    [
      'that gets a file',
      snapshot(ALICE, { default: null }),
      snapshot(ALICE, { default: { sandbox: true } }),
      'cache default: change  # sandbox: false -> true; used by alice\n',
    ],
    [
      'that gets a file with the defaults',
      snapshot(ALICE, { default: null }),
      snapshot(ALICE, { default: {} }),
      'Nothing changes.\n',
    ],
    [
      'whose file goes',
      snapshot(ALICE, { default: { sandbox: true } }),
      snapshot(ALICE, { default: null }),
      'cache default: change  # sandbox: true -> false; its file is removed, and the defaults hold; used by alice\n',
    ],
    [
      'whose file with the defaults goes',
      snapshot(ALICE, { default: {} }),
      snapshot(ALICE, { default: null }),
      'Nothing changes.\n',
    ],
    [
      'whose file goes and that nobody uses',
      snapshot({}, { default: {} }),
      snapshot({}),
      `cache default: remove  # ${GOES}\n`,
    ],
    [
      'without a file that nobody uses any more',
      snapshot({ alice: {} }, { default: null }),
      snapshot({ alice: { cache: false } }),
      'alice: replace  # cache: default -> none\ncache default: no longer used  # its keeper and its volume stay, and nothing collects it\n',
    ],
    [
      'removed, and still used',
      snapshot({ alice: { cache: 'team' } }, { team: {} }),
      snapshot({ alice: { cache: 'team' } }),
      `cache team: remove  # WARNING: workspaces that name it wait: alice; ${GOES}\n`,
    ],
    [
      'with a substituter and a mount more',
      snapshot({}, { team: {} }),
      snapshot(
        {},
        {
          team: {
            substituters: ['https://cache.nixos.org', `https://${'x'.repeat(60)}`],
            mounts: [{ type: 'bind', source: '/', target: '/host', readOnly: false }],
          },
        },
      ),
      `cache team: change  # substituters: added "https://${'x'.repeat(60)}", mount /host: added (/, read-write)\n`,
    ],
  ])('tells of a cache %s', (_what, before, after, text) => {
    expect(compareText(compareDesired(before, after))).toBe(text);
    expect(isEmpty(compareDesired(after, after))).toBe(true);
  });

  it('takes no name for gone that a broken spec claims', () => {
    expect(isEmpty(compareDesired(snapshot({ alice: {} }), { ...snapshot({}), claimed: new Set(['alice']) }))).toBe(
      true,
    );
  });

  it('does not depend on the order of files', () => {
    const specs = { a: { image: 'x:1' }, b: {}, c: {}, d: {}, e: {} };
    const turned = Object.fromEntries(Object.entries(specs).reverse());
    const after = { a: {}, e: {}, f: {} };
    expect(compareDesired(snapshot(specs), snapshot(after))).toEqual(compareDesired(snapshot(turned), snapshot(after)));
  });
});
