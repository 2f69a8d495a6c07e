import { makeLinks } from './engine-behaviours-links.js';
import {
  definition,
  outcome,
  started,
  stateOf,
  type EngineBehaviour,
  type EngineUnderTest,
} from './engine-behaviours-steps.js';
import { placeOf } from './fake-engine-inside.js';
import type { EngineState, ExecHandler } from './fake-engine-state.js';

const SPEAK = ['sh', '-c', 'echo out; echo; printf "é no newline"; echo err >&2; exit 3'];
const SLEEP = ['sh', '-c', 'echo asleep; sleep 60'];
const WHO = ['sh', '-c', 'echo $(id -u):$(id -g) $WORD'];
const ABSENT = ['kalpana-absent'];
const KEEP = ['sh', '-c', 'touch /data/.local/kept; chmod 700 /data/.local'];
const MODES = ['stat', '-c', '%a %u:%g', '/data/.local', '/data/.local/state'];
const LINK = ['ln', '-s', '/nix/store/a', '/data/one'];

/** What the commands of the table do on a fake engine. */
export function commandsOf(state: () => EngineState): ExecHandler {
  return (container, { command, user, env }) => {
    if (command === SPEAK) return { exitCode: 3, lines: ['out', '', 'err', 'é no newline'] };
    if (command === SLEEP) return { exitCode: 0, lines: ['asleep'], afterMs: 60_000 };
    if (command === WHO) return { exitCode: 0, lines: [`${user ?? '0:0'} ${env?.['WORD'] ?? ''}`] };
    if (command === ABSENT) return { exitCode: 126, lines: ['executable file not found in $PATH'] };
    makeLinks(state(), container, command);
    const { directories, links } = state();
    if (command === LINK) links.set(placeOf(container, '/data/one'), '/nix/store/a');
    if (command === KEEP) directories.set(placeOf(container, '/data/.local'), ['kept']);
    // Those that the fake knows of were put there, as `KEEP` leaves them.
    const mode = (path: string) =>
      directories.get(placeOf(container, path))?.includes('kept') === true ? '700 0:0' : '1777 0:0';
    if (command === MODES)
      return {
        exitCode: 0,
        lines: MODES.slice(3)
          .filter((path) => directories.has(placeOf(container, path)))
          .map(mode),
      };
    return { exitCode: 0 };
  };
}

interface Ran {
  readonly outcome: string;
  readonly lines: readonly string[];
}

/** `whenSaid` runs at the first line. */
async function ran(
  { docker }: EngineUnderTest,
  id: string,
  command: readonly string[],
  more: { user?: string; env?: Record<string, string>; signal?: AbortSignal; whenSaid?: () => void } = {},
): Promise<Ran> {
  const { whenSaid, signal, ...request } = more;
  const lines: string[] = [];
  let code: number | null = null;
  const onLine = (line: string) => {
    if (lines.push(line) === 1) whenSaid?.();
  };
  const call = docker
    .exec(id, { command, onLine, ...request }, signal === undefined ? {} : { signal })
    .then(({ exitCode }) => (code = exitCode));
  const said = await outcome(call, /The container ended before|is not running|is paused|No such container/);
  return { outcome: code === null ? said : `exit ${String(code)}`, lines };
}

const dataIn = (volume: string) => [{ type: 'volume', source: volume, target: '/data', readOnly: false }] as const;

