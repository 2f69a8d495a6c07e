import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../../controller/model/clock.js';
import type { Commit, GitFailure, GitSettings } from '../../../controller/model/git.js';
import { parseGitUrl } from '../../../controller/model/git-url.js';
import { createDesiredState, type DesiredState } from '../../../controller/source/desired-state.js';
import { createGit, type Git } from '../../../controller/source/git/git-command.js';
import { createGitSource, type GitSource } from '../../../controller/source/git/git-source.js';
import type { GitSourceEvents } from '../../../controller/source/git/git-sync.js';
import { loadSchemas } from '../../../controller/source/check/schema.js';
import { createRepository, type TestRepository } from './repository.js';

export interface SiteSource {
  readonly source: GitSource;
  readonly commits: { readonly commit: Commit; readonly failure: GitFailure | null; readonly trigger: string }[];
  readonly fetches: (GitFailure | null)[];
  /** Resolves when `isTrue` of the source, which is asked at each change. */
  until(isTrue: (source: GitSource) => boolean): Promise<void>;
  /** Asks the server and waits for what comes of it, be it nothing. */
  synced(): Promise<void>;
  /** Asks the server and waits until this commit, the newest there, is judged. */
  judged(revision: string, trigger?: 'request' | 'hook'): Promise<void>;
  /** Asks the server, waits until that has failed, and returns why. */
  failed(): Promise<GitFailure>;
}

const schemas = loadSchemas();

/** A directory with a repository, and sources that read it with the real git. */
export function createGitTestSite() {
  const root = mkdtempSync(join(tmpdir(), 'kalpana-git-'));
  const repository: TestRepository = createRepository(join(root, 'repos/specs.git'));
  const started: GitSource[] = [];

  function settings({
    watched = false,
    ...changes
  }: Partial<Omit<GitSettings, 'url'>> & { readonly url?: string; readonly watched?: boolean } = {}): GitSettings {
    const url = parseGitUrl(changes.url ?? repository.url);
    if ('error' in url) throw new Error(`${changes.url} ${url.error}`);
    return {
      name: 'team',
      ref: 'main',
      path: '',
      intervalMs: 3_600_000,
      timeoutMs: 120_000,
      maxBytes: 64 * 1024 * 1024,
      user: 'kalpana',
      tokenFile: null,
      sshKeyFile: null,
      knownHostsFile: null,
      caFile: null,
      webhookSecretFile: null,
      ageIdentityFile: null,
      verify: null,
      status: null,
      suspend: false,
      ...changes,
      // Without its path, a local repository is asked only when a test says so, as one elsewhere is.
      url: watched ? url : { ...url, path: null },
    };
  }

  function open(
    changes: Parameters<typeof settings>[0] = {},
    {
      clock = systemClock,
      path = process.env['PATH'] ?? '',
      around = (git) => git,
      also,
    }: { clock?: Clock; path?: string; around?: (git: Git) => Git; also?: GitSourceEvents } = {},
  ): SiteSource {
    const home = join(root, 'home');
    mkdirSync(home, { recursive: true });
    const commits: SiteSource['commits'] = [];
    const fetches: SiteSource['fetches'] = [];
    const waiting = new Set<() => void>();
    /** The looks at the server that have begun. */
    let looks = 0;
    const real = around(createGit({ path, home, proxies: {} }));
    const git: Git = (call) => {
      if (call.args.includes('--is-bare-repository')) looks += 1;
      return real(call);
    };
    const look = () => {
      for (const one of [...waiting]) one();
    };
    const source = createGitSource({
      settings: settings(changes),
      directory: join(root, 'state/git'),
      git,
      schemas,
      clock,
      random: () => 0.5,
      events: {
        onFetch(facts) {
          also?.onFetch(facts);
          fetches.push(facts.failure);
          look();
        },
        onCommit(facts) {
          also?.onCommit(facts);
          commits.push(facts);
        },
      },
    });
    started.push(source);
    source.subscribe(look);
    const until = (isTrue: (one: GitSource) => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!isTrue(source)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
    return {
      source,
      commits,
      fetches,
      until,
      async synced() {
        // One look may be under way already; what the next one fetches is judged before the one after it begins.
        for (let left = looks > fetches.length ? 3 : 2; left > 0; left -= 1) {
          const before = fetches.length;
          source.sync('request');
          await until(() => fetches.length > before);
        }
      },
      async judged(revision, trigger = 'request') {
        source.sync(trigger);
        await until(() => source.git().attempted?.revision === revision);
      },
      async failed() {
        const before = fetches.length;
        source.sync('request');
        await until(() => fetches.slice(before).some((failure) => failure !== null));
        return fetches.findLast((failure) => failure !== null)!;
      },
    };
  }

  const desired = (sources: readonly Pick<SiteSource, 'source'>[], directories: readonly string[] = []): DesiredState =>
    createDesiredState({
      directories,
      git: sources.map(({ source }) => source),
      secretsDir: null,
      stateDir: join(root, 'state'),
      instance: 'test',
      clock: systemClock,
    });

  return {
    root,
    repository,
    settings,
    open,
    /** Starts a source and waits until it was asked once. */
    async started(
      changes: Parameters<typeof settings>[0] = {},
      more: Parameters<typeof open>[1] = {},
    ): Promise<SiteSource> {
      const one = open(changes, more);
      one.source.start();
      await one.until((source) => source.isSettled());
      return one;
    },
    /** Starts one in `directory`, as a person would who names files from there. */
    async startedIn(directory: string, changes: Parameters<typeof settings>[0]): Promise<SiteSource> {
      const before = process.cwd();
      process.chdir(directory);
      try {
        return await this.started(changes);
      } finally {
        process.chdir(before);
      }
    },
    desired,
    /** What a scan makes of the sources, by name. */
    async wanted(...sources: readonly SiteSource[]) {
      const snapshot = await desired(sources).scan();
      return {
        complete: snapshot.complete,
        images: Object.fromEntries([...snapshot.workspaces].map(([name, { creation }]) => [name, creation.image])),
        problems: Object.fromEntries(
          [...snapshot.workspaces].flatMap(([name, { problem }]) =>
            problem === null ? [] : [[name, problem.location.file]],
          ),
        ),
        claimed: [...snapshot.claimed].sort(),
        revision: snapshot.revisions.get('git:team') ?? null,
      };
    },
    async close() {
      await Promise.all(started.map((source) => source.stop()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}
