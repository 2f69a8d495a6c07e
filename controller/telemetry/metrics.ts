import { collectDefaultMetrics, Registry } from 'prom-client';
import { NOTIFICATION_RESULTS, NOTIFICATION_TARGETS, type Notified } from '../model/notified.js';
import { REASONS, type Reason } from '../model/reasons.js';
import { PHASES, type WorkspaceStatus } from '../model/status.js';
import { createCacheMetrics, type CacheMetrics } from './cache-metrics.js';
import { createFamilies, type Families } from './families.js';
import { createSourceMetrics, type SourceMetrics } from './source-metrics.js';

export const RECONCILE_KINDS = ['workspace', 'shared', 'cache'] as const;
export type ReconcileKind = (typeof RECONCILE_KINDS)[number];

export const RECONCILE_RESULTS = ['success', 'transient', 'waiting', 'stalled'] as const;
export type ReconcileResult = (typeof RECONCILE_RESULTS)[number];

export const OPERATION_RESULTS = ['success', 'failure'] as const;
export type OperationResult = (typeof OPERATION_RESULTS)[number];

export interface MetricsOptions {
  readonly version: string;
  /** The closed sets of labels, preset to 0. */
  readonly operations: readonly string[];
  readonly driftFields: readonly string[];
}

/** The metrics of the controller. All times are in seconds. */
export interface Metrics extends CacheMetrics, SourceMetrics {
  reconciled(facts: { readonly kind: ReconcileKind; readonly result: ReconcileResult; readonly seconds: number }): void;
  reconcileError(facts: { readonly kind: ReconcileKind; readonly reason: Reason }): void;
  operation(facts: { readonly operation: string; readonly result: OperationResult; readonly seconds: number }): void;
  driftDetected(field: string): void;
  missedEvent(): void;
  engineUp(up: boolean): void;
  /** `code` is the HTTP status, or a word such as `timeout` when there was none. */
  engineRequest(facts: { readonly verb: string; readonly code: string; readonly seconds: number }): void;
  queue(facts: { readonly depth: number; readonly active: number }): void;
  queueWaited(seconds: number): void;
  queueRetried(): void;
  /** Updates the metrics of all existing workspaces; the series of others are removed. */
  observeStatus(statuses: readonly WorkspaceStatus[]): void;
  notified(facts: Pick<Notified, 'target' | 'result'>): void;
  removalsHeld(count: number): void;
  /** Renders the text of a scrape. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Creates all metrics in a registry of their own, with the closed label sets preset to 0. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  // These have their own registry: their collect callbacks read /proc, and one that throws must not affect our metrics.
  const processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry });
  const families = createFamilies(registry);
  const caches = createCacheMetrics(families);
  preset(families, options);
  caches.observeCaches([]);

  return {
    reconciled({ kind, result, seconds }) {
      families.reconciles.inc({ kind, result });
      families.reconcileSeconds.observe({ kind }, seconds);
    },
    reconcileError: (labels) => families.reconcileErrors.inc(labels),
    operation({ operation, result, seconds }) {
      families.operations.inc({ operation, result });
      families.operationSeconds.observe({ operation }, seconds);
    },
    driftDetected: (field) => families.drift.inc({ field }),
    missedEvent: () => families.missedEvents.inc(),
    engineUp: (up) => families.engineUp.set(up ? 1 : 0),
    engineRequest: ({ verb, code, seconds }) => families.engineSeconds.observe({ verb, code }, seconds),
    queue({ depth, active }) {
      families.queueDepth.set(depth);
      families.activeWorkers.set(active);
    },
    queueWaited: (seconds) => families.queueWait.observe(seconds),
    queueRetried: () => families.queueRetries.inc(),
    ...caches,
    ...createSourceMetrics(families),
    observeStatus: (statuses) => observeStatus(families, statuses),
    notified: ({ target, result }) => families.notifications.inc({ target, result }),
    removalsHeld: (count) => families.removalsHeld.set(count),
    render: async () => (await registry.metrics()) + (await processMetrics(processRegistry)),
    contentType: registry.contentType,
  };
}

async function processMetrics(registry: Registry): Promise<string> {
  try {
    return await registry.metrics();
  } catch {
    // A scrape without the process's metrics shows that they are missing; a failed scrape shows nothing.
    return '';
  }
}

function preset(families: Families, options: MetricsOptions): void {
  for (const kind of RECONCILE_KINDS) {
    for (const result of RECONCILE_RESULTS) families.reconciles.inc({ kind, result }, 0);
    for (const reason of Object.keys(REASONS)) families.reconcileErrors.inc({ kind, reason }, 0);
    families.reconcileSeconds.zero({ kind });
  }
  for (const operation of options.operations) {
    for (const result of OPERATION_RESULTS) families.operations.inc({ operation, result }, 0);
    families.operationSeconds.zero({ operation });
  }
  for (const field of options.driftFields) families.drift.inc({ field }, 0);
  for (const target of NOTIFICATION_TARGETS) {
    for (const result of NOTIFICATION_RESULTS) families.notifications.inc({ target, result }, 0);
  }
  observeStatus(families, []);
  families.buildInfo.set({ version: options.version, node_version: process.version }, 1);
}

function observeStatus(
  { workspaces, workspaceReady, workspaceRevision }: Families,
  statuses: readonly WorkspaceStatus[],
): void {
  const counts = new Map(PHASES.map((phase) => [phase, 0]));
  workspaceReady.reset();
  workspaceRevision.reset();
  for (const { name, phase, location, revision } of statuses) {
    counts.set(phase, (counts.get(phase) ?? 0) + 1);
    workspaceReady.set({ name }, phase === 'Ready' ? 1 : 0);
    if (revision !== null && location !== null) workspaceRevision.set({ name, source: location.source, revision }, 1);
  }
  for (const [phase, count] of counts) workspaces.set({ phase }, count);
}
