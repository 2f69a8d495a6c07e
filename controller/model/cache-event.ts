import type { CacheReport, CacheUse } from './cache-status.js';
import type { GcRun } from './gc-status.js';
import type { Failure } from './reasons.js';
import type { VerifyRun } from './verify-status.js';

/**
 * Something that happened in a cache. Each event is emitted once, through one `EmitCacheEvent`, to everything that
 * reports it or acts on it.
 */
export type CacheEvent =
  | {
      /** A workspace's profile contains its packages now. */
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
      /** The progress, for a person. */
      readonly words: string;
    }
  | {
      /** The realisation of an environment ended, successfully or not. */
      readonly type: 'realised';
      readonly cache: string;
      readonly workspaces: readonly string[];
      readonly packages: readonly string[];
      /** Null when the realisation failed, or when the keeper was replaced meanwhile. */
      readonly use: CacheUse | null;
      readonly failure: Failure | null;
      readonly seconds: number;
    }
  | {
      /** Something that these workspaces depend on has changed, so they have to be reconciled. */
      readonly type: 'changed';
      readonly cache: string;
      readonly workspaces: readonly string[];
    }
  | {
      /** The current state of the whole cache. */
      readonly type: 'reported';
      readonly report: CacheReport;
    }
  | {
      /** A collection has completed a step. */
      readonly type: 'gc-step';
      readonly cache: string;
      readonly step: string;
      readonly seconds: number;
    }
  | {
      /** A collection ended, with any result. */
      readonly type: 'gc-ended';
      readonly cache: string;
      readonly run: GcRun;
    }
  | {
      /** A verification ended, with any result. */
      readonly type: 'verify-ended';
      readonly cache: string;
      readonly run: VerifyRun;
    };

/** Emits an event. It does not wait for anything and does not throw. */
export type EmitCacheEvent = (event: CacheEvent) => void;
