import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RESOLVE_SCRIPT } from '../../controller/nix/keeper/scripts.js';
import { createKeeperFolder, type KeeperFolder } from '../support/nix/keeper-folder.js';

let folder: KeeperFolder;
beforeEach(() => {
  folder = createKeeperFolder();
});
afterEach(() => folder.remove());

const hashOf = (letter: string) => letter.repeat(32);
const pathOf = (name: string) => `/nix/store/${hashOf(name[0] ?? '')}-${name}-1.0`;
const drvOf = (name: string) => `${pathOf(name)}.drv`;
const ENV = drvOf('zenv');
const HOST = 'http://cache:1';

/** What a dry run prints with the debug log, word by word as Nix 2.8, 2.26 and 2.34 did. */
const finished = {
  '2.8': (path: string, status: number) =>
    `finished download of '${HOST}${path}'; curl status = 0, HTTP status = ${status}, body = 0 bytes`,
  '2.34': (path: string, status: number) =>
    `finished download of '${HOST}${path}'; curl status = 0, HTTP status = ${status}, body = 0 bytes, duration = 0.01 s`,
};
type Release = keyof typeof finished;

/** A Nix that would build and fetch these, and whose substituter answers by path of the request. */
function layNix(release: Release, { builds = [] as string[], answers = {} as Record<string, number> }): void {
  const drvs = [...builds.map(drvOf), ENV];
  const plan = ['these derivations will be built:', ...drvs.map((drv) => `  ${drv}`)];
  const debug = ['querying info', ...Object.entries(answers).map(([path, status]) => finished[release](path, status))];
  const rooted = (lines: string[]) => lines.join('\n').replaceAll('/nix/store/', `${folder.root}/nix/store/`);
  const script = (text: string) => `#!/bin/sh\nprintf '%s\\0' "$@" >> "$FAKE_ROOT/asked"\n${text}`;
  const cat = (lines: string[]) => `cat <<'END'\n${rooted(lines)}\nEND`;
  const programs = {
    'nix-instantiate': script(`echo '${rooted([ENV])}'\n`),
    'nix-store': script(
      [
        'case " $* " in',
        `*' --debug '*) ${cat([...debug, ...plan])}`,
        ';;',
        `*' --dry-run '*) ${cat(plan)}`,
        ';;',
        // The output of a derivation has its name.
        '*\' --outputs \'*) for drv; do case $drv in *.drv) echo "${drv%.drv}" ;; esac; done ;;',
        'esac',
      ].join('\n'),
    ),
  };
  for (const [name, text] of Object.entries(programs))
    writeFileSync(folder.path(`/bin/${name}`), text, { mode: 0o755 });
}

async function resolve(): Promise<{ code: number | null; refused: string[] }> {
  const { code, lines } = await folder.run(RESOLVE_SCRIPT, {
    KALPANA_EXPRESSION: '1',
    KALPANA_FETCH_LIST: folder.path('/nix/var/kalpana/home/list'),
  });
  return { code, refused: lines.filter((line) => line.startsWith('kalpana: refused')) };
}

const narinfo = (name: string) => `/${hashOf(name[0] ?? '')}.narinfo`;
const RELEASES: readonly Release[] = ['2.8', '2.34'];

describe.each(RELEASES)('what a substituter refuses, Nix %s', (release) => {
  it.each([401, 403, 407])('is told with the path that would be built for it: %d', async (status) => {
    layNix(release, { builds: ['hello'], answers: { '/nix-cache-info': 200, [narinfo('hello')]: status } });
    expect(await resolve()).toEqual({
      code: 0,
      refused: [`kalpana: refused ${status} ${HOST}${narinfo('hello')} ${pathOf('hello')}`],
    });
  });

  it.each([401, 403, 407])('as a whole is told without a path: %d', async (status) => {
    layNix(release, { builds: ['hello'], answers: { '/nix-cache-info': status } });
    expect(await resolve()).toEqual({ code: 0, refused: [`kalpana: refused ${status} ${HOST}/nix-cache-info `] });
  });

  it.each<[string, string[], Record<string, number>]>([
    ['it says honestly that it lacks the path', ['hello'], { '/nix-cache-info': 200, [narinfo('hello')]: 404 }],
    ['it refuses what need not be built', ['hello'], { [narinfo('hello')]: 404, [narinfo('other')]: 403 }],
    ['only the environment itself is to be built', [], { '/nix-cache-info': 403, [narinfo('zenv')]: 403 }],
    ['a build downloads something that is refused', ['hello'], { [narinfo('hello')]: 404, '/source.tar.gz': 403 }],
  ])('is nothing when %s', async (_what, builds, answers) => {
    layNix(release, { builds, answers });
    expect(await resolve()).toEqual({ code: 0, refused: [] });
  });
});

it('asks for the debug log only when something is to be built', async () => {
  layNix('2.34', {});
  await resolve();
  expect(folder.asked()).not.toContain('--debug');
  layNix('2.34', { builds: ['hello'] });
  await resolve();
  expect(folder.asked()).toContain('--debug');
});
