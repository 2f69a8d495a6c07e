import fc from 'fast-check';
import type { DesiredCache } from '../../../controller/model/desired.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { DEFAULT_CACHE_CONFIG } from '../../../controller/source/check/cache-defaults.js';
import { codePoint } from '../../support/code-point.js';

const PIECES = [
  '|',
  '¦',
  '`',
  '``',
  '`'.repeat(12),
  '\n',
  '\r\n',
  '<br>',
  '</details>',
  '<!-- kalpana-plan -->',
  '@all',
  '/merge',
  '# x',
  '\\',
  '\\|',
  ' ',
  ',',
  ' -> ',
  '...',
  '\u202e',
  '\u0007',
  '\ud83d',
  '\ud83d\ude00',
  'none',
  '"',
  'a',
  'a'.repeat(70),
  'é',
];

/** What an author may hope to break a table or a line with. */
export const hostile: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ unit: codePoint, maxLength: 5 })), {
    maxLength: 8,
  })
  .map((pieces) => pieces.join(''));

/** Two of these often begin alike. */
const word = fc.oneof(
  hostile,
  fc.constantFrom('a', 'b', `${'x'.repeat(200)}1`, `${'x'.repeat(200)}2`, `${'x'.repeat(200)}1${'y'.repeat(200)}`),
);
const words = (minLength: number): fc.Arbitrary<string[]> => fc.array(word, { minLength, maxLength: 6 });
const distinct = <T>(item: fc.Arbitrary<T>, key: (one: T) => unknown): fc.Arbitrary<T[]> =>
  fc.uniqueArray(item, { selector: key, maxLength: 4 });

const env = fc.oneof(
  fc.record({ name: word, value: word }),
  fc.record({ name: word, valueFrom: fc.record({ secretFile: word }) }),
);
const port = fc.record(
  {
    containerPort: fc.integer({ min: 1, max: 3 }),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    hostIP: fc.constantFrom('127.0.0.1', '0.0.0.0', '::'),
    hostPort: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  },
  { requiredKeys: ['containerPort'] },
);
const path = fc.oneof(
  word.map((name) => `/${name}`),
  fc.constantFrom('/x', '/y'),
);
const mount = fc.record({ type: fc.constant('bind' as const), source: path, target: path, readOnly: fc.boolean() });
const shared = fc.record({
  name: fc.constantFrom('a', 'b'),
  mountPath: fc.constantFrom('/a', '/shared'),
  readOnly: fc.boolean(),
});
const duration = fc.constantFrom('1s', '2s');

export const specArbitrary: fc.Arbitrary<WorkspaceSpec> = fc.record(
  {
    image: word,
    imagePullPolicy: fc.constantFrom('Always', 'IfNotPresent', 'Never'),
    command: words(1),
    state: fc.constantFrom('Running', 'Stopped'),
    cache: fc.oneof(fc.constant(false as const), fc.constantFrom('default', 'team', 'none')),
    packages: words(0),
    env: distinct(env, ({ name }) => name),
    ports: distinct(port, ({ containerPort, protocol }) => `${containerPort}/${protocol ?? 'tcp'}`),
    resources: fc.record(
      {
        cpus: fc.constantFrom(0.5, 1),
        memory: fc.constantFrom('1Gi', '2Gi'),
        pids: fc.constantFrom(5, 6),
        shm: fc.constantFrom('64Mi', '65Mi'),
      },
      { requiredKeys: [] },
    ),
    storage: fc.record(
      { mountPath: path, reclaimPolicy: fc.constantFrom('Retain' as const, 'Delete' as const) },
      { requiredKeys: [] },
    ),
    mounts: distinct(mount, ({ target }) => target),
    sharedVolumes: distinct(shared, ({ mountPath }) => mountPath),
    healthcheck: fc.record(
      { test: words(1), interval: duration, timeout: duration, startPeriod: duration, retries: fc.constantFrom(1, 2) },
      { requiredKeys: ['test'] },
    ),
    restartPolicy: fc.constantFrom('no', 'on-failure', 'always', 'unless-stopped'),
  },
  { requiredKeys: ['image'] },
) as fc.Arbitrary<WorkspaceSpec>;

/** No two mounts at one place, as specs are admitted. */
export function admitted(spec: WorkspaceSpec): WorkspaceSpec {
  return {
    ...spec,
    mounts: (spec.mounts ?? []).filter(
      ({ target }) => !(spec.sharedVolumes ?? []).some(({ mountPath }) => mountPath === target),
    ),
  };
}

export const cacheArbitrary: fc.Arbitrary<Partial<DesiredCache['config']>> = fc.record(
  {
    image: word,
    nixpkgs: word,
    substituters: words(0),
    trustedPublicKeys: words(0),
    requireSignatures: fc.boolean(),
    sandbox: fc.boolean(),
    trustedImages: words(0),
    network: word,
    mounts: distinct(mount, ({ target }) => target),
    prewarm: words(0),
    gc: fc
      .record({ suspend: fc.boolean(), maxBytes: fc.constantFrom(null, 1) })
      .map((gc) => ({ ...DEFAULT_CACHE_CONFIG.gc, ...gc })),
  },
  { requiredKeys: [] },
);

type Step = 'keep' | 'take' | 'reverse' | 'touch';

/** Two that differ in some fields only, as those of two commits do. */
export function pairOf<T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<[T, T]> {
  const step = fc.constantFrom<Step[]>('keep', 'keep', 'take', 'reverse', 'touch');
  return fc
    .tuple(arbitrary, arbitrary, fc.array(step, { minLength: 20, maxLength: 20 }))
    .map(([before, other, steps]) => {
      const fields = Object.keys({ ...before, ...other }) as (keyof T)[];
      const changes = fields.map(
        (field, index) => [field, changed(before[field], other[field], steps[index] ?? 'keep')] as const,
      );
      return [
        before,
        { ...before, ...(Object.fromEntries(changes.filter(([, value]) => value !== undefined)) as Partial<T>) },
      ];
    });
}

/** Another's value; a list in another order, or with one thing about its items changed. */
function changed(before: unknown, other: unknown, step: Step): unknown {
  if (step === 'take') return other ?? before;
  if (step === 'keep' || !Array.isArray(before)) return before;
  return step === 'reverse' ? [...(before as unknown[])].reverse() : before.map(touched);
}

function touched(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  if ('target' in item) return { ...item, readOnly: !('readOnly' in item && item.readOnly === true) };
  return 'containerPort' in item ? { ...item, hostPort: 'hostPort' in item && item.hostPort === 1 ? 2 : 1 } : item;
}
