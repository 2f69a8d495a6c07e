import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { EmitCacheEvent } from '../../model/cache-event.js';
import type { Clock } from '../../model/clock.js';
import type { DesiredCache } from '../../model/desired.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import type { Failure } from '../../model/reasons.js';
import type { Imports } from '../images/imports.js';
import type { Environments } from '../packages/environments.js';
import type { StoreSize } from '../keeper/keeper-answers.js';
import type { GcRecordFile } from './record.js';
import type { GcWorkspace } from './run-state.js';

/** What the collector of one cache is given. */
export interface CollectorDependencies {
  readonly cache: string;
  readonly instance: string;
  readonly docker: DockerPort;
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly record: GcRecordFile;
  /** False: only when a person asks. */
  readonly isScheduled: boolean;
  readonly desired: () => DesiredCache | null;
  readonly workspaces: () => readonly GcWorkspace[];
  /** Names of the workspaces that specs name, and of the prewarmed profile while there is one. */
  readonly wantedProfiles: () => readonly string[];
  readonly isComplete: () => boolean;
  readonly environments: Environments;
  readonly imports: Imports;
  /** The id of the keeper's container while it can be asked. */
  readonly keeperId: () => string | null;
  /** Why a collection cannot begin now. */
  readonly unavailable: () => Failure | null;
  /** Called before a run begins: what must not go on beside it ends. */
  readonly onBegin: () => void;
  readonly listUsers: (calls: CallOptions) => Promise<readonly ObservedContainer[]>;
  readonly dataVolumes: () => readonly string[];
  readonly containers: () => Iterable<ObservedContainer>;
  /** Measures the store now. */
  readonly measure: () => Promise<StoreSize | null>;
  readonly size: () => StoreSize | null;
  readonly emit: EmitCacheEvent;
  readonly onChange: () => void;
}
