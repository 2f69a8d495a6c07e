import type { CacheConditionType, CachePhase, CacheReport } from '../model/cache-status.js';
import { knownHoles, NIX_HOLES_AS_OF } from '../model/nix-holes.js';
import { endOfNixpkgs, NIXPKGS_RELEASES_AS_OF } from '../model/nixpkgs-releases.js';
import { problemText } from '../model/problem-text.js';
import { explain, failureClass } from '../model/reasons.js';
import type { Condition } from '../model/condition.js';
import { damageText, verifiedText } from '../model/verify-text.js';
import { capitalised, conditionsFrom, no, unknown, yes, type Finding } from './findings.js';

/**
 * The conditions of a cache after `report`; `previous` are those before it.
 * @param now milliseconds since the epoch
 */
export function cacheConditionsOf(
  report: CacheReport,
  previous: readonly Condition<CacheConditionType>[],
  now: number,
): Condition<CacheConditionType>[] {
  return conditionsFrom<CacheConditionType>(
    [
      ['SpecValid', specValid(report)],
      ['KeeperReady', keeperReady(report)],
      ['KeeperSecure', keeperSecure(report)],
      ['NixpkgsSupported', nixpkgsSupported(report, now)],
      ['BuildsSandboxed', buildsSandboxed(report)],
      ['StoreIntact', storeIntact(report)],
      ['Ready', ready(report)],
    ],
    previous,
    now,
  );
}

/** The phase after `report` for a cache that was in `phase`; null for a cache that is new. */
export function nextCachePhase(phase: CachePhase | null, report: CacheReport): CachePhase {
  const { verdict } = report;
  // As with workspaces, a cache that was ready and is not any more is Degraded; one that was never ready is still on
  // its way.
  const wasReady = phase === 'Ready' || phase === 'Degraded';
  switch (verdict.kind) {
    case 'ready':
      return 'Ready';
    case 'progressing':
      return wasReady ? 'Degraded' : 'Pending';
    case 'failing':
      // A person has requested that the cache be emptied.
      if (verdict.failure.reason === 'CacheClearing') return 'Waiting';
      if (wasReady || answers(report)) return 'Degraded';
      return failureClass(verdict.failure.reason) === 'stalled' ? 'Stalled' : 'Waiting';
    case 'removed':
      return phase ?? 'Pending';
  }
}

function specValid({ spec, verdict }: CacheReport): Finding {
  if (spec.problem !== null) return no('SpecInvalid', problemText(spec.problem));
  const reason = verdict.kind === 'failing' ? verdict.failure.reason : null;
  if (verdict.kind === 'failing' && (reason === 'SpecInvalid' || reason === 'CacheMissing'))
    return no(reason, explain(verdict.failure));
  return yes('Valid', spec.location === null ? 'No file names it: the defaults hold.' : '');
}

function keeperReady(report: CacheReport): Finding {
  const { verdict, keeper } = report;
  if (verdict.kind === 'ready') return yes('Running', '');
  const failure = verdict.kind === 'failing' ? verdict.failure : null;
  // What the engine does not report is unknown, not absent (law 2).
  if (failure?.reason === 'EngineUnreachable') return unknown(failure.reason, explain(failure));
  if (failure?.reason !== 'KeeperNotReady' && answers(report)) return yes('Running', '');
  if (failure !== null) return no(failure.reason, explain(failure));
  if (keeper === null) return no('Missing', 'There is no keeper.');
  if (keeper.state !== 'running') return no(capitalised(keeper.state), `The keeper is ${keeper.state}.`);
  return no('Starting', 'The keeper has not answered yet.');
}

/** What is known of the keeper's Nix; holes are told, and the cache goes on. */
function keeperSecure({ keeper }: CacheReport): Finding {
  const version = keeper?.nixVersion ?? null;
  if (version === null) return unknown('NotKnown', 'The keeper has not told the version of its Nix.');
  const holes = knownHoles(version);
  if (holes === null) return unknown('NotKnown', `${version} is no version of Nix that the table of holes could know.`);
  if (holes.length === 0) return yes('NoKnownHoles', `Nix ${version} has no hole in the table of ${NIX_HOLES_AS_OF}.`);
  const words = holes.map(({ id, lets }) => `${id} (${lets})`).join('; ');
  return no('KnownHoles', explain({ reason: 'KnownHoles', message: `Nix ${version} has known holes: ${words}` }));
}

/** Whether the release of nixpkgs still gets mends, by the controller's clock; the cache goes on in any case. */
function nixpkgsSupported({ nixpkgsRelease: release }: CacheReport, now: number): Finding {
  if (release === null) return unknown('NotKnown', 'The address of its nixpkgs names no release.');
  const end = endOfNixpkgs(release);
  if (end === null)
    return unknown('NotKnown', `The table of ${NIXPKGS_RELEASES_AS_OF} has no release ${release} of nixpkgs.`);
  if (new Date(now).toISOString().slice(0, 10) <= end) return yes('Supported', `nixpkgs ${release}, until ${end}.`);
  const message = `nixpkgs ${release} has had no mends, also of security, since ${end}`;
  return no('NixpkgsUnsupported', explain({ reason: 'NixpkgsUnsupported', message }));
}

/** Whether builds are kept apart; the cache goes on in any case. */
function buildsSandboxed({ sandbox, verdict }: CacheReport): Finding {
  if (sandbox === null) return unknown('NotKnown', 'No spec says how builds run.');
  // A keeper of an earlier spec may serve until another one takes its place.
  if (sandbox && verdict.kind !== 'ready')
    return unknown('NotKnown', 'There is no keeper yet that keeps builds apart.');
  if (sandbox) return yes('Sandboxed', 'Builds see their inputs, and nothing else of the keeper.');
  const message = 'builds run without a sandbox, and see the keeper, its network and each other';
  return no('SandboxOff', explain({ reason: 'SandboxOff', message }));
}

/** Whether the paths of the store are as they were registered, as far as was looked; the cache goes on in any case. */
function storeIntact({ name, verify }: CacheReport): Finding {
  const damage = verify === null ? null : damageText(name, verify);
  if (damage !== null) return no('StoreDamaged', damage);
  const last = verify?.runs.find(({ result }) => result !== 'aborted');
  if (last === undefined)
    return unknown('NotKnown', `Nobody has looked yet: kalpana cache verify ${name} reads the whole store.`);
  return yes('Intact', `${verifiedText(last)} verified at ${new Date(last.startedAt).toISOString()}.`);
}

function ready({ verdict }: CacheReport): Finding {
  switch (verdict.kind) {
    case 'ready':
      return yes('Ready', '');
    case 'progressing':
      return no('Starting', verdict.message);
    case 'failing':
      if (verdict.failure.reason === 'EngineUnreachable')
        return unknown(verdict.failure.reason, explain(verdict.failure));
      return no(verdict.failure.reason, explain(verdict.failure));
    case 'removed':
      return no('Removed', 'Neither a spec nor a workspace names it any more.');
  }
}

function answers({ keeper }: CacheReport): boolean {
  return keeper !== null && keeper.state === 'running' && keeper.nixVersion !== null;
}
