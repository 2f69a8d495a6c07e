import type { GitSettings, SourceAction } from '../model/git.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const OUTPUT_FORMATS = ['text', 'json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const VALIDATE_FORMATS = ['text', 'github', 'json'] as const;
export type ValidateFormat = (typeof VALIDATE_FORMATS)[number];

export interface PlanOptions {
  /** Directories; at least one where there is no git source. */
  readonly specs: readonly string[];
  readonly git: readonly GitSettings[];
  readonly stateDir: string;
  /** A DNS label. */
  readonly instance: string;
  readonly secretsDir: string | null;
  /** Of the keys for encrypted files in directories of specs. */
  readonly ageIdentityFile: string | null;
  readonly logLevel: LogLevel;
  readonly allowPrune: boolean;
  readonly output: OutputFormat;
}

export const PLAN_FORMATS = ['text', 'markdown'] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];

export interface PlanCommandOptions extends PlanOptions {
  /** What the one git source is compared with, without an engine; null: with what runs. */
  readonly against: string | null;
  readonly format: PlanFormat;
}

export interface RunOptions extends PlanOptions {
  /** `host:port`, or null for no TCP port. */
  readonly listen: string | null;
  readonly resyncMs: number;
  /** Workers at most. */
  readonly concurrency: number;
  readonly once: boolean;
  /** Of `once`. */
  readonly timeoutMs: number;
  /** Where to tell of deployments. */
  readonly notify: { readonly url: string; readonly secretFile: string | null } | null;
}

export interface ValidateOptions {
  readonly paths: readonly string[];
  readonly format: ValidateFormat;
}

export interface ControllerOptions {
  /** The state directory of the controller that is asked. */
  readonly stateDir: string;
  readonly output: OutputFormat;
}

export interface WorkspacesOptions extends ControllerOptions {
  /** With source and revision. */
  readonly wide: boolean;
}

export interface ApproveOptions extends ControllerOptions {
  /** Null stands for all that is held. */
  readonly names: readonly string[] | null;
}

export interface DescribeOptions extends ControllerOptions {
  readonly name: string;
}

export interface SourceOptions extends ControllerOptions {
  readonly action: SourceAction;
  /** Of a git source. */
  readonly name: string;
}

export interface CacheOptions extends ControllerOptions {
  readonly cache: string;
}

export interface CacheClearOptions extends CacheOptions {
  /** Also while workspaces of the cache run: they are stopped and started again. */
  readonly force: boolean;
}

export interface GcOptions extends ControllerOptions {
  /** Null stands for all. */
  readonly cache: string | null;
  /** Nothing is deleted. */
  readonly dryRun: boolean;
}

export interface NewOptions {
  readonly name: string;
  readonly image: string;
  readonly packages: readonly string[];
}

/** What the commands do. Each gives its exit code; one that throws ends as one line on stderr and code 1. */
export interface Actions extends ClientActions {
  run(options: RunOptions): Promise<number>;
  plan(options: PlanCommandOptions): Promise<number>;
  validate(options: ValidateOptions): Promise<number>;
}

/** Those that ask a running controller, or nobody. */
export interface ClientActions {
  approve(options: ApproveOptions): Promise<number>;
  getWorkspaces(options: WorkspacesOptions): Promise<number>;
  describeWorkspace(options: DescribeOptions): Promise<number>;
  getCaches(options: ControllerOptions): Promise<number>;
  getSources(options: ControllerOptions): Promise<number>;
  source(options: SourceOptions): Promise<number>;
  cacheStatus(options: CacheOptions): Promise<number>;
  describeCache(options: DescribeOptions): Promise<number>;
  cacheClear(options: CacheClearOptions): Promise<number>;
  gc(options: GcOptions): Promise<number>;
  newWorkspace(options: NewOptions): Promise<number>;
}
