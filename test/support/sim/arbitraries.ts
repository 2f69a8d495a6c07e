import fc from 'fast-check';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { BAD_IMAGES, GOOD_IMAGES, HAND_WORK, NAMES, type Happening } from './history.js';

const name = fc.constantFrom(...NAMES);

export function specArbitrary(images: readonly string[]): fc.Arbitrary<WorkspaceSpec> {
  return fc.record(
    {
      image: fc.constantFrom(...images),
      state: fc.constantFrom('Running' as const, 'Running' as const, 'Stopped' as const),
      env: fc.constantFrom([{ name: 'EDITOR', value: 'vi' }], [{ name: 'EDITOR', value: 'ed' }]),
      resources: fc.constantFrom({ pids: 64 }, { pids: 128, memory: '1Gi' }),
      restartPolicy: fc.constantFrom('no' as const, 'always' as const, 'unless-stopped' as const),
      storage: fc.constantFrom({ reclaimPolicy: 'Retain' as const }, { reclaimPolicy: 'Delete' as const }),
      ports: fc.constantFrom([{ containerPort: 80 }], [{ containerPort: 80, hostPort: 8080 }]),
      healthcheck: fc.constant({ test: ['CMD', 'true'], interval: '1s' }),
    },
    { requiredKeys: ['image'] },
  );
}

const wait = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 50 }) },
    { weight: 2, arbitrary: fc.integer({ min: 100, max: 8_000 }) },
    { weight: 1, arbitrary: fc.constant(61_000) },
  ),
});

function kindOf<K extends Happening['kind']>(kind: K): fc.Arbitrary<K> {
  return fc.constant(kind);
}

/** Anything that can happen to a controller, its sources and its engine. */
export const happeningArbitrary: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: wait },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kindOf('spec'),
      name,
      spec: specArbitrary([...GOOD_IMAGES, ...GOOD_IMAGES, ...BAD_IMAGES]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('unspec'), name }) },
  { weight: 8, arbitrary: fc.record({ kind: kindOf('hand'), name, work: fc.constantFrom(...HAND_WORK) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kindOf('engine'),
      what: fc.constantFrom(
        'away' as const,
        'shutdown' as const,
        'back' as const,
        'back' as const,
        'cut-events' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('source'), readable: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('crash') }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('approve') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kindOf('faults'),
      fault: fc.constantFrom(
        'none' as const,
        'before' as const,
        'refused' as const,
        'lost' as const,
        'timeout-before' as const,
        'timeout-after' as const,
        'crash-after' as const,
      ),
      percent: fc.constantFrom(5, 20),
    }),
  },
);

export const historyArbitrary = fc.array(happeningArbitrary, { minLength: 5, maxLength: 40 });
