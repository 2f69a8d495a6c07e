import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a file becomes in a commit. Null: it goes. */
export type Change = string | null | { readonly link: string } | { readonly submodule: string };

export interface CommitOptions {
  readonly branch?: string;
  readonly author?: string;
  readonly message?: string;
  /** Null: without a parent, which makes the next push a forced one. */
  readonly parent?: string | null;
  /** Settings of git for a signature. */
  readonly sign?: { readonly format: 'ssh' | 'openpgp'; readonly key: string; readonly home?: string };
}

export type TestRepository = ReturnType<typeof createRepository>;

const ENV = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};
const MODE = 0o644;

/**
 * A bare repository whose references are moved as a push does it. It calls git only where git has work to do: starting
 * a process from a test process of hundreds of megabytes takes longer than all else here.
 */
export function createRepository(path: string) {
  for (const name of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    mkdirSync(join(path, name), { recursive: true });
  writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(path, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  let clock = 1_700_000_000;

  function git(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): string {
    const { status, stdout, stderr } = spawnSync('git', [`--git-dir=${path}`, ...args], {
      input,
      env: { ...ENV, ...env },
      encoding: 'utf8',
      maxBuffer: 1e9,
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  const head = (branch = 'main'): string | null => {
    try {
      return readFileSync(join(path, 'refs/heads', branch), 'utf8').trim();
    } catch {
      return null;
    }
  };

  /** As git does it: a file beside it, renamed. */
  function setReference(name: string, revision: string): void {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.lock`, `${revision}\n`);
    renameSync(`${file}.lock`, file);
  }

  function commit(changes: Readonly<Record<string, Change>>, options: CommitOptions = {}): string {
    const { branch = 'main', author = 'Ann <ann@example.com>', message = 'a change', sign } = options;
    const parent = options.parent === undefined ? head(branch) : options.parent;
    clock += 1;
    const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
    const lines = Object.entries(changes).map(([file, change]) => {
      const name = `"${file.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
      if (change === null) return `D ${name}\n`;
      if (typeof change === 'string') return `M 100${MODE.toString(8)} inline ${name}\n${data(change)}`;
      return 'link' in change
        ? `M 120000 inline ${name}\n${data(change.link)}`
        : `M 160000 ${change.submodule} ${name}\n`;
    });
    const who = `${author} ${clock} +0000`;
    git(
      ['fast-import', '--quiet', '--force'],
      `commit refs/heads/${branch}\nauthor ${who}\ncommitter ${who}\n${data(message)}${parent === null ? '' : `from ${parent}\n`}${lines.join('')}\n`,
    );
    if (sign === undefined) return head(branch) ?? '';
    const [name = '', email = ''] = author.replace('>', '').split(' <');
    const people = {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: `${clock} +0000`,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: `${clock} +0000`,
    };
    const signed = git(
      [
        '-c',
        `gpg.format=${sign.format}`,
        '-c',
        `user.signingkey=${sign.key}`,
        'commit-tree',
        '-S',
        `refs/heads/${branch}^{tree}`,
        ...(parent === null ? [] : ['-p', parent]),
        '-m',
        message,
      ],
      '',
      { ...people, ...(sign.home === undefined ? {} : { GNUPGHOME: sign.home }) },
    );
    move(branch, signed);
    return signed;
  }

  function move(branch: string, revision: string): void {
    setReference(`refs/heads/${branch}`, revision);
  }

  return {
    path,
    url: `file://${path}`,
    git,
    head,
    commit,
    move,
    /** Whether this commit is in it. */
    has: (revision: string) => git(['cat-file', '--batch-check'], `${revision}\n`).split(' ')[1] === 'commit',
    tag: (name: string, revision: string) => setReference(`refs/tags/${name}`, revision),
    annotatedTag: (name: string, revision: string) =>
      void git([
        '-c',
        'user.name=Ann',
        '-c',
        'user.email=ann@example.com',
        'tag',
        '--force',
        '--annotate',
        '-m',
        'a tag',
        name,
        revision,
      ]),
    deleteBranch: (branch: string) => rmSync(join(path, 'refs/heads', branch)),
    /** All branches in one pack, as a server has them. */
    pack: () => void git(['repack', '-a', '-d', '-q']),
    run: (args: readonly string[]) => run('git', [`--git-dir=${path}`, ...args], { env: ENV }),
  };
}

/** A minimal spec. */
export function workspaceText(name: string, spec: object = {}): string {
  return `${JSON.stringify({ apiVersion: 'kalpana.dev/v1', kind: 'Workspace', metadata: { name }, spec: { image: 'debian:12', ...spec } }, null, 2)}\n`;
}
