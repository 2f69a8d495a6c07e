import { describe, expect, it } from '@jest/globals';
import { createProgress } from '../../../controller/cli/text/progress.js';
import { renderTable } from '../../../controller/cli/text/table.js';
import { tryNextText } from '../../../controller/cli/text/try-next.js';
import { formatAge, portsText, workspaceTable } from '../../../controller/cli/text/workspace-table.js';
import { describeWorkspaceText } from '../../../controller/cli/text/describe-text.js';
import type { WorkspaceStatus } from '../../../controller/model/status.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { failing, sampleProblem, sampleReport, sampleStatus, START } from '../status/samples.js';
import { captureIo } from './harness.js';

const alice = sampleStatus();
const bob = sampleStatus(
  sampleReport(failing('ImagePullFailed', false, 'manifest unknown'), { name: 'bob', container: null }),
);
const PLAIN = { columns: null, color: false };

describe('renderTable', () => {
  const rows = [
    ['A', 'LAST'],
    ['long cell', 'short'],
    ['x', 'a rather long last cell'],
  ];

  it('aligns, without trailing white space', () => {
    expect(renderTable(rows, PLAIN)).toBe('A          LAST\nlong cell  short\nx          a rather long last cell\n');
    expect(
      renderTable(
        [
          ['A', ''],
          ['b', ''],
        ],
        PLAIN,
      ),
    ).toBe('A\nb\n');
  });

  it('cuts the last column to the width, never below eight characters', () => {
    expect(renderTable(rows, { columns: 20, color: false })).toBe(
      'A          LAST\nlong cell  short\nx          a rather…\n',
    );
    expect(renderTable(rows, { columns: 5, color: false })).toContain('a rathe…');
  });

  it('takes control characters out: a registry cannot paint the terminal', () => {
    expect(renderTable([['a\u001b[31m\nb\u009b', 'c']], PLAIN)).toBe('a [31m b   c\n');
  });

  it('aligns the same with colour', () => {
    const painted = renderTable(
      [
        [{ text: 'Ready', tone: 'good' }, 'x'],
        ['A', 'y'],
      ],
      { columns: null, color: true },
    );
    expect(painted).toBe('\u001b[32mReady\u001b[0m  x\nA      y\n');
  });
});

