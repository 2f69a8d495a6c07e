import type { ExecRequest } from '../../../controller/model/engine-objects.js';
import type { Effects } from './fake-engine-containers.js';
import { conflict, notFound, rejected, unreachable } from './fake-engine-errors.js';
import {
  findContainer,
  type EngineCore,
  type EngineState,
  type ExecHandler,
  type FakeContainer,
} from './fake-engine-state.js';

/** What is done within containers: commands, and files through the archive. */
export function insideEffects(
  core: EngineCore,
  handler: ExecHandler,
): Pick<Effects, 'exec' | 'pathEntries' | 'copyPath' | 'putDirectories'> {
  const { state } = core;

  function need(verb: string, idOrName: string): FakeContainer {
    const container = findContainer(state, idOrName);
    if (container === undefined) throw notFound(verb, `No such container: ${idOrName}`);
    return container;
  }

  function needDirectory(verb: string, container: FakeContainer, path: string): void {
    if (namesIn(state, container, path) === null)
      throw notFound(verb, `Could not find the file ${path} in container ${container.name}`);
  }

  return {
    exec(idOrName, request) {
      const container = need('exec', idOrName);
      if (container.state === 'paused')
        throw conflict('exec', `Container ${idOrName} is paused, unpause the container before exec`);
      if (container.state !== 'running') throw conflict('exec', `Container ${container.id} is not running`);
      return runCommand(core, container, request, handler);
    },
    pathEntries: (idOrName, path, limit) =>
      namesIn(state, need('pathEntries', idOrName), path)?.slice(0, limit) ?? null,
    copyPath(from, to) {
      if (from.container === to.container)
        throw rejected('copyPath', 'A copy within one container would wait for itself');
      const target = need('copyPath', to.container);
      needDirectory('copyPath', target, to.directory);
      const source = need('copyPath', from.container);
      needDirectory('copyPath', source, from.path);
      const copied = placeOf(target, `${to.directory}/${from.path.split('/').at(-1)}`);
      const names = new Set([...(state.directories.get(copied) ?? []), ...(namesIn(state, source, from.path) ?? [])]);
      state.directories.set(copied, [...names].sort());
    },
    putDirectories(idOrName, directory, names) {
      const container = need('putDirectories', idOrName);
      needDirectory('putDirectories', container, directory);
      for (const name of names) {
        const place = placeOf(container, `${directory}/${name}`);
        state.directories.set(place, state.directories.get(place) ?? []);
      }
    },
  };
}

function runCommand(
  core: EngineCore,
  container: FakeContainer,
  request: ExecRequest,
  handler: ExecHandler,
): Promise<{ exitCode: number }> {
  const { exitCode, lines = [], afterMs = 0, onStart } = handler(container, request);
  lines.forEach((line) => request.onLine(line));
  if (afterMs === 0) return Promise.resolve({ exitCode });
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      cancel();
      container.endings.delete(onEnding);
      core.streams.delete(onCut);
      settle();
    };
    const onEnding = (how: 'ended' | 'removed') =>
      end(() =>
        how === 'ended'
          ? resolve({ exitCode: 137 })
          : reject(conflict('exec', "The container ended before the command's end was known: No such exec instance")),
      );
    const onCut = () => end(() => reject(unreachable('exec')));
    const cancel = afterMs === Infinity ? () => {} : core.clock.after(afterMs, () => end(() => resolve({ exitCode })));
    container.endings.add(onEnding);
    core.streams.add(onCut);
    onStart?.((code, last) => {
      if (!core.streams.has(onCut)) return;
      last.forEach((line) => request.onLine(line));
      end(() => resolve({ exitCode: code }));
    });
  });
}

/** Where a path of a container is kept: with the volume that holds it, or with the container. */
export function placeOf(container: FakeContainer, path: string): string {
  const clean = `/${path
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')}`;
  const holding = container.mounts
    .filter(({ target }) => clean === target || clean.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  return holding === undefined
    ? `container ${container.id}:${clean}`
    : `${holding.type} ${holding.source}:${clean.slice(holding.target.length)}`;
}

/** As Linux has it; the engine itself follows more. */
const MOST_LINKS = 40;

/** The raw target of a link; links on the way to it are followed, and lead nowhere in a loop. */
export function linkAt(state: EngineState, container: FakeContainer, path: string): string | null {
  const left = path.split('/');
  const name = left.pop() ?? '';
  let way = '';
  for (let followed = 0; left.length > 0;) {
    const segment = left.shift();
    if (segment === '' || segment === '.') continue;
    const target = segment === '..' ? undefined : state.links.get(placeOf(container, `${way}/${segment}`));
    if (target === undefined)
      way = segment === '..' ? way.slice(0, Math.max(0, way.lastIndexOf('/'))) : `${way}/${segment}`;
    else if ((followed += 1) > MOST_LINKS) return null;
    else {
      left.unshift(...target.split('/'));
      if (target.startsWith('/')) way = '';
    }
  }
  // `l/` is what `l` leads to, and no link.
  return name === '' || name === '.' || name === '..'
    ? null
    : (state.links.get(placeOf(container, `${way}/${name}`)) ?? null);
}

export function forgetVolume({ links, directories }: EngineState, name: string): void {
  for (const kept of [links, directories])
    for (const place of kept.keys()) if (place.startsWith(`volume ${name}:`)) kept.delete(place);
}

/** The names in a directory; null when there is none that the fake knows of. A mount hides what the image has there. */
function namesIn(state: EngineState, container: FakeContainer, path: string): readonly string[] | null {
  const place = placeOf(container, path);
  const below = (kept: string) =>
    kept.startsWith(`${place}/`) ? kept.slice(place.length + 1).split('/')[0] : undefined;
  const added = [
    ...(state.directories.get(place) ?? []),
    ...[...state.links.keys(), ...state.directories.keys()].map(below),
  ].filter((name) => name !== undefined);
  const ofImage = place.startsWith('container ')
    ? state.imageDirectories.get(container.definition.image.replace(/^sha256:/, ''))?.get(path)
    : undefined;
  const isThere =
    ofImage !== undefined ||
    added.length > 0 ||
    path === '/' ||
    state.links.has(place) ||
    container.mounts.some(({ target }) => target === path);
  return isThere ? [...new Set([...(ofImage ?? []), ...added])].sort() : null;
}
