import type { SpecProblem } from './desired.js';
import type { GitUrl } from './git-url.js';

/** The actions of a person on a git source while the controller runs. */
export const SOURCE_ACTIONS = ['sync', 'suspend', 'resume'] as const;
export type SourceAction = (typeof SOURCE_ACTIONS)[number];

const SOURCE_PREFIX = 'git:';

/** The id of a git source in locations, metrics and statuses. */
export function gitSourceId(name: string): string {
  return `${SOURCE_PREFIX}${name}`;
}

/** Whether a source's id is that of a git source. */
export function isGitSourceId(id: string): boolean {
  return id.startsWith(SOURCE_PREFIX);
}

/** The part of a revision that a person needs. */
export function shortRevision(revision: string): string {
  return revision.slice(0, 12);
}

/** One commit. Author and subject are one line each, with control characters escaped. */
export interface Commit {
  /** The full hash. */
  readonly revision: string;
  /** The form is `Name <address>`. */
  readonly author: string;
  /** The first line of the message. */
  readonly subject: string;
  /** In ms since the epoch. */
  readonly committedAt: number;
}

/** The signers whose commits are applied. */
export interface GitVerify {
  /** An allowed-signers file of ssh keys, or a gpg keyring. */
  readonly kind: 'ssh' | 'gpg';
  readonly file: string;
}

export const COMMIT_HOSTS = ['github', 'gitlab', 'gitea'] as const;

/** Where the states of commits are shown. */
export interface CommitStatusSettings {
  readonly provider: (typeof COMMIT_HOSTS)[number];
  /** The address of the API; null when it is derived from the repository's address. */
  readonly api: string | null;
  /** The form is `owner/name`, or any path with GitLab; null when it is derived from the repository's address. */
  readonly repository: string | null;
  readonly tokenFile: string;
}

/** One git source as it is configured. Files are read when they are needed, because they may be replaced. */
export interface GitSettings {
  /** The name, a unique DNS label. */
  readonly name: string;
  readonly url: GitUrl;
  /** A branch, a tag, a full name or a commit; null for the server's HEAD. */
  readonly ref: string | null;
  /** The directory of the specs, without slashes at its ends; empty for the whole tree. */
  readonly path: string;
  readonly intervalMs: number;
  /** The longest wait for one answer of the server, in ms. */
  readonly timeoutMs: number;
  /** The largest size of the clone. */
  readonly maxBytes: number;
  /** The user name that is sent with the token. */
  readonly user: string;
  readonly tokenFile: string | null;
  readonly sshKeyFile: string | null;
  readonly knownHostsFile: string | null;
  /** The certificates to trust in place of the system's. */
  readonly caFile: string | null;
  readonly webhookSecretFile: string | null;
  /** The file with the keys that decrypt files beside the specs. */
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
  /** The problems of the commit's specs, by place. */
  readonly problems: readonly SpecProblem[];
}

/** The part of a source's status that only git sources have. */
export interface GitStatus {
  /** The address without credentials. */
  readonly url: string;
  /** The configured reference, or the one that the server's HEAD points to. */
  readonly ref: string;
  readonly path: string;
  readonly isSuspended: boolean;
  /** The newest commit that was read. */
  readonly attempted: Commit | null;
  /** The commit whose specs are in force. */
  readonly applied: Commit | null;
  /** In ms since the epoch. */
  readonly appliedAt: number | null;
  /** When the server last answered, in ms since the epoch. */
  readonly fetchedAt: number | null;
  readonly failure: GitFailure | null;
}

/** The progress of a source's workspaces towards its applied commit. */
export interface Rollout {
  readonly source: string;
  readonly revision: string;
  readonly state: 'progressing' | 'succeeded' | 'failed';
  /** One line. */
  readonly message: string;
}

/** An event that is reported outside of the controller. */
export type DeploymentEvent =
  | { readonly type: 'applied'; readonly source: string; readonly commit: Commit; readonly message: string }
  /** `commit` is null when none could be fetched. */
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
