import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheVolumeName } from '../../controller/model/names.js';
import type { Bench } from './bench.js';
import type { NixSite } from './nix-site.js';
import { figure } from './report.js';

/** Of the engine as it stands: a cache that `workspaces` workspaces use. The bench runs on the engine's own disk. */
export async function measureDisk({ engine, report }: Bench, { closure }: NixSite, workspaces: number): Promise<void> {
  const { Mountpoint: volume } = await engine.call<{ readonly Mountpoint: string }>(
    'GET',
    `/volumes/${cacheVolumeName('default')}`,
  );
  const store = join(volume, 'store');
  const paths = closure.paths.map((path) => join(store, basename(path)));
  const beside = readdirSync(store)
    .filter((name) => !closure.paths.some((path) => basename(path) === name))
    .map((name) => join(store, name));
  const [whole, closureBytes, besideBytes, state] = [[store], paths, beside, [join(volume, 'var')]].map(bytesOf) as [
    number,
    number,
    number,
    number,
  ];
  report.note(
    `disk for ${workspaces}: store ${whole} bytes, of them ${closureBytes} in the closure and ${besideBytes} in ${beside.length} others (environments, derivations, links);`,
  );
  report.note(
    `database, profiles and the keeper's own files ${state} bytes, which is ${figure((whole + state) / closureBytes, 'x')} of the closure with the store`,
  );
  const ratio = whole / closureBytes;
  report.goal({
    name: `cache: disk of the store for ${workspaces} / one closure`,
    limit: '<= 1.02',
    figure: figure(ratio, 'x'),
    met: ratio <= 1.02,
  });
}

function bytesOf(paths: readonly string[]): number {
  if (paths.length === 0) return 0;
  const lines = execFileSync('du', ['-s', '-c', '--block-size=1', ...paths], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return Number(lines.at(-1)?.split('\t')[0]);
}
