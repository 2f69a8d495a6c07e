import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanCommandOptions } from '../cli/actions.js';
import { EXIT } from '../cli/exit-codes.js';
import { gitCommand } from './git-sources.js';
import type { DesiredSnapshot } from '../model/desired.js';
import type { GitSettings } from '../model/git.js';
import { compareDesired, isEmpty, type Comparison } from '../plan/compare/compare.js';
import { compareMarkdown } from '../plan/compare/compare-markdown.js';
import { compareText } from '../plan/compare/compare-text.js';
import type { Surroundings } from './surroundings.js';
import { readCommitSpecs, type CommitSpecs } from '../source/git/commit-specs.js';
import { fetchFailure } from '../source/git/fetch-failure.js';
import { GitError } from '../source/git/git-command.js';
import { RefError } from '../source/git/remote-ref.js';
import { formatProblem } from '../source/parse/problem.js';
import { loadSchemas } from '../source/check/schema.js';

const NOTHING: Comparison = { workspaces: [], caches: [] };

/**
 * Prints the differences between the commit of the only git source and the commit of `against`, without an engine, and
 * returns the exit code.
 */
export async function compare(options: PlanCommandOptions, around: Surroundings): Promise<number> {
  const [settings] = options.git;
  const { against } = options;
  if (settings === undefined || against === null) throw new Error('--against compares one repository: give --git once');
  const home = await mkdtemp(join(tmpdir(), 'kalpana-compare-'));
  const git = gitCommand(home, around.env);
  const schemas = loadSchemas();
  const read = (one: GitSettings, name: string) =>
    readCommitSpecs({ settings: one, directory: join(home, name), git, schemas, signal: around.signal });
  try {
    const head = await named('--git-ref', settings, () => read(settings, 'head'));
    // The base is only compared and never applied, so its signature does not matter.
    const base = await named('--against', settings, () => read({ ...settings, ref: against, verify: null }, 'base'));
    return report(base, head, options, around);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    around.io.err(`error: ${error.message}\n`);
    return EXIT.failed;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A commit cannot be read; the message is one line. */
class UnreadableError extends Error {}

async function named(option: string, settings: GitSettings, read: () => Promise<CommitSpecs>): Promise<CommitSpecs> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RefError)
      throw new UnreadableError(`${option}: ${error.message.replace('--git-ref', option)}`, { cause: error });
    if (error instanceof GitError)
      throw new UnreadableError(`${option}: ${fetchFailure(error, settings).message.replace('--git-ref', option)}`, {
        cause: error,
      });
    throw error;
  }
}

function report(
  base: CommitSpecs,
  head: CommitSpecs,
  { output, format, against, git }: PlanCommandOptions,
  { io }: Surroundings,
): number {
  const comparison = head.failure === null ? compareDesired(baseSnapshot(base), head.snapshot) : NOTHING;
  const problems = head.failure?.problems ?? [];
  const failure = head.failure?.message ?? null;
  const warnings = baseWarnings(base);
  if (output === 'json') {
    const revisions = { from: base.commit.revision, to: head.commit.revision };
    const json = { ...revisions, ...comparison, problems: problems.map(formatProblem), failure, warnings };
    io.out(`${JSON.stringify(json, null, 2)}\n`);
  } else if (format === 'markdown')
    io.out(
      compareMarkdown(comparison, {
        from: base.commit,
        to: head.commit,
        fromName: against,
        toName: git[0]?.ref ?? null,
        problems,
        failure,
        warnings,
      }),
    );
  else if (failure === null) io.out(compareText(comparison));
  for (const warning of warnings) io.err(`warning: ${warning}\n`);
  for (const problem of problems) io.err(`${formatProblem(problem)}\n`);
  if (failure !== null && problems.length === 0) io.err(`error: ${failure}\n`);
  if (failure !== null) return EXIT.failed;
  return isEmpty(comparison) ? EXIT.ok : EXIT.changes;
}

/**
 * The specs of the base. A base without the directory of specs counts as empty, because the branch may add the first
 * specs.
 */
function baseSnapshot({ snapshot, failure }: CommitSpecs): DesiredSnapshot {
  return failure?.reason === 'PathMissing' ? { ...snapshot, workspaces: new Map(), caches: new Map() } : snapshot;
}

function baseWarnings({ failure }: CommitSpecs): string[] {
  if (failure === null || failure.reason === 'PathMissing') return [];
  return [`compared with the good files of the base alone, for it is invalid itself: ${failure.message}`];
}
