import type { CallOptions, DockerPort } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import { createKeeperExec, SILENCE_MS, TOLD } from '../keeper/keeper-exec.js';
import { ROOT_USER } from '../keeper/scripts.js';
import * as scripts from './gc-scripts.js';
import type { FoundLink } from './plan-roots.js';
import { rootInventoryFrom, type Generation, type KnownLink, type Pin, type RootInventory } from './root-inventory.js';

/** In the order in which they are made and dropped. */
export interface RootChange {
  readonly pin?: readonly Pick<FoundLink, 'owner' | 'name' | 'path'>[];
  /** Store paths that running processes use. */
  readonly run?: readonly string[];
  readonly expire?: readonly Pick<Generation, 'profile' | 'number'>[];
  readonly dropProfiles?: readonly string[];
  readonly unpin?: readonly Pick<Pin, 'owner' | 'name' | 'path'>[];
  readonly forget?: readonly string[];
  /** The collector that waits goes on. */
  readonly go?: boolean;
}

export interface Collected {
  /** Store paths, with their bytes on the disk in a dry run. */
  readonly dead: ReadonlyMap<string, number>;
  readonly livePaths: number;
  readonly freedBytes: number;
  readonly freedPaths: number;
  readonly leftPaths: number;
}

export interface CollectRequest {
  readonly dryRun: boolean;
  readonly maxFreed: number | null;
  /** The daemon stands still; the links that clients made until then. */
  readonly onFrozen: (links: readonly KnownLink[]) => void;
  readonly onDeleting: (path: string, count: number) => void;
}

/** Nix would have deleted these. */
export class RootAtRiskError extends FailureError {
  override readonly name = 'RootAtRiskError' as never;
}

/** How long the collector waits for the word to go on. The daemon stands still for so long at most when the controller dies. */
const GO_MS = 20_000;
const RELEASE_MS = 60_000;
/** Linux takes 128 KiB in one variable. */
const LONGEST_VARIABLE = 100_000;

export type GcCommands = ReturnType<typeof createGcCommands>;

