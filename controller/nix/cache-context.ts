import type { CallOptions, DockerPort } from '../docker/port.js';
import type { EmitCacheEvent } from '../model/cache-event.js';
import type { Clock } from '../model/clock.js';
import type { DesiredSnapshot } from '../model/desired.js';
import type { EngineView } from '../observe/engine-view.js';
import type { Clearing } from './clearing.js';
import type { CacheSpecs } from './cache-specs.js';
import type { Collector } from './gc/collector.js';
import type { GcRecordFile } from './gc/record.js';
import type { createImages } from './images/images.js';
import type { Imports } from './images/imports.js';
import type { ExecutePlan, Keeper } from './keeper/keeper.js';
import type { Totals, TotalsRecord } from './packages/accounts.js';
import type { Environments } from './packages/environments.js';
import type { Measure } from './packages/measure.js';
import type { VerifyRecordFile } from './verify/record.js';
import type { Verifier } from './verify/verifier.js';
import type { WorkspaceUses } from './workspace-uses.js';

/**
 * One cache with all of its parts. Each part owns the state that it changes, and no value is stored twice. Logic that
 * concerns several parts is a function of the context, in a file of its own.
 */
export interface CacheContext {
  readonly name: string;
  readonly specs: CacheSpecs;
  readonly keeper: Keeper;
  readonly environments: Environments;
  readonly imports: Imports;
  readonly measure: Measure;
  readonly totals: Totals;
  readonly clearing: Clearing;
  readonly collector: Collector;
  readonly verifier: Verifier;
  readonly shared: SharedByCaches;
}

/** What all caches of the controller share. */
export interface SharedByCaches {
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly random: () => number;
  readonly instance: string;
  readonly view: Pick<EngineView, 'containers' | 'volumes'>;
  /** Aborted when the controller ends. */
  readonly calls: CallOptions;
  readonly execute: ExecutePlan;
  readonly emit: EmitCacheEvent;
  readonly images: ReturnType<typeof createImages>;
  readonly uses: WorkspaceUses;
  /** All specs as they were last read; null before the first read. */
  readonly snapshot: () => CachesSnapshot | null;
  readonly totalsRecord: (cache: string) => TotalsRecord;
  readonly gcRecord: (cache: string) => GcRecordFile;
  readonly verifyRecord: (cache: string) => VerifyRecordFile;
  /** Set while planning for `kalpana plan`: the cache starts no work that was not requested. */
  readonly isForesight: boolean;
  /** Set for `--once`: no collection and no verification starts that was not requested. */
  readonly isOnce: boolean;
}

export type CachesSnapshot = Pick<DesiredSnapshot, 'caches' | 'workspaces' | 'complete'>;
