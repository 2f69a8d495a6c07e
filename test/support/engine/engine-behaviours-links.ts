import { definition, outcome, started, type EngineBehaviour, type EngineUnderTest } from './engine-behaviours-steps.js';
import { placeOf } from './fake-engine-inside.js';
import type { EngineState, FakeContainer } from './fake-engine-state.js';

/** Links by what they are for; names are relative to `/data`, which has a directory `dir/sub` and a file `file`. */
const TARGETS = {
  raw: '/etc/passwd',
  second: 'raw',
  third: '/data/second',
  relative: './file',
  upwards: '../../../etc/group',
  directory: '/data/dir',
  'slash-at-the-end': 'dir/',
  unclean: 'dir//sub/../x',
  missing: '/nix/store/kalpana-absent',
  self: 'self',
  'loop-a': 'loop-b',
  'loop-b': '/data/loop-a',
  'through-a-loop': 'self/x',
  'through-a-file': 'file/x',
  'long-name': 'x'.repeat(300),
  // No longer one than the host has with the engine's own directories before it.
  'long-path': `/nix/store/${'y'.repeat(200)}/${'z'.repeat(200)}`,
  'dir/inner': '../file',
} as const;

const STRANGE_NAMES = [
  'a space',
  ' first',
  'last ',
  "'single'",
  '"double"',
  '100%',
  '%2Fescaped',
  'a+b',
  'a&path=c',
  '#?;',
  'back\\slash',
  '$HOME',
  '`x`',
  '*',
  '-n',
  '...',
  'new\nline',
  'tab\t',
  'é ü ß',
  '日本語',
  '🙂',
  'e\u0301',
  'n'.repeat(255),
];

const LINKS: Readonly<Record<string, string>> = {
  ...TARGETS,
  ...Object.fromEntries(STRANGE_NAMES.map((name) => [name, `to ${name.slice(0, 99)}`])),
};

const MAKE_LINKS = [
  'sh',
  '-c',
  'mkdir -p /data/dir/sub && touch /data/file && while [ $# -gt 0 ]; do ln -s -- "$2" "/data/$1" || exit 1; shift 2; done',
  'sh',
  ...Object.entries(LINKS).flat(),
];
const OUTSIDE = { '/tmp/outside': '/data/second', '/loop': 'loop' };
const MAKE_OUTSIDE = ['sh', '-c', 'ln -s /data/second /tmp/outside && ln -s loop /loop'];

/** What these commands do on a fake engine. */
export function makeLinks({ links }: EngineState, container: FakeContainer, command: readonly string[]): void {
  if (command === MAKE_LINKS)
    for (const [name, target] of Object.entries(LINKS)) links.set(placeOf(container, `/data/${name}`), target);
  if (command === MAKE_OUTSIDE)
    for (const [path, target] of Object.entries(OUTSIDE)) links.set(placeOf(container, path), target);
}

async function withLinks(engine: EngineUnderTest): Promise<string> {
  const id = await started(engine, `${engine.prefix}-a`, { mounts: dataOf(engine) });
  for (const command of [MAKE_LINKS, MAKE_OUTSIDE]) {
    const said: string[] = [];
    const { exitCode } = await engine.docker.exec(id, { command, onLine: (line) => said.push(line) });
    if (exitCode !== 0) throw new Error(`the links cannot be made: ${said.join(' ')}`);
  }
  return id;
}

const dataOf = ({ prefix }: EngineUnderTest) =>
  [{ type: 'volume', source: `${prefix}-v`, target: '/data', readOnly: false }] as const;

/** What links hold, for a collector that follows users' `result` links itself. */
export const LINK_BEHAVIOURS: readonly EngineBehaviour[] = [
  {
    title: 'a link gives its target as it was written: one to a link, one to nothing, one in a loop',
    expected: JSON.stringify(TARGETS),
    async run(engine) {
      const id = await withLinks(engine);
      const seen: Record<string, string | null> = {};
      for (const name of Object.keys(TARGETS)) seen[name] = await engine.docker.readLink(id, `/data/${name}`);
      return JSON.stringify(seen);
    },
  },
  {
    title: 'a link may have any name, and any text for its target',
    expected: '[]',
    async run(engine) {
      const id = await withLinks(engine);
      const wrong = [];
      for (const name of STRANGE_NAMES) {
        const target = await engine.docker.readLink(id, `/data/${name}`);
        if (target !== LINKS[name]) wrong.push([name, target]);
      }
      return JSON.stringify(wrong);
    },
  },
  {
    title:
      'what is no link has no target: a directory, a file, nothing, what is below nothing, a file or a loop, and what a link leads to',
    expected: 'null null null null null null null null null null null null null null null',
    async run(engine) {
      const id = await withLinks(engine);
      const below = [
        'dir',
        'file',
        'absent',
        'absent/x',
        'file/x',
        'file/x/y',
        'raw/x',
        'missing/x',
        'self/x',
        'loop-a/x/y',
        'directory/',
        'raw/',
        'self/',
        'n'.repeat(256),
      ];
      const targets = [];
      for (const path of ['/', ...below.map((name) => `/data/${name}`)])
        targets.push(await engine.docker.readLink(id, path));
      return targets.map(String).join(' ');
    },
  },
  {
    title: 'links on the way are followed; a container has links of its own beside those of its volumes',
    expected: '../file ../file /data/second loop, /etc/passwd',
    async run(engine) {
      const id = await withLinks(engine);
      const paths = ['/data/dir/inner', '/data/directory/inner', '/tmp/outside', '/loop'];
      const targets = [];
      for (const path of paths) targets.push(await engine.docker.readLink(id, path));
      return `${targets.join(' ')}, ${(await engine.docker.readLink(id, '/data/slash-at-the-end/../raw')) ?? 'null'}`;
    },
  },
  {
    title: 'a link is read in a container in any state, and in another one with the same volume',
    expected:
      'running raw self /data/second, paused raw self /data/second, exited raw self /data/second, created raw self null, not-found: No such container',
    async run(engine) {
      const { docker, prefix } = engine;
      const id = await withLinks(engine);
      const seen: string[] = [];
      const look = async (container: string) => {
        const targets = [];
        for (const path of ['/data/second', '/data/self', '/tmp/outside'])
          targets.push(await docker.readLink(container, path));
        seen.push(`${(await docker.inspectContainer(container))?.state} ${targets.map(String).join(' ')}`);
      };
      await look(id);
      await engine.pause(id);
      await look(id);
      await docker.unpauseContainer(id);
      await docker.stopContainer(id, 0);
      await look(id);
      await look(await docker.createContainer(`${prefix}-b`, definition(engine, { mounts: dataOf(engine) })));
      return `${seen.join(', ')}, ${await outcome(docker.readLink(`${prefix}-c`, '/data/second'), /No such container/)}`;
    },
  },
];
