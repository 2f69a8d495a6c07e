import type { SpecProblem } from './desired.js';
import type { GitUrl } from './git-url.js';

/** What a person can do with a git source while the controller runs. */
export const SOURCE_ACTIONS = ['sync', 'suspend', 'resume'] as const;
export type SourceAction = (typeof SOURCE_ACTIONS)[number];

const SOURCE_PREFIX = 'git:';

/** The id of a git source, as locations, metrics and statuses have it. */
export function gitSourceId(name: string): string {
  return `${SOURCE_PREFIX}${name}`;
}

/** Whether a source's id is that of a git source. */
export function isGitSourceId(id: string): boolean {
  return id.startsWith(SOURCE_PREFIX);
}

/** As much of a revision as a person needs. */
export function shortRevision(revision: string): string {
  return revision.slice(0, 12);
}

/** One commit. Author and subject are one line each, with control characters escaped. */
export interface Commit {
  /** The full hash. */
  readonly revision: string;
  /** `Name <address>` */
  readonly author: string;
  /** The message's first line. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly committedAt: number;
}

/** Whose commits are applied. */
export interface GitVerify {
  /** An allowed-signers file of ssh keys, or a gpg keyring. */
  readonly kind: 'ssh' | 'gpg';
  readonly file: string;
}

export const COMMIT_HOSTS = ['github', 'gitlab', 'gitea'] as const;

/** Where the states of commits are shown. */
export interface CommitStatusSettings {
  readonly provider: (typeof COMMIT_HOSTS)[number];
  /** The API's address; null: derived from the repository's address. */
  readonly api: string | null;
  /** `owner/name`, with GitLab any path; null: derived from the repository's address. */
  readonly repository: string | null;
  readonly tokenFile: string;
}

/** One git source as it is configured. Files are read when they are needed: they may be replaced. */
export interface GitSettings {
  /** A DNS label, unique. */
  readonly name: string;
  readonly url: GitUrl;
  /** A branch, a tag, a full name or a commit; null: what the server's HEAD is. */
  readonly ref: string | null;
  /** The directory of the specs, without slashes at its ends; empty: the whole tree. */
  readonly path: string;
  readonly intervalMs: number;
  /** The longest wait for one answer of the server. */
  readonly timeoutMs: number;
  /** The largest size of the clone. */
  readonly maxBytes: number;
  /** Sent with the token. */
  readonly user: string;
  readonly tokenFile: string | null;
  readonly sshKeyFile: string | null;
  readonly knownHostsFile: string | null;
  /** Certificates to trust, in place of the system's. */
  readonly caFile: string | null;
  readonly webhookSecretFile: string | null;
  /** The keys that decrypt files beside its specs. */
  readonly ageIdentityFile: string | null;
  readonly verify: GitVerify | null;
  readonly status: CommitStatusSettings | null;
  readonly suspend: boolean;
}

/** Why the newest commit of a source is not in force, or not known. */
export const GIT_FAILURES = [
  'FetchFailed',
  'RefMissing',
  'PathMissing',
  'CommitInvalid',
  'SignatureInvalid',
  'CloneTooLarge',
  'GitUnusable',
] as const;
export type GitFailureReason = (typeof GIT_FAILURES)[number];

export interface GitFailure {
  readonly reason: GitFailureReason;
  /** One line: what is wrong and what to do about it. */
  readonly message: string;
  /** What is wrong with the commit's specs, by place. */
  readonly problems: readonly SpecProblem[];
}

/** What is known of a git source beyond what is known of any source. */
export interface GitStatus {
  /** Without credentials. */
  readonly url: string;
  /** As configured, or what the server's HEAD is. */
  readonly ref: string;
  readonly path: string;
  readonly isSuspended: boolean;
  /** The newest commit that was read. */
  readonly attempted: Commit | null;
  /** The commit whose specs are in force. */
  readonly applied: Commit | null;
  /** Milliseconds since the epoch. */
  readonly appliedAt: number | null;
  /** When the server answered last, ms since the epoch. */
  readonly fetchedAt: number | null;
  readonly failure: GitFailure | null;
}

/** How far the workspaces of a source are on the way to its applied commit. */
export interface Rollout {
  readonly source: string;
  readonly revision: string;
  readonly state: 'progressing' | 'succeeded' | 'failed';
  /** One line. */
  readonly message: string;
}

/** What is sent to the outside. */
export type DeploymentEvent =
  | { readonly type: 'applied'; readonly source: string; readonly commit: Commit; readonly message: string }
  /** `commit` is null when none could be had. */
  | {
      readonly type: 'failed';
      readonly source: string;
      readonly commit: Commit | null;
      readonly reason: string;
      readonly message: string;
      readonly problems: readonly SpecProblem[];
    }
  | {
      readonly type: 'drift-repaired';
      readonly workspace: string;
      readonly fields: readonly string[];
      readonly message: string;
    };

/** The state of a commit as its host shows it. */
export interface CommitState {
  readonly revision: string;
  readonly state: 'pending' | 'success' | 'failure';
  /** One line. */
  readonly description: string;
}
