import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleController } from '../../../controller/app/assembly.js';
import type { ControllerListener } from '../../../controller/reconcile/interfaces.js';
import type { DriftField } from '../../../controller/plan/types.js';
import { createStatusStore, type StatusStore } from '../../../controller/status/store.js';
import {
  createFakeEngine,
  type EngineCall,
  type FakeEngine,
  type FakeEngineOptions,
  type Fault,
} from '../engine/fake-engine.js';
import { createSimClock, type SimClock } from './clock.js';
import { createInvariants } from './invariants.js';
import { createRandom } from './random.js';
import { createSimSpecs, type SimSpecs } from './specs.js';

export interface SimulationOptions extends Partial<Pick<FakeEngineOptions, 'latencyMs' | 'isEventLost' | 'exec'>> {
  readonly seed?: number;
  readonly concurrency?: number;
  readonly resyncMs?: number;
  readonly allowPrune?: boolean;
  readonly checked?: boolean;
  /** Images of which an earlier run knew that they bring no Nix store: no probe is made of them. */
  readonly plainImages?: readonly string[];
  readonly listener?: Partial<ControllerListener>;
}

/** A controller on a fake engine in virtual time, that can die and be born again at any call. */
export interface Simulation {
  readonly clock: SimClock;
  readonly engine: FakeEngine;
  readonly specs: SimSpecs;
  /** Of the controller that lives now. */
  readonly status: () => StatusStore;
  readonly controller: () => ReturnType<typeof assembleController>;
  readonly violations: readonly string[];
  readonly faults: readonly unknown[];
  readonly drifts: readonly { readonly workspace: string; readonly field: DriftField }[];
  /** Decides what goes wrong with each call, until it is set anew. */
  setFault(fault: (call: EngineCall) => Fault): void;
  start(): void;
  /** As SIGKILL: nothing of it goes on. */
  crash(): void;
  crashes(): number;
  /** Until the controller is idle and the engine has been quiet for `quietMs`. */
  settle(maxMs?: number, quietMs?: number): Promise<void>;
  dispose(): void;
}

export const SIM_INSTANCE = 'default';
export const SIM_RESYNC_MS = 30_000;
const REBIRTH_MS = 1_000;

export function createSimulation(options: SimulationOptions = {}): Simulation {
  const { latencyMs, isEventLost, exec, listener = {}, checked = true } = options;
  const clock = createSimClock();
  const engine = createFakeEngine({
    clock,
    ...(latencyMs && { latencyMs }),
    ...(isEventLost && { isEventLost }),
    ...(exec && { exec }),
  });
  const specs = createSimSpecs();
  const stateDir = mkdtempSync(join(tmpdir(), 'kalpana-sim-'));
  writeFileSync(
    join(stateDir, 'images.json'),
    JSON.stringify((options.plainImages ?? []).map((image) => [`sha256:${image}`, false])),
  );
  const invariants = createInvariants(engine, specs, SIM_INSTANCE, clock.now);
  const faults: unknown[] = [];
  const drifts: { workspace: string; field: DriftField }[] = [];
  const random = createRandom(options.seed ?? 1);
  let fault: (call: EngineCall) => Fault = () => 'none';
  let life: { kill(): void } | null = null;
  let crashes = 0;
  let status = createStatusStore({ now: clock.now });
  let controller: ReturnType<typeof assembleController>;

  function look(call: EngineCall): Fault {
    if (checked) invariants.onIssue(call);
    return fault(call);
  }

  function crash(): void {
    crashes += 1;
    life?.kill();
    life = null;
    clock.after(REBIRTH_MS, start);
  }

  function start(): void {
    if (life !== null) return;
    const lease = clock.lease();
    let alive = true;
    const connection = engine.connect({
      fault: look,
      onCrash: crash,
      ...(checked && { onEffect: invariants.onEffect }),
    });
    const store = createStatusStore({ now: clock.now });
    const born = assembleController({
      docker: connection.port,
      sources: whileAlive(specs.source(), () => alive),
      instance: SIM_INSTANCE,
      stateDir,
      concurrency: options.concurrency ?? 4,
      resyncMs: options.resyncMs ?? SIM_RESYNC_MS,
      allowPrune: options.allowPrune ?? false,
      once: false,
      clock: lease.clock,
      random,
      listener: {
        ...quietListener,
        report: (report) => store.report(report),
        held: (names) => store.setHeld(names),
        drift: (workspace, field) => void drifts.push({ workspace, field }),
        fault: (_key, thrown) => void faults.push(thrown),
        ...listener,
      },
      onOperation: () => {},
      onPullProgress: () => {},
      onStateError: (error) => void faults.push(error),
    });
    status = store;
    controller = born;
    life = {
      kill() {
        alive = false;
        connection.cut();
        lease.revoke();
      },
    };
    born.start();
  }

  return {
    clock,
    engine,
    specs,
    status: () => status,
    controller: () => controller,
    violations: invariants.violations,
    faults,
    drifts,
    setFault: (decide) => void (fault = decide),
    start,
    crash,
    crashes: () => crashes,
    async settle(maxMs = 600_000, quietMs = 8_000) {
      const endMs = clock.now() + maxMs;
      let quietSince = clock.now();
      while (clock.now() < endMs && clock.now() - quietSince < quietMs) {
        const before = engine.calls.length;
        await clock.run(500);
        if (engine.calls.length > before || life === null || !controller.idle()) quietSince = clock.now();
      }
    },
    dispose() {
      life?.kill();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** A dead controller's files of the state directory are as it left them. */
function whileAlive(source: ReturnType<SimSpecs['source']>, isAlive: () => boolean): ReturnType<SimSpecs['source']> {
  return {
    scan: (signal) => (isAlive() ? source.scan(signal) : new Promise(() => {})),
    watch: (onHint) => source.watch(() => isAlive() && onHint()),
    forget: (name) => (isAlive() ? source.forget(name) : undefined),
  };
}

const quietListener: ControllerListener = {
  report: () => {},
  reconciled: () => {},
  engineUp: () => {},
  eventStream: () => {},
  scanned: () => {},
  held: () => {},
  revised: () => {},
  drift: () => {},
  missedEvent: () => {},
  cacheEvent: () => {},
  queueChanged: () => {},
  queueWaited: () => {},
  retried: () => {},
  fault: () => {},
};
