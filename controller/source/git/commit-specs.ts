import { createHash } from 'node:crypto';
import type { DesiredSnapshot } from '../../model/desired.js';
import { gitSourceId, type Commit, type GitFailure, type GitSettings } from '../../model/git.js';
import { merge } from '../resolve/merge.js';
import { by } from '../parse/order.js';
import { createPacer } from '../files/pacer.js';
import { createCacheResolver } from '../resolve/cache-resolver.js';
import { createWorkspaceResolver } from '../resolve/workspace-resolver.js';
import type { SpecSchemas } from '../check/schema.js';
import type { SecretScan } from '../secrets/secret-reader.js';
import type { SpecFile } from '../parse/spec-file.js';
import { createCommitReader } from './commit-reader.js';
import type { Git } from './git-command.js';
import { judgeCommit } from './judge-commit.js';
import { wholeReading } from './reading.js';
import { createRepository } from './repository.js';

/** One commit of a repository, and its desired state. */
export interface CommitSpecs {
  readonly commit: Commit;
  readonly snapshot: DesiredSnapshot;
  /** Why the commit would not be applied, or null when it would be. */
  readonly failure: GitFailure | null;
}

export interface CommitSnapshotOptions {
  /** The source, whose `ref` is read. */
  readonly settings: GitSettings;
  /** A directory for the clone; the caller removes it. */
  readonly directory: string;
  readonly git: Git;
  readonly schemas: SpecSchemas;
  readonly signal: AbortSignal;
}

/**
 * Replaces the reader of secrets. There is no key here, so the digest only shows whether an encrypted file has changed.
 */
const ENCRYPTED: SecretScan = {
  read: ({ sealed }, _variable, { ageFile = '' }) =>
    Promise.resolve({
      secret: null,
      digest: createHash('sha256')
        .update(sealed.get(ageFile) ?? '')
        .digest('hex'),
      message: null,
    }),
  end: () => undefined,
};

/** Fetches a commit and resolves its specs, without an engine, state or secrets. Throws a GitError or a RefError. */
export async function readCommitSpecs({
  settings,
  directory,
  git,
  schemas,
  signal,
}: CommitSnapshotOptions): Promise<CommitSpecs> {
  const id = gitSourceId(settings.name);
  const repository = createRepository(settings, directory, git);
  const breathe = createPacer(signal);
  await repository.prepare();
  const { name } = await repository.resolve(signal);
  const commit = await repository.fetch(name, signal);
  const readCommit = createCommitReader(repository, schemas, { id, path: settings.path });
  const { files, failure } = await judgeCommit(commit, { id, path: settings.path, repository, readCommit, breathe });
  return { commit, failure, snapshot: await snapshotOf(id, files, commit) };
}

async function snapshotOf(id: string, files: readonly SpecFile[], commit: Commit): Promise<DesiredSnapshot> {
  const merged = merge([wholeReading(id, files)], new Map());
  const wanted = [...merged.wanted.values()].sort(by(({ definition }) => definition.key));
  const resolve = createWorkspaceResolver();
  const workspaces: DesiredSnapshot['workspaces'] = new Map(
    await Promise.all(
      wanted.map(async ({ definition, ...rest }) =>
        definition.kind === 'Workspace' ? [(await resolve({ ...rest, definition }, ENCRYPTED)).desired] : [],
      ),
    ).then((found) => found.flat().map((desired) => [desired.name, desired] as const)),
  );
  const caches = createCacheResolver().resolve(
    wanted.flatMap(({ definition, ...rest }) => (definition.kind === 'NixCache' ? [{ ...rest, definition }] : [])),
    merged,
    workspaces.values(),
  );
  return {
    complete: true,
    workspaces,
    caches,
    claimed: new Set(),
    absent: new Set(),
    removed: new Map(),
    problems: merged.problems,
    revisions: new Map([[id, commit.revision]]),
  };
}
