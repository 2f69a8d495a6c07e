import { keyOfPath } from '../../../controller/nix/packages/environment-key.js';
import {
  CHANGE_ROOTS_SCRIPT,
  COLLECT_SCRIPT,
  ROOTS_SCRIPT,
  SCAN_SCRIPT,
} from '../../../controller/nix/gc/gc-scripts.js';
import { VERIFY_STORE_SCRIPT } from '../../../controller/nix/verify/verify-scripts.js';
import * as scripts from '../../../controller/nix/keeper/scripts.js';
import type { ExecHandler } from '../engine/fake-engine-state.js';

/** What a cache's volume holds, as far as the controller asks. */
export interface SimStore {
  /** Environment paths. */
  readonly environments: Set<string>;
  /** Environment paths by workspace. */
  readonly profiles: Map<string, string>;
  /** How often each environment was realised. */
  readonly realised: Map<string, number>;
  /** Ids of images whose own stores were imported, without their algorithm. */
  readonly images: Set<string>;
  /** Environment paths that running processes use. */
  readonly used: Set<string>;
  /** What a collection that stands still waits for. */
  readonly waiting: Set<() => void>;
  collections: number;
  /** Environment paths that are not as they were registered. */
  readonly damaged: Set<string>;
  /** What ends each verification under way. */
  readonly verifying: Set<() => void>;
  /** How many paths each verification looked at. */
  readonly verified: number[];
}

export interface SimKeepers {
  readonly exec: ExecHandler;
  store(volume: string): SimStore;
  /** What resolving a request ends with from now on: words for a failure, or null. */
  fail(words: string | null): void;
}

const HASH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av';
const pathOf = (key: string) => `/nix/store/${HASH}-kalpana-env-${key}`;

/**
 * Keepers of the fake engine: what our scripts do on a real one, in a word each. Their truth is kept with the volume.
 */
export function createSimKeepers({ realiseMs = 500 } = {}): SimKeepers {
  const stores = new Map<string, SimStore>();
  let failure: string | null = null;

  function store(volume: string): SimStore {
    const known = stores.get(volume) ?? {
      environments: new Set<string>(),
      profiles: new Map<string, string>(),
      realised: new Map<string, number>(),
      images: new Set<string>(),
      used: new Set<string>(),
      waiting: new Set<() => void>(),
      collections: 0,
      damaged: new Set<string>(),
      verifying: new Set<() => void>(),
      verified: [],
    };
    stores.set(volume, known);
    return known;
  }

  const exec: ExecHandler = (container, request) => {
    const { command, env = {} } = request;
    const stored = store(container.mounts.find(({ target }) => target === '/nix')?.source ?? '');
    const { environments, profiles, realised, images, used, waiting } = stored;
    switch (command[2]) {
      case scripts.INVENTORY_SCRIPT:
        return {
          exitCode: 0,
          lines: [
            'kalpana: version 2.26.3',
            ...[...profiles].map(([workspace, path]) => `kalpana: profile ${workspace} ${path}`),
            ...[...environments].map((path) => `kalpana: environment ${path} 4 1000`),
            ...[...images].map((image) => `kalpana: image ${image}`),
          ],
          afterMs: 50,
        };
      case scripts.RESOLVE_SCRIPT: {
        if (failure !== null) return { exitCode: 10, lines: [`error: ${failure}`], afterMs: 20 };
        const { key } = JSON.parse(env['KALPANA_REQUEST'] ?? '{}') as { key: string };
        return {
          exitCode: 0,
          lines: ['kalpana: pid 7', `kalpana: derivation ${pathOf(key)}.drv`, `kalpana: out /nix/store/${HASH}-shared`],
          afterMs: 20,
        };
      }
      case scripts.REALISE_SCRIPT: {
        const path = pathOf(env['KALPANA_KEY'] ?? '');
        environments.add(path);
        realised.set(path, (realised.get(path) ?? 0) + 1);
        return {
          exitCode: 0,
          lines: [`kalpana: closure 1000 /nix/store/${HASH}-shared`, `kalpana: environment ${path}`],
          afterMs: realiseMs,
        };
      }
      case scripts.LINK_SCRIPT: {
        const path = env['KALPANA_ENVIRONMENT'] ?? '';
        if (!environments.has(path)) return { exitCode: 13, lines: ['kalpana: gone'] };
        const workspaces = (env['KALPANA_WORKSPACES'] ?? '').split(' ');
        for (const workspace of workspaces) profiles.set(workspace, path);
        return { exitCode: 0, lines: workspaces.map((workspace) => `kalpana: linked ${workspace}`), afterMs: 20 };
      }
      case scripts.LINK_SESSION_SCRIPT:
        request.onInput?.((text) => {
          const [path = '', ...workspaces] = text.trim().split(' ');
          if (container.state !== 'running') return;
          if (environments.has(path)) for (const workspace of workspaces) profiles.set(workspace, path);
          if (environments.has(path))
            for (const workspace of workspaces) request.onLine(`kalpana: linked ${workspace}`);
          request.onLine(`kalpana: ended ${environments.has(path) ? 0 : 13}`);
        });
        return { exitCode: 0, lines: ['kalpana: waits'], afterMs: Infinity };
      case scripts.IMPORT_SCRIPT:
        images.add(env['KALPANA_IMAGE'] ?? '');
        return { exitCode: 0, lines: ['kalpana: imported 5'], afterMs: realiseMs };
      case scripts.RELEASE_SCRIPT:
        for (const image of (env['KALPANA_IMAGES'] ?? '').split(' ')) images.delete(image);
        return { exitCode: 0, lines: [], afterMs: 20 };
      case scripts.MEASURE_SCRIPT:
        return { exitCode: 0, lines: [`kalpana: store ${environments.size} ${environments.size}`] };
      case ROOTS_SCRIPT:
        waiting.clear();
        return {
          exitCode: 0,
          lines: ['kalpana: now 0', ...[...profiles].flatMap(([workspace, path]) => rootLines(workspace, path))],
          afterMs: 20,
        };
      case CHANGE_ROOTS_SCRIPT:
        for (const file of (env['KALPANA_EXPIRE'] ?? '').split('\n')) profiles.delete(file);
        if (env['KALPANA_GO'] !== '') for (const go of waiting) go();
        return { exitCode: 0, lines: [], afterMs: 20 };
      case SCAN_SCRIPT:
        return { exitCode: 0, lines: [...used].map((path) => `kalpana: path ${path}`), afterMs: 50 };
      case COLLECT_SCRIPT:
        return {
          exitCode: 0,
          lines: ['kalpana: frozen 1'],
          afterMs: 20_000,
          onStart: (end) =>
            waiting.add(() => {
              const kept = new Set([...profiles.values(), ...used]);
              const dead = [...environments].filter((path) => !kept.has(path));
              if (env['KALPANA_MODE'] === 'collect') for (const path of dead) environments.delete(path);
              if (env['KALPANA_MODE'] === 'collect') stored.collections += 1;
              end(0, [
                `kalpana: live ${kept.size}`,
                ...dead.map((path) => `kalpana: dead ${path} 1000`),
                `kalpana: freed ${dead.length * 1000} ${dead.length}`,
              ]);
            }),
        };
      case VERIFY_STORE_SCRIPT:
        return verification(stored, env);
      case scripts.CANCEL_SCRIPT:
        for (const end of stored.verifying) end();
        return { exitCode: 0, lines: [] };
      default:
        return { exitCode: 0, lines: [] };
    }
  };

  return { exec, store, fail: (words) => void (failure = words) };
}

