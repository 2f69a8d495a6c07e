import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Workspace } from '../../../controller/model/workspace.generated.js';
import { dockerOf, type Docker } from './docker.js';
import { kalpanaCommand, startController, type Finished, type Kalpana } from './kalpana.js';
import { workspace } from './kalpana-specs.js';

export interface RunFlags {
  /** Seconds; an hour when not given: then only an event can be the cause. */
  readonly resync?: number;
  readonly flags?: readonly string[];
  /** In place of the site's engine: a proxy before it. */
  readonly host?: string;
  readonly heedsPermissions?: boolean;
}

/** A user of one engine: a directory of specs, an instance of the controller, and names that nobody else has. */
export interface Site {
  readonly docker: Docker;
  readonly instance: string;
  readonly specs: string;
  readonly state: string;
  readonly secrets: string;
  readonly dir: string;
  /** The label that the instance's containers carry. */
  readonly label: string;
  /** Writes a workspace's spec as a whole (to a temporary name, and renamed); gives its name. */
  put(name: string, spec?: Partial<Workspace['spec']>, file?: string): string;
  /** Writes text into the directory as it is. */
  write(file: string, text: string | Uint8Array): void;
  drop(file: string): void;
  read(file: string): string;
  secret(file: string, value: string): void;
  start(flags?: RunFlags): Kalpana;
  once(...flags: readonly string[]): Promise<Finished>;
  plan(...flags: readonly string[]): Promise<Finished>;
  command(...args: readonly string[]): Promise<Finished>;
  /** Names of objects that are made by hand and go with the site. */
  owns(...names: readonly string[]): void;
  /** Removes the instance's containers and volumes, and what was named. */
  wipe(): Promise<void>;
}

const dirs = new Set<string>();

// After the controllers have ended: kalpana.ts, imported above, sees to that first.
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

/**
 * Call it at the top of a file or a `describe`: its things are removed after the last test there. `inEach` is in each
 * of its specs.
 */
export function createSite(instance: string, host: string, inEach: Partial<Workspace['spec']> = {}): Site {
  const site = makeSite(instance, host, inEach);
  afterAll(() => site.wipe());
  return site;
}

/** A site of an engine that is thrown away: its containers and volumes go with that. */
export function makeSite(instance: string, host: string, inEach: Partial<Workspace['spec']> = {}): Site {
  const dir = mkdtempSync(join(tmpdir(), `kalpana-e2e-${instance}-`));
  dirs.add(dir);
  const [specs, state, secrets] = ['specs', 'state', 'secrets'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [specs, secrets]) mkdirSync(path);
  const docker = dockerOf(host);
  const label = `kalpana.controller=${instance}`;
  const common = ['--specs', specs, '--state-dir', state, '--secrets-dir', secrets, '--instance', instance];
  const names = new Set<string>();
  const controllers: Kalpana[] = [];

  const command = (...args: readonly string[]) => kalpanaCommand(args, { host, cwd: dir });
  const write = (file: string, text: string | Uint8Array) => {
    writeFileSync(join(dir, '.writing'), text);
    renameSync(join(dir, '.writing'), join(specs, file));
  };

  return {
    docker,
    instance,
    specs,
    state,
    secrets,
    dir,
    label,
    put(name, spec, file = `${name}.json`) {
      write(file, `${JSON.stringify(workspace(name, { ...inEach, ...spec }), null, 2)}\n`);
      return name;
    },
    write,
    drop: (file) => rmSync(join(specs, file)),
    read: (file) => readFileSync(join(specs, file), 'utf8'),
    secret(file, value) {
      writeFileSync(join(dir, '.writing'), value, { mode: 0o600 });
      renameSync(join(dir, '.writing'), join(secrets, file));
    },
    start({ resync = 3600, flags = [], host: through = host, heedsPermissions = false } = {}) {
      const args = [
        ...common,
        '--resync',
        String(resync),
        '--log-level',
        'debug',
        ...(flags.includes('--listen') ? [] : ['--listen', 'off']),
        ...flags,
      ];
      const controller = startController(args, state, { host: through, cwd: dir, heedsPermissions });
      controllers.push(controller);
      return controller;
    },
    once: (...flags) => command('run', '--once', ...common, '--listen', 'off', '--timeout', '30s', ...flags),
    plan: (...flags) => command('plan', ...common, ...flags),
    command,
    owns: (...more) => more.forEach((name) => names.add(name)),
    async wipe() {
      await Promise.all(controllers.map((controller) => controller.kill()));
      await Promise.all([...(await docker.ids(label)), ...names].map((name) => docker.remove(name)));
      await Promise.all([...(await docker.volumes(label)), ...names].map((name) => docker.removeVolume(name)));
    },
  };
}