/** What a collection does in a keeper. Failures are `FailureError`s, those of the engine `EngineError`s. */
export function createGcCommands(docker: DockerPort, keeperId: string) {
  const { run, told } = createKeeperExec(docker, keeperId);

  async function changeRoots(change: RootChange, options: CallOptions): Promise<void> {
    const words = {
      KALPANA_PIN: (change.pin ?? []).map(({ owner, name, path }) => `${owner} ${pinFile(name, path)} ${path}`),
      KALPANA_RUN: change.run ?? [],
      KALPANA_EXPIRE: [
        ...(change.dropProfiles ?? []),
        ...(change.expire ?? []).map(({ profile, number }) => `${profile}-${number}-link`),
      ],
      KALPANA_UNPIN: (change.unpin ?? []).map(({ owner, name, path }) => `${owner}/${pinFile(name, path)}`),
      KALPANA_FORGET: change.forget ?? [],
    };
    const batches = batchesOf(words);
    for (const [index, env] of batches.entries()) {
      const isLast = index === batches.length - 1;
      await told(
        scripts.CHANGE_ROOTS_SCRIPT,
        ROOT_USER,
        { ...env, KALPANA_GO: isLast && change.go === true ? '1' : '' },
        'the roots could not be changed',
        options,
      );
    }
  }

  return {
    async inventory(options: CallOptions): Promise<RootInventory> {
      const lines = await told(scripts.ROOTS_SCRIPT, ROOT_USER, {}, 'the roots could not be read', options);
      if (lines.includes('busy'))
        throw new FailureError({ reason: 'GcBusy', message: 'another collection is under way in the keeper' });
      return rootInventoryFrom(lines);
    },
    changeRoots,

    /** From the daemon's standstill to Nix's end; it goes on after a `changeRoots` with `go`. */
    async collect(
      { dryRun, maxFreed, onFrozen, onDeleting }: CollectRequest,
      options: CallOptions,
    ): Promise<Collected> {
      const rows: string[][] = [];
      const links: string[] = [];
      const others: string[] = [];
      let deleting = 0;
      const onLine = (line: string) => {
        if (!line.startsWith(TOLD)) return void others.push(line);
        const words = line.slice(TOLD.length);
        if (words.startsWith('links ')) return void links.push(words);
        if (words === 'frozen') return onFrozen(rootInventoryFrom(links).links);
        if (words.startsWith('deleting ')) return onDeleting(words.slice('deleting '.length), (deleting += 1));
        rows.push(words.split(' '));
      };
      const env = {
        KALPANA_MODE: dryRun ? 'dry-run' : 'collect',
        KALPANA_GO_MS: String(GO_MS),
        KALPANA_MAX_FREED: maxFreed === null ? '' : String(maxFreed),
      };
      const code = await run(scripts.COLLECT_SCRIPT, ROOT_USER, env, onLine, { deadlineMs: SILENCE_MS, ...options });
      const of = (kind: string) => rows.filter(([first]) => first === kind);
      const atRisk = of('at-risk').map(([, path]) => path);
      if (atRisk.length > 0)
        throw new RootAtRiskError({
          reason: 'RootAtRisk',
          message: `Nix takes ${atRisk.slice(0, 3).join(', ')}${atRisk.length > 3 ? ` and ${atRisk.length - 3} others` : ''} for dead, and they are in use`,
        });
      if (code !== 0)
        throw new FailureError({
          reason: code === 20 ? 'GcBusy' : 'KeeperNotReady',
          message: `the collection in the keeper failed: ${others.at(-1) ?? `code ${code}`}`,
        });
      const [, freedBytes = '0', freedPaths = '0'] = of('freed')[0] ?? [];
      return {
        dead: new Map(of('dead').map(([, path = '', bytes = '0']) => [path, Number(bytes)])),
        livePaths: Number(of('live')[0]?.[1] ?? 0),
        freedBytes: Number(freedBytes),
        freedPaths: Number(freedPaths),
        leftPaths: Number(of('left')[0]?.[1] ?? 0),
      };
    },

    /** Store paths that were in use and not there: some could be had once more. */
    async verify(
      options: CallOptions,
    ): Promise<{ readonly mended: readonly string[]; readonly lost: readonly string[] }> {
      const lines = await told(scripts.VERIFY_SCRIPT, ROOT_USER, {}, 'the store could not be looked through', {
        deadlineMs: SILENCE_MS,
        ...options,
      });
      const of = (kind: string) =>
        lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
      return { mended: of('mended'), lost: of('lost') };
    },

    /** The run's own roots go, once the keeper has its lock again. */
    release: async (options: CallOptions): Promise<void> =>
      void (await told(scripts.RELEASE_RUN_SCRIPT, ROOT_USER, {}, 'the run could not be ended', {
        deadlineMs: RELEASE_MS,
        ...options,
      })),

    optimise: async (options: CallOptions): Promise<void> =>
      void (await told(scripts.OPTIMISE_SCRIPT, ROOT_USER, {}, 'the store could not be optimised', {
        deadlineMs: SILENCE_MS,
        ...options,
      })),

    /** NAR bytes that `keep` keeps, and those that only candidates keep, by candidate and path. */
    async pressure(
      keep: readonly string[],
      candidates: readonly string[],
      options: CallOptions,
    ): Promise<{ readonly base: number; readonly own: ReadonlyMap<string, ReadonlyMap<string, number>> }> {
      const own = new Map<string, Map<string, number>>();
      let base = 0;
      for (const [index, env] of batchesOf({
        KALPANA_KEEP: [...new Set(keep)],
        KALPANA_CANDIDATES: [...new Set(candidates)],
      }).entries()) {
        for (const line of await told(
          scripts.PRESSURE_SCRIPT,
          ROOT_USER,
          { ...env, KALPANA_FIRST: index === 0 ? '1' : '' },
          'the store could not be measured',
          options,
        )) {
          const [kind, first = '', path = '', bytes = '0'] = line.split(' ');
          if (kind === 'base') base = Number(first);
          else if (kind === 'own')
            own.set(first, (own.get(first) ?? new Map<string, number>()).set(path, Number(bytes)));
        }
      }
      return { base, own };
    },
  };
}

/** One file of a name may be there twice, with another path each. */
function pinFile(name: string, path: string): string {
  return `${name}.${path.slice('/nix/store/'.length).slice(0, 32)}`;
}

/** One list after the other, in pieces that fit: what comes first is made first. */
function batchesOf<K extends string>(words: Readonly<Record<K, readonly string[]>>): Record<K, string>[] {
  const empty = Object.fromEntries(Object.keys(words).map((key) => [key, ''])) as Record<K, string>;
  const batches: Record<K, string>[] = [];
  let batch = { ...empty };
  let length = 0;
  for (const [key, lines] of Object.entries(words) as [K, readonly string[]][]) {
    for (const line of lines) {
      if (length + line.length > LONGEST_VARIABLE) {
        batches.push(batch);
        batch = { ...empty };
        length = 0;
      }
      batch[key] += `${line}\n`;
      length += line.length + 1;
    }
  }
  return [...batches, batch];
}
