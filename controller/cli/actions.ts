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
  /** The file of the keys for encrypted files in directories of specs. */
  readonly ageIdentityFile: string | null;
  readonly logLevel: LogLevel;
  readonly allowPrune: boolean;
  readonly output: OutputFormat;
}

export const PLAN_FORMATS = ['text', 'markdown'] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];

export interface PlanCommandOptions extends PlanOptions {
  /** The reference that the one git source is compared with, without an engine; null compares with what runs. */
  readonly against: string | null;
  readonly format: PlanFormat;
}

export interface RunOptions extends PlanOptions {
  /** `host:port`, or null for no TCP port. */
  readonly listen: string | null;
  readonly resyncMs: number;
  /** The most workers. */
  readonly concurrency: number;
  readonly once: boolean;
  /** How long `once` may take, in ms. */
  readonly timeoutMs: number;
  /** Where messages about deployments are posted; null for nowhere. */
  readonly notify: { readonly url: string; readonly secretFile: string | null } | null;
}

export interface ValidateOptions {
  readonly paths: readonly string[];
  readonly format: ValidateFormat;
}

export interface ControllerOptions {
  /** The state directory of the controller to ask. */
  readonly stateDir: string;
  readonly output: OutputFormat;
}

export interface WorkspacesOptions extends ControllerOptions {
  /** Also shows source and revision. */
  readonly wide: boolean;
}

export interface ApproveOptions extends ControllerOptions {
  /** Null stands for all that are held. */
  readonly names: readonly string[] | null;
}

export interface DescribeOptions extends ControllerOptions {
  readonly name: string;
}

export interface SourceOptions extends ControllerOptions {
  readonly action: SourceAction;
  /** The git source's name. */
  readonly name: string;
}

export interface CacheOptions extends ControllerOptions {
  readonly cache: string;
}

export interface CacheClearOptions extends CacheOptions {
  /** Clears the cache even while its workspaces run: they are stopped and started again. */
  readonly force: boolean;
}

export interface GcOptions extends ControllerOptions {
  /** Null stands for all caches. */
  readonly cache: string | null;
  /** Only shows what would be deleted. */
  readonly dryRun: boolean;
}

export interface NewOptions {
  readonly name: string;
  readonly image: string;
  readonly packages: readonly string[];
}

/** What the commands do. Each gives its exit code; what it throws becomes one line on stderr, and the code 1. */
export interface Actions extends ClientActions {
  run(options: RunOptions): Promise<number>;
  plan(options: PlanCommandOptions): Promise<number>;
  validate(options: ValidateOptions): Promise<number>;
}

/** The commands that ask a running controller, or nobody. */
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
