import { join } from 'node:path';
import { expect } from '@jest/globals';
import { assembleController } from '../../../controller/app/assembly.js';
import { createStateFile } from '../../../controller/state/state-file.js';
import { createDeployments, withDeployments, type Deployments } from '../../../controller/app/deployments.js';
import type { ReconcileRecord } from '../../../controller/reconcile/interfaces.js';
import { systemClock } from '../../../controller/model/clock.js';
import type { CommitState, DeploymentEvent } from '../../../controller/model/git.js';
import { createReporting } from '../../../controller/app/reporting.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { createLogger } from '../../../controller/telemetry/logger.js';
import { createMetrics } from '../../../controller/telemetry/metrics.js';
import { eventually } from '../e2e/eventually.js';
import { createFakeEngine, type Verb } from '../engine/fake-engine.js';
import { workspaceText, type Change } from './repository.js';
import { createGitTestSite } from './site.js';

/** All that happened in the time of one commit. */
export interface Upshot {
  readonly revision: string;
  readonly reconciles: readonly ReconcileRecord[];
  /** Keys that a worker took up; each leaves a record. */
  readonly taken: number;
  /** The calls to the engine. */
  readonly verbs: readonly Verb[];
  readonly states: readonly CommitState[];
}

/** No resync within a test: what is reconciled was so for a commit or an event. */
const NEVER_MS = 24 * 3_600_000;
const IMAGES = ['debian:12', 'debian:13'];
/** Of a busy machine. */
const WITHIN = { withinMs: 50_000 };

export const fleetText = (name: string, spec: object = {}) => workspaceText(name, { cache: false, ...spec });

/** The controller on a repository of `names` and a fake engine; git is a real process, so time is real. */
export function createFleet(names: readonly string[]) {
  const site = createGitTestSite();
  const engine = createFakeEngine({ clock: systemClock });
  for (const image of IMAGES) engine.state.images.add(image);
  const store = createStatusStore({ now: systemClock.now });
  const metrics = createMetrics({ version: 'test', operations: [], driftFields: [] });
  const log = createLogger({ level: 'error', pretty: false, color: false });
  const told: DeploymentEvent[] = [];
  const states: CommitState[] = [];
  const reconciles: ReconcileRecord[] = [];
  const faults: unknown[] = [];
  let taken = 0;

  site.repository.commit(Object.fromEntries(names.map((name) => [`${name}.json`, fleetText(name)])));
  const also: Deployments['git'] = {
    onFetch: (facts) => deployments.git.onFetch(facts),
    onCommit: (facts) => deployments.git.onCommit(facts),
  };
  const { source } = site.open({ watched: true }, { also });
  const sources = site.desired([{ source }]);
  const deployments = createDeployments({
    store,
    metrics,
    log,
    clock: systemClock,
    reported: createStateFile(join(site.root, 'state/deployments.json'), (error) => void faults.push(error)),
    appliedOf: () => source.git().applied,
    notify: (event) => void told.push(event),
    showState: (_source, state) => void states.push(state),
  });
  const { listener, onOperation } = createReporting({
    store,
    metrics,
    log,
    sources: () => sources.sources(),
    onEngine: () => undefined,
    onRealising: () => undefined,
  });
  const controller = assembleController({
    docker: engine.connect().port,
    sources,
    instance: 'test',
    stateDir: join(site.root, 'state'),
    concurrency: 16,
    resyncMs: NEVER_MS,
    allowPrune: false,
    once: false,
    clock: systemClock,
    random: () => 0.5,
    listener: {
      ...withDeployments(listener, deployments.listener),
      queueWaited(seconds) {
        listener.queueWaited(seconds);
        taken += 1;
      },
      reconciled(record) {
        listener.reconciled(record);
        reconciles.push(record);
      },
      fault: (_key, fault) => void faults.push(fault),
    },
    onOperation,
    onPullProgress: () => undefined,
    onStateError: (error) => void faults.push(error),
  });

  /** The outside has heard what became of the commit, and nothing is under way any more. */
  async function ended(revision: string): Promise<void> {
    await eventually(() => {
      expect(told.map((event) => (event.type === 'drift-repaired' ? null : event.commit?.revision))).toContain(
        revision,
      );
      expect(controller.idle() && sources.isSettled()).toBe(true);
    }, WITHIN);
    expect(faults).toEqual([]);
  }

  return {
    engine,
    store,
    told,
    reconciles,
    applied: () => source.git().applied?.revision ?? null,
    /** The revisions that the workspaces have converged to. */
    revisions: () => [...new Set(store.list().map(({ revision }) => revision))],
    async start(): Promise<void> {
      source.start();
      controller.start();
      await ended(site.repository.head() ?? '');
    },
    /** Commits, and waits for the end of it. */
    async commit(changes: Readonly<Record<string, Change>>): Promise<Upshot> {
      const before = { reconciles: reconciles.length, calls: engine.calls.length, states: states.length, taken };
      const revision = site.repository.commit(changes);
      await ended(revision);
      return {
        revision,
        reconciles: reconciles.slice(before.reconciles),
        taken: taken - before.taken,
        verbs: engine.calls.slice(before.calls).map(({ verb }) => verb),
        states: states.slice(before.states),
      };
    },
    async close(): Promise<void> {
      await controller.stop(1_000);
      await site.close();
    },
  };
}
