// A docker compose v2 program for the bench: Debian trixie's package carries one; it is unpacked beside us, not
// installed.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { officialSources, sourceLine } from './apt-sources.mjs';
import { osRelease } from './packages.mjs';
import { cacheDir } from './paths.mjs';
import { run } from './processes.mjs';

const SUITE = 'trixie';
const cached = join(cacheDir, `docker-compose-${SUITE}`);

/** `{ program, note }`: a compose v2 that runs, with its version; or an empty program and why there is none. */
export async function ensureCompose() {
  if (!existsSync(cached)) {
    try {
      await unpack();
    } catch (error) {
      return { program: '', note: `no docker compose to compare with: ${error.message}` };
    }
  }
  const { code, text } = await run(cached, ['version']);
  return code === 0
    ? { program: cached, note: text.trim() }
    : { program: '', note: `no docker compose to compare with: ${text.trim().split('\n')[0]}` };
}

async function unpack() {
  const { ID: id, VERSION_CODENAME: codename } = osRelease();
  const source = officialSources().find(({ suite }) => suite === codename);
  if (id !== 'debian' || !source)
    throw new Error(`its package comes from Debian's suite ${SUITE}, and this is no Debian with a mirror`);
  const work = mkdtempSync(join(tmpdir(), 'kalpana-compose-'));
  try {
    const apt = aptOf(work, sourceLine({ ...source, suite: SUITE }));
    await must('apt-get', [...apt, 'update'], work);
    await must('apt-get', [...apt, 'download', 'docker-compose'], work);
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    await must('dpkg-deb', ['-x', archive, 'package'], work);
    const found = readdirSync(join(work, 'package'), { recursive: true }).find((name) =>
      /(cli-plugins|bin)\/docker-compose$/.test(name),
    );
    if (!found) throw new Error(`${archive} holds no docker-compose`);
    mkdirSync(cacheDir, { recursive: true });
    cpSync(join(work, 'package', found), `${cached}.${process.pid}`, { dereference: true });
    renameSync(`${cached}.${process.pid}`, cached);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** An apt with lists of its own: the machine's sources stay as they are. */
function aptOf(work, line) {
  mkdirSync(join(work, 'lists/partial'), { recursive: true });
  mkdirSync(join(work, 'cache/archives/partial'), { recursive: true });
  writeFileSync(join(work, 'sources.list'), `${line}\n`);
  const settings = {
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  };
  return ['-q', ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])];
}

async function must(command, args, cwd) {
  const { code, text } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.at(-1)} failed: ${text.trim().split('\n').at(-1)}`);
}
