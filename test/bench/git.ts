import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerName } from '../../controller/model/names.js';
import { serveGit } from '../support/git/http-server.js';
import { createRepository } from '../support/git/repository.js';
import type { Bench } from './bench.js';
import { startController } from './controller-process.js';
import { nowMs } from './engine-watch.js';
import { emptyEngine } from './raw-engine.js';
import { figure, median } from './report.js';
import { benchNames, plainSpec } from './specs.js';

const WORKSPACES = 50;
const WARM_UP = 2;
const SAMPLES = 20;
const SECRET = 'bench';
const REST_MS = 300;
const NAME = 'team';

/** A push, and how long until the engine is asked for something: over http, told by the repository's own hook. */
export async function measureGit(bench: Bench): Promise<void> {
  const { engine, watch, report, host, main, fresh } = bench;
  report.title(
    `git: ${WORKSPACES} workspaces in one repository, one changed by a push with a webhook, ${SAMPLES} times`,
  );
  await emptyEngine(engine, watch);
  const root = fresh('git');
  const repository = createRepository(join(root, 'specs.git'));
  const work = createRepository(join(root, 'work.git'));
  const names = benchNames(WORKSPACES);
  work.commit(Object.fromEntries(names.map((name) => [`${name}.json`, JSON.stringify(plainSpec(name))])));
  push(work.path, repository.path);
  const server = await serveGit({ root });
  const secretFile = join(root, 'secret');
  writeFileSync(secretFile, SECRET);
  const args = [
    '--git',
    server.url('specs.git'),
    '--git-ref',
    'main',
    '--git-name',
    NAME,
    '--git-interval',
    '1h',
    '--git-webhook-secret-file',
    secretFile,
  ];
  const controller = await startController(
    { main, host, specs: fresh('no-specs'), stateDir: fresh('state'), args },
    WORKSPACES,
  );
  const [fromPush, fromHook]: [number[], number[]] = [[], []];
  try {
    const hookedAt = installHook(repository.path, root, `http://${controller.address}/hooks/git/${NAME}`);
    for (let sample = 0; sample < SAMPLES + WARM_UP; sample += 1) {
      const name = names[sample % names.length]!;
      const spec = plainSpec(name) as { spec: object };
      work.commit({
        [`${name}.json`]: JSON.stringify({
          ...spec,
          spec: { ...spec.spec, env: [{ name: 'SAMPLE', value: String(sample) }] },
        }),
      });
      await watch.quiet(REST_MS);
      const sinceMs = nowMs();
      push(work.path, repository.path);
      const { atMs } = await watch.waitFor(
        sinceMs,
        (event) => event.action === 'create' && event.name === `${containerName(name)}.next`,
      );
      fromPush.push(atMs - sinceMs);
      fromHook.push(atMs - hookedAt());
      await controller.ready(WORKSPACES);
    }
  } finally {
    await controller.stop();
    await server.stop();
  }
  report.row('from the start of git push to the first container that is made', 'ms', fromPush.slice(WARM_UP));
  report.row("from the repository's post-receive on", 'ms', fromHook.slice(WARM_UP));
  const middle = median(fromPush.slice(WARM_UP));
  report.goal({
    name: 'git: from a push to the first engine operation',
    limit: '< 300 ms',
    figure: figure(middle, 'ms'),
    met: middle < 300,
  });
}

function push(from: string, to: string): void {
  const { status, stderr } = spawnSync('git', [`--git-dir=${from}`, 'push', '--quiet', to, 'main'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`git push: ${stderr}`);
}

/** Gives when the hook was last called, ms since the epoch. */
function installHook(repository: string, root: string, url: string): () => number {
  const file = join(root, 'hooked-at');
  const script = join(repository, 'hooks/post-receive');
  mkdirSync(join(repository, 'hooks'), { recursive: true });
  writeFileSync(
    script,
    `#!/bin/sh\ndate +%s%N > ${file}\nexec curl -s -o /dev/null -X POST -H 'X-Gitlab-Token: ${SECRET}' --data '{}' ${url}\n`,
  );
  chmodSync(script, 0o755);
  return () => Number(readFileSync(file, 'utf8')) / 1e6;
}
