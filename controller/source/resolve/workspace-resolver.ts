import type { DesiredWorkspace, SpecProblem } from '../../model/desired.js';
import type { Secret } from '../../model/secret.js';
import type { Wanted } from './merge.js';
import { problemAt, sameProblem } from '../parse/problem.js';
import { resolveWorkspace } from './resolve-workspace.js';
import type { ResolvedSecrets } from './resolve-workspace.js';
import type { SecretScan } from '../secrets/secret-reader.js';
import type { WorkspaceDefinition } from '../parse/spec-file.js';

const NO_SECRETS: ResolvedSecrets = { digests: new Map(), secrets: new Map(), isReadable: true };

export interface Resolved {
  readonly desired: DesiredWorkspace;
  /** The problems of its secrets. */
  readonly problems: readonly SpecProblem[];
}

export type WorkspaceResolver = (wanted: Wanted<WorkspaceDefinition>, secrets: SecretScan) => Promise<Resolved>;

/**
 * Creates a resolver of workspace definitions. It returns the same object again as long as nothing about a workspace
 * has changed.
 */
export function createWorkspaceResolver(): WorkspaceResolver {
  const memory = new WeakMap<WorkspaceDefinition, DesiredWorkspace>();

  const resolveOnce = (
    definition: WorkspaceDefinition,
    secrets: ResolvedSecrets,
    problem: SpecProblem | null,
  ): DesiredWorkspace => {
    const before = memory.get(definition);
    if (before && sameProblem(before.problem, problem) && sameSecrets(before, secrets)) return before;
    const desired = resolveWorkspace(definition, secrets, problem);
    memory.set(definition, desired);
    return desired;
  };

  return async ({ definition, problem }, scan) => {
    const variables = (definition.workspace.spec.env ?? []).flatMap(({ name, valueFrom }) =>
      valueFrom ? [{ name, valueFrom }] : [],
    );
    if (variables.length === 0) return { desired: resolveOnce(definition, NO_SECRETS, problem), problems: [] };

    const digests = new Map<string, string>();
    const secrets = new Map<string, Secret>();
    const problems: SpecProblem[] = [];
    for (const { name, valueFrom } of variables) {
      const reading = await scan.read(definition, name, valueFrom);
      digests.set(name, reading.digest);
      if (reading.secret) secrets.set(name, reading.secret);
      if (reading.message)
        problems.push(
          problemAt(
            definition.secretLocations.get(name) ?? definition.location,
            `spec.env: ${reading.message}`,
            definition.name,
          ),
        );
    }
    const isReadable = problems.length === 0;
    return {
      desired: resolveOnce(definition, { digests, secrets, isReadable }, problem ?? problems[0] ?? null),
      problems,
    };
  };
}

function sameSecrets(before: DesiredWorkspace, secrets: ResolvedSecrets): boolean {
  if (before.secretsReadable !== secrets.isReadable || before.secrets.size !== secrets.secrets.size) return false;
  return (
    before.creation.env.every((entry) => !('digest' in entry) || entry.digest === secrets.digests.get(entry.name)) &&
    [...secrets.secrets].every(([name, secret]) => before.secrets.get(name)?.reveal() === secret.reveal())
  );
}
