import { mkdtempSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createDesiredState } from '../../../controller/source/desired-state.js';
import type { DesiredState, DesiredStateOptions } from '../../../controller/source/desired-state.js';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { loadSchemas } from '../../../controller/source/check/schema.js';
import { createManualClock } from '../../support/manual-clock.js';
import type { ManualClock } from '../../support/manual-clock.js';

/** Compiling them takes longer than most scans of a test. */
const schemas = loadSchemas();

export interface Fixture {
  readonly root: string;
  readonly specs: string;
  readonly secrets: string;
  readonly state: string;
  readonly clock: ManualClock;
  /** Writes below `specs`; last changed a minute ago, so that it is not taken for half written. */
  write(file: string, content: unknown): string;
  /** Writes as of now. */
  writeNow(file: string, content: unknown): string;
  create(options?: Partial<DesiredStateOptions>): DesiredState;
  /** What a first scan says of one more file. */
  messagesOf(content: object): Promise<string[]>;
  clean(): void;
}

export function createFixture(): Fixture {
  const root = mkdtempSync(join(tmpdir(), 'kalpana-source-'));
  const [specs, secrets, state] = ['specs', 'secrets', 'state'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(specs);
  mkdirSync(secrets);
  const clock = createManualClock();
  const put = (file: string, content: unknown, atMs: number): string => {
    const path = join(specs, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2),
    );
    utimesSync(path, atMs / 1000, atMs / 1000);
    return path;
  };
  const write = (file: string, content: unknown) => put(file, content, clock.now() - 60_000);
  const create = (options: Partial<DesiredStateOptions> = {}) =>
    createDesiredState({
      directories: [specs],
      secretsDir: secrets,
      stateDir: state,
      instance: 'test',
      clock,
      schemas,
      ...options,
    });
  return {
    root,
    specs,
    secrets,
    state,
    clock,
    write,
    create,
    writeNow: (file, content) => put(file, content, clock.now()),
    async messagesOf(content) {
      write('spec.json', content);
      return (await create({ stateDir: null }).scan()).problems.map(({ message }) => message);
    },
    clean: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function workspace(name: string, spec: object = {}): object {
  return { apiVersion: 'kalpana.dev/v1', kind: 'Workspace', metadata: { name }, spec: { image: 'debian:12', ...spec } };
}

export function cache(name: string, spec?: object): object {
  return {
    apiVersion: 'kalpana.dev/v1',
    kind: 'NixCache',
    metadata: { name },
    ...(spec === undefined ? {} : { spec }),
  };
}

/** The caches of a snapshot in a form that a test can compare: their network, or that they are implied. */
export function cacheFacts(snapshot: DesiredSnapshot): Record<string, string> {
  return Object.fromEntries(
    [...snapshot.caches].map(([name, { location, config, problem }]) => [
      name,
      `${location ? config.network : 'implied'}${problem ? ' (problem)' : ''}`,
    ]),
  );
}

/** A snapshot in a form that a test can compare as a whole. */
export function facts(snapshot: DesiredSnapshot): object {
  return {
    complete: snapshot.complete,
    workspaces: Object.fromEntries(
      [...snapshot.workspaces].map(([name, desired]) => [
        name,
        `${desired.creation.image}${desired.problem ? ' (problem)' : ''}`,
      ]),
    ),
    claimed: [...snapshot.claimed].sort(),
    removed: Object.fromEntries([...snapshot.removed].map(([name, { reclaimPolicy }]) => [name, reclaimPolicy])),
    problems: snapshot.problems.length,
  };
}