describe('workspaceTable', () => {
  it('shows what runs, and why not', () => {
    expect(workspaceTable([alice, bob], { ...PLAIN, now: START })).toBe(
      [
        'NAME   PHASE    READY  IMAGE      PORTS                      AGE  MESSAGE',
        'alice  Ready    True   debian:13  127.0.0.1:20123->8080/tcp  5m',
        'bob    Waiting  False  -          -                          -    manifest unknown. Check the image name, the registry and its credentials; the pull is tried again.',
        '',
      ].join('\n'),
    );
  });

  it('shows the problem of a newer spec beside a Ready workspace', () => {
    const { spec } = sampleReport({ kind: 'ready' });
    const status = sampleStatus(
      sampleReport({ kind: 'ready' }, { spec: { ...spec!, problem: sampleProblem('alice') } }),
    );
    expect(workspaceTable([status], { ...PLAIN, now: START })).toContain('specs/alice.json:3:7: unknown field');
  });

  it('has a word for none', () => {
    expect(workspaceTable([], { ...PLAIN, now: START })).toBe('No workspaces.\n');
  });

  it('writes ports, IPv6 in brackets', () => {
    expect(
      portsText([
        { containerPort: 80, protocol: 'tcp', hostIP: '::1', hostPort: 20000 },
        { containerPort: 53, protocol: 'udp', hostIP: '127.0.0.1', hostPort: 20001 },
      ]),
    ).toBe('[::1]:20000->80/tcp,127.0.0.1:20001->53/udp');
  });

  it.each([
    [-5_000, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
  ])('age %d ms: %s', (ms, text) => expect(formatAge(ms)).toBe(text));
});

describe('describeWorkspaceText', () => {
  it('shows facts, conditions and recent events', () => {
    const store = createStatusStore({ now: () => START });
    store.report(sampleReport({ kind: 'ready' }));
    store.record({ type: 'Warning', workspace: 'alice', reason: 'Drift', message: 'the container was killed' });
    store.record({ type: 'Warning', workspace: 'alice', reason: 'Drift', message: 'the container was killed' });
    expect(describeWorkspaceText(alice, store.events({ workspace: 'alice' }), START + 60_000)).toBe(`\
Name:       alice
Phase:      Ready
Spec:       specs/alice.json:1:1
Spec hash:  v1:aa
Container:  0123456789ab
Image:      debian:13
State:      running
Ports:      127.0.0.1:20123->8080/tcp
Started:    2025-12-31T23:55:00.000Z (6m ago)
Cache:      none

Conditions:
  TYPE            STATUS  REASON   SINCE  MESSAGE
  SpecValid       True    Valid    60s
  ContainerReady  True    Running  60s
  Ready           True    Ready    60s

Events:
  TYPE     REASON  AGE  MESSAGE
  Normal   Ready   60s  Pending -> Ready
  Warning  Drift   60s  the container was killed (2 times)
`);
  });

  it('does without a container and without events', () => {
    const text = describeWorkspaceText(bob, [], START);
    expect(text).toContain('Container:  none\nCache:      none\n\nConditions:');
    expect(text.endsWith('\nEvents: none\n')).toBe(true);
  });
});

describe('tryNextText', () => {
  it('gives lines to paste', () => {
    expect(
      tryNextText([bob, alice], {
        specs: ['my specs', 'b'],
        git: [],
        secretsDir: 'keys',
        ageIdentityFile: 'id',
        stateDir: '.kalpana',
        address: '0.0.0.0:9464',
        dockerHost: 'unix:///run/k.sock',
      }),
    ).toBe(`\
What to try next:
  edit specs/alice.json and save it: the change is live seconds later
  DOCKER_HOST=unix:///run/k.sock docker rm -f workspace-alice    # and see it return
  DOCKER_HOST=unix:///run/k.sock npx kalpana plan --specs 'my specs' --specs b --secrets-dir keys --age-identity-file id --state-dir .kalpana
  npx kalpana get workspaces --state-dir .kalpana
  curl http://127.0.0.1:20123/    # port 8080 of alice
  curl http://127.0.0.1:9464/metrics
`);
  });

  describe('a package to add', () => {
    const plain = {
      specs: ['a'],
      git: [],
      secretsDir: null,
      ageIdentityFile: null,
      stateDir: 's',
      address: null,
      dockerHost: null,
    };
    const withPackages = (name: string, packages: readonly string[], cache = 'default'): WorkspaceStatus => ({
      ...alice,
      name,
      cache: { name: cache, packages, profile: 'ready', progress: null, lastUse: null },
    });
    const linesOf = (...statuses: WorkspaceStatus[]) =>
      tryNextText(statuses, plain)
        .split('\n')
        .filter((line) => line.includes('"packages"') || line.includes('cache status'));

    it('is one that another workspace of the cache has', () => {
      expect(linesOf(withPackages('alice', ['jq']), withPackages('bob', ['jq', 'tree']))).toEqual([
        '  add "tree" to "packages" in specs/alice.json and save it: it is on PATH in workspace-alice a moment later, without a restart',
        '  npx kalpana cache status --state-dir s',
      ]);
    });

    it.each([
      ['nobody else has one', [withPackages('alice', ['jq'])]],
      ['only one of another cache has one', [withPackages('alice', ['jq']), withPackages('bob', ['tree'], 'team')]],
    ])('has no name where %s', (_, statuses) => {
      expect(linesOf(...statuses)[0]).toContain('add a package to "packages" in specs/alice.json');
    });

    it.each([
      ['no packages are declared', withPackages('alice', [])],
      [
        'the specs are in git',
        { ...withPackages('alice', ['jq']), location: { ...alice.location!, source: 'git:specs' } },
      ],
      ['it is not Ready', { ...withPackages('alice', ['jq']), phase: 'Stalled' as const }],
    ])('is not offered where %s', (_, status) => {
      expect(linesOf(status).filter((line) => line.includes('"packages"'))).toEqual([]);
    });
  });

  it('leaves out what there is not', () => {
    expect(
      tryNextText([bob], {
        specs: ['a'],
        git: [],
        secretsDir: null,
        ageIdentityFile: null,
        stateDir: '.kalpana',
        address: null,
        dockerHost: null,
      }),
    ).toBe(
      'What to try next:\n  npx kalpana plan --specs a --state-dir .kalpana\n  npx kalpana get workspaces --state-dir .kalpana\n',
    );
  });
});

describe('createProgress', () => {
  const tryNext = {
    specs: ['a'],
    git: [],
    secretsDir: null,
    ageIdentityFile: null,
    stateDir: '.kalpana',
    address: null,
    dockerHost: null,
  };
  const without = (status: WorkspaceStatus) => ({ name: status.name, before: null, after: status });

  it('tells each change of phase at a terminal', () => {
    const { io, written } = captureIo({ columns: 80 });
    const progress = createProgress(io);
    progress.changed(without(alice));
    progress.changed({ name: 'alice', before: alice, after: { ...alice, specHash: 'v1:bb' } });
    progress.changed({ name: 'alice', before: alice, after: { ...bob, name: 'alice' } });
    progress.changed({ name: 'alice', before: alice, after: null });
    expect(written.out).toBe(
      'alice  Pending → Ready\n' +
        'alice  Ready → Waiting  manifest unknown. Check the image name, the registry and its credentials; the pull is tried again.\n' +
        'alice  removed\n',
    );
  });

  it('tells of a pull at most every two seconds for each image', () => {
    let now = START;
    const { io, written } = captureIo({ columns: 80, now: () => now });
    const progress = createProgress(io);
    for (let second = 0; second < 4; second += 1) {
      progress.pulled({
        image: 'debian:13',
        status: 'Downloading',
        currentBytes: second * 2 ** 20,
        totalBytes: 40 * 2 ** 20,
      });
      progress.pulled({ image: 'alpine', status: 'Extracting', currentBytes: 0, totalBytes: 0 });
      now += 1_000;
    }
    expect(written.out).toBe(
      'image debian:13  Downloading  0 B of 40.0 MiB\nimage alpine  Extracting\nimage debian:13  Downloading  2.0 MiB of 40.0 MiB\nimage alpine  Extracting\n',
    );
  });

  it('ends with the table and what to try next, once', () => {
    const { io, written } = captureIo({ columns: 80 });
    const progress = createProgress(io);
    progress.settled([alice], [], tryNext);
    const first = written.out;
    progress.settled([alice], [], tryNext);
    expect(first).toMatch(/^\nNAME [^]*\n\nWhat to try next:\n/);
    expect(written.out).toBe(first);
  });

  it('prints the table alone where stdout is no terminal', () => {
    const { io, written } = captureIo();
    const progress = createProgress(io);
    progress.changed(without(alice));
    progress.pulled({ image: 'debian:13', status: 'Downloading', currentBytes: 0, totalBytes: 0 });
    progress.settled([alice], [], tryNext);
    expect(written.out).toBe(workspaceTable([alice], { ...PLAIN, now: START }));
  });
});
