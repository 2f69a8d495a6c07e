import type { GitSettings, SourceAction } from '../model/git.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const OUTPUT_FORMATS = ['text', 'json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const VALIDATE_FORMATS = ['text', 'github', 'json'] as const;
export type ValidateFormat = (typeof VALIDATE_FORMATS)[number];

export interface PlanOptions {
  /** Directories of specs; at least one when there is no git source. */
  readonly specs: readonly string[];
  readonly git: readonly GitSettings[];
  readonly stateDir: string;
  /** The instance, a DNS label. */
  readonly instance: string;
  readonly secretsDir: string | null;
  /** The file with the keys for encrypted files in directories of specs. */
  readonly ageIdentityFile: string | null;
  readonly logLevel: LogLevel;
  readonly allowPrune: boolean;
  readonly output: OutputFormat;
}

export const PLAN_FORMATS = ['text', 'markdown'] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];

export interface PlanCommandOptions extends PlanOptions {
  /**
   * The reference that the only git source is compared with, without an engine; null compares with the engine's state.
   */
  readonly against: string | null;
  readonly format: PlanFormat;
}

export interface RunOptions extends PlanOptions {
  /** The address `host:port`, or null for no TCP port. */
  readonly listen: string | null;
  readonly resyncMs: number;
  /** The number of workers. */
  readonly concurrency: number;
  readonly once: boolean;
  /** How long `once` may take, in ms. */
  readonly timeoutMs: number;
  /** Where messages about deployments are posted, or null for nowhere. */
  readonly notify: { readonly url: string; readonly secretFile: string | null } | null;
}

export interface ValidateOptions {
  readonly paths: readonly string[];
  readonly format: ValidateFormat;
}

export interface ControllerOptions {
  /** The state directory of the controller to contact. */
  readonly stateDir: string;
  readonly output: OutputFormat;
}

export interface WorkspacesOptions extends ControllerOptions {
  /** Also shows source and revision. */
  readonly wide: boolean;
}

export interface ApproveOptions extends ControllerOptions {
  /** The workspaces to approve; null stands for all held removals. */
  readonly names: readonly string[] | null;
}

export interface DescribeOptions extends ControllerOptions {
  readonly name: string;
}

export interface SourceOptions extends ControllerOptions {
  readonly action: SourceAction;
  /** The name of the git source. */
  readonly name: string;
}

export interface CacheOptions extends ControllerOptions {
  readonly cache: string;
}

export interface CacheClearOptions extends CacheOptions {
  /** Clears the cache even while its workspaces run; they are stopped and started again. */
  readonly force: boolean;
}

export interface GcOptions extends ControllerOptions {
  /** The cache to collect; null stands for all caches. */
  readonly cache: string | null;
  /** Only shows what would be deleted. */
  readonly dryRun: boolean;
}

export interface CacheVerifyOptions extends CacheOptions {
  /** Fetches or builds once more what is damaged. */
  readonly repair: boolean;
}

export interface NewOptions {
  readonly name: string;
  readonly image: string;
  readonly packages: readonly string[];
}

/**
 * The implementations of the commands. Each resolves with its exit code; an error becomes one line on stderr and the
 * exit code 1.
 */
export interface Actions extends ClientActions {
  run(options: RunOptions): Promise<number>;
  plan(options: PlanCommandOptions): Promise<number>;
  validate(options: ValidateOptions): Promise<number>;
}

/** The commands that contact a running controller, or nothing at all. */
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
  cacheVerify(options: CacheVerifyOptions): Promise<number>;
  gc(options: GcOptions): Promise<number>;
  newWorkspace(options: NewOptions): Promise<number>;
}
