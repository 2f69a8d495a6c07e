import type { CacheReport, CacheUse } from './cache-status.js';
import type { GcRun } from './gc-status.js';
import type { Failure } from './reasons.js';

/**
 * What happens in a cache. Each event is emitted once, through one `EmitCacheEvent`, to whoever reports it or acts on
 * it.
 */
export type CacheEvent =
  | {
      /** A workspace's profile holds its packages now. */
      readonly type: 'linked';
      readonly cache: string;
      readonly workspace: string;
      readonly use: CacheUse;
    }
  | {
      /** An environment is being realised for these workspaces. */
      readonly type: 'realising';
      readonly cache: string;
      readonly workspaces: readonly string[];
      /** How far it is, for a person. */
      readonly words: string;
    }
  | {
      /** The realisation of an environment ended, however it did. */
      readonly type: 'realised';
      readonly cache: string;
      readonly workspaces: readonly string[];
      readonly packages: readonly string[];
      /** Null when it failed or was overtaken. */
      readonly use: CacheUse | null;
      readonly failure: Failure | null;
      readonly seconds: number;
    }
  | {
      /** Something that these workspaces depend on has changed: they are to be reconciled. */
      readonly type: 'changed';
      readonly cache: string;
      readonly workspaces: readonly string[];
    }
  | {
      /** The state of the whole cache as it is now. */
      readonly type: 'reported';
      readonly report: CacheReport;
    }
  | {
      /** A collection took a step. */
      readonly type: 'gc-step';
      readonly cache: string;
      readonly step: string;
      readonly seconds: number;
    }
  | {
      /** A collection ended, however it did. */
      readonly type: 'gc-ended';
      readonly cache: string;
      readonly run: GcRun;
    };

/** Tells of an event; it does not wait for anything and does not throw. */
export type EmitCacheEvent = (event: CacheEvent) => void;
