import type { Reason } from './reasons.js';

/** When and how a cache's store is collected; defaults are filled in. Times are in ms, sizes in bytes. */
export interface GcConfig {
  /** A cron expression of five or six fields, in `timeZone`. */
  readonly schedule: string;
  /** A name from the IANA time zone database. */
  readonly timeZone: string;
  /** How long what nothing uses any more is kept. */
  readonly retainMs: number;
  /** What came into the store, or was linked by us, less than this long ago stays, whatever is known of its use. */
  readonly graceMs: number;
  /** When the store grows beyond this size, it is also collected between schedules; null for no limit. */
  readonly maxBytes: number | null;
  /** A run stops after it has freed this much, and the next runs free the rest; null for no limit. */
  readonly maxFreedPerRun: number | null;
  /** Whether equal files are replaced by hard links after a run. */
  readonly optimise: boolean;
  readonly deadlineMs: number;
  /** Whether no run starts automatically, neither by schedule nor because of `maxBytes`. */
  readonly suspend: boolean;
}

/** `missed`: a scheduled time that passed while no controller ran. */
export const GC_TRIGGERS = ['schedule', 'missed', 'maxBytes', 'request'] as const;
export type GcTrigger = (typeof GC_TRIGGERS)[number];

/**
 * What keeps paths: `profile` (a workspace's current packages), `generation` (its earlier ones, younger than `retain`),
 * `removed` (those of a workspace removed less than `retain` ago), `prewarm`, `image` (a store that an image brought),
 * `keeper` (its own), `link` (a `./result` or direnv profile in a workspace), `process` (in use by a running process),
 * `other` (made by hand).
 */
export const ROOT_KINDS = [
  'profile',
  'generation',
  'removed',
  'prewarm',
  'image',
  'keeper',
  'link',
  'process',
  'other',
] as const;
export type RootKind = (typeof ROOT_KINDS)[number];
export type RootCounts = Readonly<Record<RootKind, number>>;

/** `aborted`: nothing was deleted. `failed`: something went wrong after the deletion had begun. */
export const GC_RESULTS = ['success', 'aborted', 'failed'] as const;
export type GcResult = (typeof GC_RESULTS)[number];

/** A collection that has ended. */
export interface GcRun {
  /** In ms since the epoch. */
  readonly startedAt: number;
  readonly trigger: GcTrigger;
  readonly result: GcResult;
  /** Why the run was aborted or failed; the message names the object. */
  readonly failure: { readonly reason: Reason; readonly message: string } | null;
  readonly seconds: number;
  /** How long new realisations had to wait for the run. */
  readonly heldSeconds: number;
  /** Bytes of disk space. */
  readonly freedBytes: number;
  readonly freedPaths: number;
  /** The number of kept paths: those in the closure of a root. */
  readonly keptPaths: number;
  /** The number of dead paths that `maxFreedPerRun` left for the next run. */
  readonly leftPaths: number;
  readonly roots: RootCounts;
}

/** One root and what it keeps, for a person. */
export interface GcRoot {
  readonly kind: RootKind;
  /** The owner: a workspace, the id of an image, a container. */
  readonly owner: string;
  /** The link or file that the root comes from, as its owner sees it. */
  readonly from: string;
  /** The store path. */
  readonly path: string;
}

/** What a run would do now; nothing is deleted. */
export interface GcPreview {
  readonly cache: string;
  /** The paths that would be deleted, the largest first. */
  readonly dead: readonly { readonly path: string; readonly bytes: number }[];
  readonly deadBytes: number;
  readonly keptPaths: number;
  readonly roots: readonly GcRoot[];
  /** The roots that would be removed first: older than `retain`, or in excess of `maxBytes`. */
  readonly expiring: readonly GcRoot[];
}

/** The messages that `kalpana gc` receives, one per line, as JSON. */
export type GcNews =
  | { readonly type: 'progress'; readonly cache: string; readonly message: string }
  | { readonly type: 'run'; readonly cache: string; readonly run: GcRun }
  | { readonly type: 'preview'; readonly preview: GcPreview }
  | { readonly type: 'refused'; readonly cache: string; readonly message: string };

/** The collections of one cache, as its status shows them. */
export interface GcStatus {
  readonly config: GcConfig;
  /** In ms since the epoch; null when suspended, or when the schedule has no further time. */
  readonly nextRunAt: number | null;
  /** A message about the run under way, or null. */
  readonly underWay: string | null;
  /** The runs, the newest first. */
  readonly runs: readonly GcRun[];
  /** The roots that the last run found; null before the first run. */
  readonly roots: RootCounts | null;
}