/** Images, and what is done within containers: commands, and files through the archive. */
export const INSIDE_BEHAVIOURS: readonly EngineBehaviour[] = [
  {
    title: 'an image says what PATH it sets',
    expected: '/bin, null',
    run: async ({ docker, image }) =>
      `${(await docker.inspectImage(image))?.path}, ${JSON.stringify(await docker.inspectImage('kalpana/absent:1'))}`,
  },
  {
    title: 'a command gives its exit code and the lines of both streams',
    expected: 'exit 3 ["","err","out","é no newline"]',
    async run(engine) {
      const { outcome: what, lines } = await ran(engine, await started(engine, `${engine.prefix}-a`), SPEAK);
      return `${what} ${JSON.stringify([...lines].sort())}`;
    },
  },
  {
    title: 'a command has the user and the environment that it is given',
    expected: '0:0  | 1234:567 a b',
    async run(engine) {
      const id = await started(engine, `${engine.prefix}-a`);
      const [plain, given] = [
        await ran(engine, id, WHO),
        await ran(engine, id, WHO, { user: '1234:567', env: { WORD: 'a b' } }),
      ];
      return [...plain.lines, ...given.lines].map((line) => line.replace(/^0:0$/, '0:0 ')).join(' | ');
    },
  },
  {
    title: 'a command that cannot be started says so in a line',
    expected: 'cannot start, executable file not found',
    async run(engine) {
      const { outcome: what, lines } = await ran(engine, await started(engine, `${engine.prefix}-a`), ABSENT);
      return `${/^exit 12[67]$/.test(what) ? 'cannot start' : what}, ${/executable file not found/.exec(lines.join())?.[0]}`;
    },
  },
  {
    title: 'commands run in running containers only',
    expected: 'conflict: is not running, conflict: is not running, not-found: No such container',
    async run(engine) {
      const created = await engine.docker.createContainer(`${engine.prefix}-a`, definition(engine));
      const stopped = await started(engine, `${engine.prefix}-b`);
      await engine.docker.stopContainer(stopped, 0);
      const outcomes = [];
      for (const id of [created, stopped, `${engine.prefix}-c`]) outcomes.push((await ran(engine, id, SPEAK)).outcome);
      return outcomes.join(', ');
    },
  },
  {
    title: 'a command ends with its container: killed 137; removed, with 137 or without a record of it',
    expected: 'stopContainer: exit 137 asleep, removeContainer: exit 137 or conflict asleep',
    async run(engine) {
      const seen = [];
      for (const end of ['stopContainer', 'removeContainer'] as const) {
        const id = await started(engine, `${engine.prefix}-${end}`);
        let ending: Promise<void> = Promise.resolve();
        const whenSaid = () => {
          ending =
            end === 'stopContainer' ? engine.docker.stopContainer(id, 0) : engine.docker.removeContainer(id, true);
        };
        const { outcome: what, lines } = await ran(engine, id, SLEEP, { whenSaid });
        await ending;
        // Which of the two is a race within the engine.
        const told =
          end === 'removeContainer'
            ? what.replace(/^(exit 137|conflict: The container ended before)$/, 'exit 137 or conflict')
            : what;
        seen.push(`${end}: ${told} ${lines.join()}`);
      }
      return seen.join(', ');
    },
  },
  {
    title: 'a caller may leave a command, and its container lives on',
    expected: 'aborted running',
    async run(engine) {
      const id = await started(engine, `${engine.prefix}-a`);
      const caller = new AbortController();
      const { outcome: what } = await ran(engine, id, SLEEP, { signal: caller.signal, whenSaid: () => caller.abort() });
      return `${what} ${await stateOf(engine, id)}`;
    },
  },
  {
    title:
      'directories are made for everybody in a directory of a container, with and without it running; one that is there stays as it is',
    expected:
      '1777 0:0,1777 0:0 ["state"], 700 0:0,1777 0:0 ["kept","state"], ok ["kept","more","state"], not-found, not-found',
    async run(engine) {
      const { docker, prefix } = engine;
      const mounts = dataIn(`${prefix}-v`);
      const id = await started(engine, `${prefix}-a`, { mounts });
      const seen = async () =>
        `${(await ran(engine, id, MODES)).lines.join()} ${JSON.stringify([...((await docker.pathEntries(id, '/data/.local', 9)) ?? [])].sort())}`;
      await docker.putDirectories(id, '/data', ['.local', '.local/state']);
      const first = await seen();
      await ran(engine, id, KEEP);
      await docker.putDirectories(id, '/data', ['.local', '.local/state']);
      const second = await seen();
      const idle = await docker.createContainer(`${prefix}-b`, definition(engine, { mounts }));
      const third = await outcome(docker.putDirectories(idle, '/data', ['.local', '.local/more']));
      const all = JSON.stringify([...((await docker.pathEntries(idle, '/data/.local', 9)) ?? [])].sort());
      const lost = [
        await outcome(docker.putDirectories(id, '/kalpana-absent', ['x'])),
        await outcome(docker.putDirectories(`${prefix}-c`, '/', ['x'])),
      ];
      return `${first}, ${second}, ${third} ${all}, ${lost.join(', ')}`;
    },
  },
  {
    title: 'a link says where it points, whether its container runs or not',
    expected: '/nix/store/a, /nix/store/a, null',
    async run(engine) {
      const { docker, prefix } = engine;
      const mounts = dataIn(`${prefix}-v`);
      const id = await started(engine, `${prefix}-a`, { mounts });
      await ran(engine, id, LINK);
      const idle = await docker.createContainer(`${prefix}-b`, definition(engine, { mounts }));
      const targets = [
        await docker.statPath(id, '/data/one'),
        await docker.statPath(idle, '/data/one'),
        await docker.statPath(id, '/data/two'),
      ];
      return targets.map((one) => one?.linkTarget ?? 'null').join(', ');
    },
  },
  {
    title: 'a created container shows its directories',
    expected: '["passwd","group"] known, 2 of /bin, null, not-found',
    async run(engine) {
      const id = await engine.docker.createContainer(`${engine.prefix}-a`, definition(engine));
      const etc = (await engine.docker.pathEntries(id, '/etc', 100)) ?? [];
      const known = ['passwd', 'group'].filter((name) => etc.includes(name));
      const few = await engine.docker.pathEntries(id, '/bin', 2);
      const none = await engine.docker.pathEntries(id, '/kalpana-absent', 2);
      return `${JSON.stringify(known)} known, ${few?.length} of /bin, ${JSON.stringify(none)}, ${await outcome(engine.docker.pathEntries(`${engine.prefix}-b`, '/etc', 1))}`;
    },
  },
  {
    title: 'a directory is copied from a container that never ran into another one',
    expected: 'ok ["passwd","group"], not-found, not-found, not-found, rejected',
    async run(engine) {
      const { docker, prefix } = engine;
      const source = await docker.createContainer(`${prefix}-a`, definition(engine));
      const target = await started(engine, `${prefix}-b`, { mounts: dataIn(`${prefix}-v`) });
      const copy = (from: string, path: string, to: string, directory: string) =>
        outcome(docker.copyPath({ container: from, path }, { container: to, directory }));
      const done = await copy(source, '/etc', target, '/data');
      const names = (await docker.pathEntries(target, '/data/etc', 100)) ?? [];
      const refusals = [
        await copy(source, '/kalpana-absent', target, '/data'),
        await copy(source, '/etc', target, '/kalpana-absent'),
        await copy(source, '/etc', `${prefix}-c`, '/'),
        await copy(target, '/etc', target, '/data'),
      ];
      return `${done} ${JSON.stringify(['passwd', 'group'].filter((name) => names.includes(name)))}, ${refusals.join(', ')}`;
    },
  },
];
