import type { Registry } from 'prom-client';
import {
  COLLECTION_BUCKETS,
  createFamilyMaker,
  OPERATION_BUCKETS,
  REALISATION_BUCKETS,
  REQUEST_BUCKETS,
  type FamilyMaker,
} from './family-maker.js';

export type Families = ReturnType<typeof createFamilies>;

/** Creates the metric families, in the order of a scrape. Units are seconds and bytes. */
export function createFamilies(registry: Registry) {
  const make = createFamilyMaker(registry);
  return {
    ...loopFamilies(make),
    ...sourceFamilies(make),
    ...workspaceFamilies(make),
    ...cacheFamilies(make),
    ...storeFamilies(make),
    removalsHeld: make.gauge('deletions_held', 'Removals that wait for a confirmation.'),
    buildInfo: make.gauge('build_info', 'Always 1; the versions are in the labels.', 'version', 'node_version'),
  };
}

/** The metrics of the reconciliation loop, its operations, and the engine. */
function loopFamilies({ counter, gauge, histogram }: FamilyMaker) {
  return {
    reconciles: counter('reconcile_total', 'Reconciliations by result.', 'kind', 'result'),
    reconcileErrors: counter('reconcile_errors_total', 'Reconciliations that failed, by reason.', 'kind', 'reason'),
    reconcileSeconds: histogram('reconcile_duration_seconds', 'Time of one reconciliation.', OPERATION_BUCKETS, 'kind'),
    queueDepth: gauge('queue_depth', 'Keys that wait for a worker.'),
    queueWait: histogram(
      'queue_wait_seconds',
      'Time between a key being queued and its reconciliation.',
      OPERATION_BUCKETS,
    ),
    queueRetries: counter('queue_retries_total', 'Keys queued again after a failure.'),
    activeWorkers: gauge('active_workers', 'Workers that reconcile now.'),
    operations: counter('operations_total', 'Operations on the engine by result.', 'operation', 'result'),
    operationSeconds: histogram('operation_duration_seconds', 'Time of one operation.', OPERATION_BUCKETS, 'operation'),
    drift: counter('drift_detected_total', 'Differences found between a container and its spec, by field.', 'field'),
    missedEvents: counter('missed_events_total', 'Changes that only a resync found.'),
    engineUp: gauge('engine_up', '1 when the last list of the engine succeeded.'),
    engineSeconds: histogram(
      'engine_request_duration_seconds',
      'Time of one request to the engine.',
      REQUEST_BUCKETS,
      'verb',
      'code',
    ),
  };
}

/** The metrics of the sources of specs, and of the messages about their commits. */
function sourceFamilies({ counter, gauge, histogram }: FamilyMaker) {
  return {
    sourceSuccess: gauge(
      'source_last_success_timestamp_seconds',
      'When a source was last read whole; 0 before that.',
      'source',
    ),
    specs: gauge(
      'specs',
      'Specs of a source by state; last_good are those invalid ones whose last good version is in force.',
      'source',
      'state',
    ),
    sourceRevision: gauge(
      'source_revision_info',
      'Always 1; the revision of a source that is in force.',
      'source',
      'revision',
    ),
    gitAttempted: gauge(
      'git_attempted_revision_info',
      'Always 1; the newest commit of a source that was looked at.',
      'source',
      'revision',
    ),
    gitFailing: gauge(
      'git_source_failing',
      '1 when the newest commit of a source is not in force, or cannot be had.',
      'source',
    ),
    gitSuspended: gauge('git_source_suspended', '1 when nothing new is applied from a source.', 'source'),
    gitFetches: counter('git_fetches_total', 'Looks at the server of a source by result.', 'source', 'result'),
    gitFetchSeconds: histogram(
      'git_fetch_duration_seconds',
      'Time of one look at the server, fetch included.',
      REQUEST_BUCKETS,
      'source',
    ),
    gitCommits: counter('git_commits_total', 'Commits that were looked at, by result.', 'source', 'result'),
    gitWebhooks: counter(
      'git_webhooks_total',
      'Hooks for a source by result; refused: no valid signature.',
      'source',
      'result',
    ),
    notifications: counter(
      'notifications_total',
      'Messages to webhooks and hosts of commits by result; retried: an attempt that failed and is made again.',
      'target',
      'result',
    ),
  };
}

/** The metrics of workspaces. */
function workspaceFamilies({ gauge }: FamilyMaker) {
  return {
    workspaces: gauge('workspaces', 'Workspaces by phase.', 'phase'),
    workspaceReady: gauge('workspace_ready', '1 when the workspace is Ready.', 'name'),
    workspaceRevision: gauge(
      'workspace_revision_info',
      'Always 1; the revision of its source that a workspace was last converged to.',
      'name',
      'source',
      'revision',
    ),
  };
}

/** The metrics of caches and their environments. */
function cacheFamilies({ counter, gauge, histogram }: FamilyMaker) {
  return {
    nixPaths: counter('nix_paths_total', 'Store paths asked for, by what became of them.', 'cache', 'outcome'),
    nixBytes: counter(
      'nix_bytes_total',
      'Unpacked bytes of paths, fetched or saved by being there already.',
      'cache',
      'outcome',
    ),
    nixKnownHoles: gauge(
      'nix_known_holes',
      "Known holes in the Nix of a cache's keeper; absent until its version is known.",
      'cache',
    ),
    nixpkgsSupported: gauge(
      'nixpkgs_supported',
      "0 when the release of a cache's nixpkgs is past its end; absent when it is not known.",
      'cache',
    ),
    nixStoreBytes: gauge('nix_store_bytes', 'Size of the store; absent until the keeper has told.', 'cache'),
    environmentSeconds: histogram(
      'nix_environment_duration_seconds',
      'Time until an environment was in place; warm: every path was there.',
      REALISATION_BUCKETS,
      'cache',
      'temperature',
    ),
    caches: gauge('caches', 'Caches by phase.', 'phase'),
    cacheReady: gauge('cache_ready', '1 when the cache is Ready.', 'name'),
  };
}

/** The metrics of what is done with the stores of caches: collections and verifications. */
function storeFamilies({ counter, gauge, histogram }: FamilyMaker) {
  return {
    gcRuns: counter(
      'nix_gc_runs_total',
      'Collections of a cache by result; aborted: nothing was deleted.',
      'cache',
      'result',
    ),
    gcFreed: counter('nix_gc_freed_bytes_total', 'Disk space that collections freed.', 'cache'),
    gcSeconds: histogram('nix_gc_duration_seconds', 'Time of one collection.', COLLECTION_BUCKETS, 'cache'),
    gcHeldSeconds: histogram(
      'nix_gc_held_seconds',
      'How long new realisations had to wait for one collection.',
      COLLECTION_BUCKETS,
      'cache',
    ),
    gcLastSuccess: gauge(
      'nix_gc_last_success_timestamp_seconds',
      'When a collection last succeeded; 0 before that.',
      'cache',
    ),
    nixRoots: gauge('nix_roots', 'What keeps store paths, as the last collection found it.', 'cache', 'kind'),
    verifyRuns: counter(
      'nix_verify_runs_total',
      'Verifications of a cache by result; aborted: not everything was looked at.',
      'cache',
      'result',
    ),
    verifiedPaths: counter('nix_verified_paths_total', 'Store paths that verifications looked at.', 'cache'),
    damagedPaths: gauge('nix_damaged_paths', 'Store paths that are not as they were registered, as known.', 'cache'),
    verifyLastSuccess: gauge(
      'nix_verify_last_success_timestamp_seconds',
      'When a verification last came to its end, whatever it found; 0 before that.',
      'cache',
    ),
  };
}
