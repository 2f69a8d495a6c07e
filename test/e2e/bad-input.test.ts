import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Finished, Kalpana } from '../support/e2e/kalpana.js';
import { createSite, type Site } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, workspace } from '../support/e2e/kalpana-specs.js';

const text = (name: string, spec: object = {}) => JSON.stringify(workspace(name, spec));
const raw = (file: string, content: string | Uint8Array) => (site: Site) => site.write(file, content);
let listener: Server;

/** One bad thing each; `message` is what its line says. */
const cases: readonly { what: string; file: string; make: (site: Site) => unknown; message: RegExp }[] = [
  { what: 'wrong JSON', file: 'b01.json', make: raw('b01.json', '{ "kind": Workspace }'), message: /not valid JSON/ },
  {
    what: 'a wrong type',
    file: 'b02.json',
    make: raw('b02.json', text('b02', { ports: 'many' })),
    message: /ports.*(array|list)/,
  },
  {
    what: 'an unknown field',
    file: 'b03.json',
    make: raw('b03.json', text('b03', { restartPolcy: 'no' })),
    message: /restartPolcy.*restartPolicy/,
  },
  {
    what: 'a name that is no DNS label',
    file: 'b04.json',
    make: raw('b04.json', text('Bad_Name')),
    message: /metadata\.name.*DNS label/,
  },
  {
    what: 'a name that another file has',
    file: 'b05.json',
    make: (site) => (site.write('b05.json', text('bad-twin')), site.write('b05-too.json', text('bad-twin'))),
    message: /"bad-twin" is also defined at .*b05-too\.json/,
  },
  {
    what: 'a 50 MB file',
    file: 'b06.json',
    make: (site) => (site.write('b06.json', '{'), truncateSync(join(site.specs, 'b06.json'), 50_000_000)),
    message: /larger than 1 MiB/,
  },
  {
    what: 'a FIFO',
    file: 'b07.json',
    make: (site) => execFileSync('mkfifo', [join(site.specs, 'b07.json')]),
    message: /is a named pipe/,
  },
  {
    what: 'a symlink out of the directory',
    file: 'b08.json',
    make: (site) => (
      writeFileSync(join(site.dir, 'outside.json'), text('outside')),
      symlinkSync('../outside.json', join(site.specs, 'b08.json'))
    ),
    message: /leads out of the source directory/,
  },
  {
    what: 'a link to nothing',
    file: 'b09.json',
    make: (site) => symlinkSync('nowhere.json', join(site.specs, 'b09.json')),
    message: /link to a file that does not exist/,
  },
  {
    what: 'a socket',
    file: 'b10.json',
    make: (site) =>
      new Promise<void>((resolve) => (listener = createServer().listen(join(site.specs, 'b10.json'), resolve))),
    message: /is a socket/,
  },
  {
    what: '__proto__ as a key',
    file: 'b11.json',
    make: raw(
      'b11.json',
      '{"apiVersion":"kalpana.dev/v1","kind":"Workspace","metadata":{"name":"b11"},"spec":{"image":"a","__proto__":{"x":1}}}',
    ),
    message: /__proto__.*not allowed/,
  },
  { what: 'deep nesting', file: 'b12.json', make: raw('b12.json', '['.repeat(200_000)), message: /nested deeper than/ },
  {
    what: 'invalid UTF-8',
    file: 'b13.json',
    make: raw('b13.json', Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
    message: /not valid UTF-8/,
  },
  {
    what: 'an unknown unit',
    file: 'b14.json',
    make: raw('b14.json', text('b14', { resources: { memory: '64Megs' } })),
    message: /memory/,
  },
  { what: 'an empty file', file: 'b15.json', make: raw('b15.json', ''), message: /the file is empty/ },
  {
    what: 'a NUL character',
    file: 'b16.json',
    make: raw('b16.json', text('b16', { env: [{ name: 'A', value: '\0' }] })),
    message: /NUL/,
  },
  {
    what: 'a key that stands twice',
    file: 'b17.json',
    make: raw(
      'b17.json',
      '{"apiVersion":"kalpana.dev/v1","kind":"Workspace","metadata":{"name":"b17"},"spec":{"image":"a","image":"b"}}',
    ),
    message: /"image" stands twice/,
  },
  {
    what: 'a field of a later release',
    file: 'b18.json',
    make: raw('b18.json', text('b18', { schedule: { timeZone: 'Mars/Olympus' } })),
    message: /schedule/,
  },
];

describe('bad input dropped beside a good workspace', () => {
  const site = createSite('bad', testEngineHost(), NO_CACHE);
  let kalpana: Kalpana;
  let validation: Finished;
  let problems: { file: string; message: string }[];

  beforeAll(async () => {
    for (const { make } of cases) await make(site);
    site.put('bad-neighbour');
    validation = await site.command('validate', site.specs);
    kalpana = site.start({ resync: 1 });
    await kalpana.ready('bad-neighbour');
    problems = await eventually(
      async () => {
        const found = (await kalpana.sources()).flatMap((source) =>
          source.problems.map(({ location, message }) => ({ file: location.file, message })),
        );
        expect(found.length).toBeGreaterThanOrEqual(cases.length);
        return found;
      },
      { withinMs: 20_000 },
    );
  });
  afterAll(() => {
    listener?.close();
  });

  it.each(cases)('$what: one clear line in the log, in the status and in validate', ({ file, message }) => {
    const path = join(site.specs, file);
    const told = problems.filter((problem) => problem.file === path);
    expect(told).toEqual([{ file: path, message: expect.stringMatching(message) }]);
    const logged = kalpana
      .logs()
      .filter(({ msg, problem }) => msg === 'spec problem' && String(problem).startsWith(`${path}:`));
    expect(logged).toEqual([expect.objectContaining({ problem: expect.stringMatching(message) })]);
    const lines = validation.out.split('\n').filter((line) => line.startsWith(`${path}:`));
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^${path}:\\d+:\\d+: .*${message.source}`))]);
  });

  it('validate exits 1', () => {
    expect(validation.code).toBe(1);
  });

  it('a bad name is a problem of its own: nothing of these was made, the good workspace is Ready, the controller goes on', async () => {
    expect(await site.docker.list(site.label)).toEqual(['workspace-bad-neighbour: running']);
    site.put('bad-neighbour', { resources: { pids: 55 } });
    await eventually(
      async () => expect((await site.docker.container('workspace-bad-neighbour')).HostConfig.PidsLimit).toBe(55),
      { withinMs: 20_000 },
    );
    expect(kalpana.logs().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('files no one can open one by one: 2,000 broken files do not drown the log or the good workspace', async () => {
    for (let number = 0; number < 2_000; number += 1) site.write(`flood-${number}.json`, '{');
    await eventually(
      async () => expect((await kalpana.sources()).flatMap((source) => source.problems).length).toBeGreaterThan(2_000),
      { withinMs: 40_000 },
    );
    site.put('bad-neighbour', { resources: { pids: 56 } });
    await eventually(
      async () => expect((await site.docker.container('workspace-bad-neighbour')).HostConfig.PidsLimit).toBe(56),
      { withinMs: 20_000 },
    );
    expect(kalpana.logs().filter(({ msg }) => msg === 'spec problem').length).toBeLessThan(500);
    expect(kalpana.logs().some(({ msg }) => String(msg).startsWith('more spec problems'))).toBe(true);
  });
});