/** As verify-store.sh does; it tells everything at once, and ends a second later. */
function verification(stored: SimStore, env: Readonly<Record<string, string>>): ReturnType<ExecHandler> {
  const { environments, damaged, verifying, verified } = stored;
  const known = (env['KALPANA_KNOWN'] ?? '').split('\n').filter((path) => path !== '');
  const others = [...environments].filter((path) => !known.includes(path)).sort();
  const after = others.filter((path) => path > (env['KALPANA_AFTER'] ?? ''));
  const count = Math.ceil((environments.size * Number(env['KALPANA_SHARE'])) / 100);
  const share = [...after, ...others.filter((path) => !after.includes(path))].slice(0, count);
  const fates = [...known, ...share].flatMap((path) => {
    if (!environments.has(path)) return [`gone ${path}`];
    if (!damaged.has(path)) return [`whole ${path}`];
    if (env['KALPANA_REPAIR'] === '') return [`damaged ${path}`];
    damaged.delete(path);
    return [`damaged ${path}`, `mended ${path}`];
  });
  verified.push(share.length);
  const told = [
    `of ${share.length} ${environments.size}`,
    ...fates,
    `verified ${share.length} 1000`,
    `at ${share.at(-1)}`,
  ];
  return {
    exitCode: 0,
    lines: ['pid 7', ...told].map((line) => `kalpana: ${line}`),
    afterMs: 1_000,
    onStart(end) {
      const stop = () => {
        verifying.delete(stop);
        end(143, []);
      };
      verifying.add(stop);
    },
  };
}

function rootLines(workspace: string, path: string): string[] {
  const link = `/nix/var/nix/profiles/kalpana/${workspace}`;
  return [`kalpana: root 0 ${link}\t${workspace}-1-link`, `kalpana: root 0 ${link}-1-link\t${path}`];
}

/** Packages of a profile cannot be read off its path; that two hold the same can. */
export function keyIn(stored: SimStore, workspace: string): string | null {
  return keyOfPath(stored.profiles.get(workspace) ?? '');
}
