import type { Reason } from './reasons.js';

/** When and how a cache's store is collected; defaults filled in. Times in ms, sizes in bytes. */
export interface GcConfig {
  /** A cron expression of five or six fields, in `timeZone`. */
  readonly schedule: string;
  /** A name of the IANA time zone database. */
  readonly timeZone: string;
  /** How long what nothing uses any more is kept. */
  readonly retainMs: number;
  /** A store that grows over it is collected between schedules as well; null: no bound. */
  readonly maxBytes: number | null;
  /** A run stops after so much; the rest goes in the next ones. Null: no bound. */
  readonly maxFreedPerRun: number | null;
  /** Whether equal files are replaced by hard links after a run. */
  readonly optimise: boolean;
  readonly deadlineMs: number;
  /** No run by itself, neither by schedule nor over `maxBytes`. */
  readonly suspend: boolean;
}

/** `missed`: a schedule that passed while no controller ran. */
export const GC_TRIGGERS = ['schedule', 'missed', 'maxBytes', 'request'] as const;
export type GcTrigger = (typeof GC_TRIGGERS)[number];

/**
 * What keeps paths: `profile` (a workspace's packages now), `generation` (what they were, younger than `retain`),
 * `removed` (of a workspace that went less than `retain` ago), `prewarm`, `image` (a store that an image brought),
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

/** A run that has ended. */
export interface GcRun {
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly trigger: GcTrigger;
  readonly result: GcResult;
  /** Why it was aborted or failed; the message names the object. */
  readonly failure: { readonly reason: Reason; readonly message: string } | null;
  readonly seconds: number;
  /** How long new realisations had to wait for it. */
  readonly heldSeconds: number;
  /** Bytes of disk space. */
  readonly freedBytes: number;
  readonly freedPaths: number;
  /** Paths that are kept: those in the closure of a root. */
  readonly keptPaths: number;
  /** Dead paths that `maxFreedPerRun` left for the next run. */
  readonly leftPaths: number;
  readonly roots: RootCounts;
}

/** What keeps what: one root, for a person. */
export interface GcRoot {
  readonly kind: RootKind;
  /** Whose it is: a workspace, an image's id, a container. */
  readonly owner: string;
  /** The link or file it comes from, as its owner sees it. */
  readonly from: string;
  /** The store path. */
  readonly path: string;
}

/** What a run would do now; nothing is deleted. */
export interface GcPreview {
  readonly cache: string;
  /** What would go, biggest first. */
  readonly dead: readonly { readonly path: string; readonly bytes: number }[];
  readonly deadBytes: number;
  readonly keptPaths: number;
  readonly roots: readonly GcRoot[];
  /** Roots that would be let go of first: older than `retain`, or over `maxBytes`. */
  readonly expiring: readonly GcRoot[];
}

/** The messages that `kalpana gc` receives, one a line, as JSON. */
export type GcNews =
  | { readonly type: 'progress'; readonly cache: string; readonly message: string }
  | { readonly type: 'run'; readonly cache: string; readonly run: GcRun }
  | { readonly type: 'preview'; readonly preview: GcPreview }
  | { readonly type: 'refused'; readonly cache: string; readonly message: string };

/** The collections of one cache, as its status shows them. */
export interface GcStatus {
  readonly config: GcConfig;
  /** ms since the epoch; null when suspended, or when the schedule has no time to come. */
  readonly nextRunAt: number | null;
  /** Words of the run that is under way. */
  readonly underWay: string | null;
  /** The newest first. */
  readonly runs: readonly GcRun[];
  /** As the last run found them; null before the first. */
  readonly roots: RootCounts | null;
}
