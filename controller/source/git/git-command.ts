import { spawn, type ChildProcess } from 'node:child_process';
import { escapeControls } from '../parse/problem.js';

/**
 * The environment in which git runs. git always gets a list of arguments, and never what a repository or a person has
 * configured.
 */
export interface GitEnvironment {
  /** The PATH in which git, ssh and gpg are found. */
  readonly path: string;
  /** A directory of our own in place of a home, without anybody's settings, keys or agents. */
  readonly home: string;
  /** The variables that configure proxies. */
  readonly proxies: Readonly<Record<string, string>>;
}

export interface GitCall {
  /** The program to run, `git` by default; `gpg` imports the keys with which git verifies. */
  readonly program?: 'git' | 'gpg';
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** The most bytes on stdout; the command is ended when it prints more. */
  readonly maxOutput: number;
  readonly input?: string | Buffer;
  /** Settings in addition to those of every call. */
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The largest size, in bytes, of any file that the command writes. */
  readonly maxFileBytes?: number;
  readonly signal?: AbortSignal;
}

export type GitErrorKind = 'failed' | 'timeout' | 'too-large' | 'missing' | 'aborted';

/** A call that did not succeed. `message` is the one line in which git states the cause. */
export class GitError extends Error {
  constructor(
    readonly kind: GitErrorKind,
    message: string,
    readonly stderr: string,
    /** The exit code; null when the command was not started or was ended from outside, so that it gave no answer. */
    readonly code: number | null = null,
  ) {
    super(message);
  }
}

export type Git = (call: GitCall) => Promise<Buffer>;

/** The settings of every call. A fetched pack stays one file, so that the limit on files is a limit on a fetch. */
const CONFIG: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.logAllRefUpdates': 'false',
  'fetch.recurseSubmodules': 'no',
  'fetch.unpackLimit': '1',
  'fetch.writeCommitGraph': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'http.followRedirects': 'initial',
  'http.lowSpeedLimit': '100',
  'http.lowSpeedTime': '30',
  'pack.threads': '1',
  'protocol.version': '2',
  'repack.writeBitmaps': 'false',
  'transfer.bundleURI': 'false',
  'transfer.credentialsInUrl': 'die',
};

const LONGEST_STDERR = 16 * 1024;
const LONGEST_WORDS = 300;
const BLOCK_BYTES = 512;

/** Creates the function that calls git. It resolves with stdout, and rejects only with a GitError. */
export function createGit(around: GitEnvironment): Git {
  const common = {
    PATH: around.path,
    HOME: around.home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    ...around.proxies,
  };
  return (call) => run(call, { ...common, ...configEnv({ ...CONFIG, ...call.config }), ...call.env });
}

function configEnv(config: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(config);
  return Object.assign(
    { GIT_CONFIG_COUNT: String(entries.length) },
    ...entries.map(([key, value], index) => ({
      [`GIT_CONFIG_KEY_${index}`]: key,
      [`GIT_CONFIG_VALUE_${index}`]: value,
    })),
  ) as Record<string, string>;
}

function run(call: GitCall, env: NodeJS.ProcessEnv): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (call.signal?.aborted === true) return reject(new GitError('aborted', 'the controller stops', ''));
    // The command has its own process group, so that ssh and git's helpers end with it.
    const child = startGit(call, env);
    const out: Buffer[] = [];
    let size = 0;
    let stderr = '';
    let why: GitErrorKind | null = null;
    const end = (kind: GitErrorKind) => {
      why ??= kind;
      killGroup(child);
    };
    const timer = setTimeout(() => end('timeout'), call.timeoutMs);
    const abort = () => end('aborted');
    call.signal?.addEventListener('abort', abort, { once: true });
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', abort);
      settle();
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > call.maxOutput) return end('too-large');
      out.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString('utf8')}`.slice(-LONGEST_STDERR);
    });
    // The command may end before it has read everything; its exit code reports that.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(call.input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) =>
      finish(() =>
        reject(
          new GitError(
            error.code === 'ENOENT' ? 'missing' : 'failed',
            `${call.program ?? 'git'} cannot be started: ${error.code ?? error.message}`,
            '',
          ),
        ),
      ),
    );
    child.on('close', (code, signal) => {
      // Processes that the command has started and left behind must not continue to write.
      killGroup(child);
      finish(() => {
        if (why === null && code === 0) return resolve(Buffer.concat(out));
        reject(failure(why, call, stderr, code, signal));
      });
    });
  });
}

function startGit({ program = 'git', args, maxFileBytes }: GitCall, env: NodeJS.ProcessEnv): ChildProcess {
  const options = { env, cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'] };
  if (maxFileBytes === undefined) return spawn(program, [...args], options);
  // The kernel enforces this limit, so that a server that sends without end is cut off at the exact byte.
  const blocks = String(Math.ceil(maxFileBytes / BLOCK_BYTES));
  return spawn('/bin/sh', ['-c', 'ulimit -f "$1" || exit 1; shift; exec git "$@"', 'git', blocks, ...args], options);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No process is left in the group.
  }
}

function failure(
  why: GitErrorKind | null,
  call: GitCall,
  stderr: string,
  code: number | null,
  signal: string | null,
): GitError {
  if (why === 'timeout') return new GitError(why, `no answer within ${call.timeoutMs / 1_000} s`, stderr);
  if (why === 'aborted') return new GitError(why, 'the controller stops', stderr);
  if (why === 'too-large' || (call.maxFileBytes !== undefined && isCutOff(stderr, signal)))
    return new GitError('too-large', 'the answer is larger than allowed', stderr);
  if (code === 127) return new GitError('missing', 'the git command is not installed', stderr);
  return new GitError('failed', wordsOf(stderr) || `git ended with ${code ?? signal}`, stderr, code);
}

/**
 * Whether the limit on files ended the command. It kills the process that unpacks a fetch, and the parent process
 * prints no more than this.
 */
function isCutOff(stderr: string, signal: string | null): boolean {
  return (
    signal === 'SIGXFSZ' ||
    /File too large|died of signal 25\b/.test(stderr) ||
    /^(remote: .*\n)*fatal: fetch-pack: invalid index-pack output\n?$/.test(stderr)
  );
}

/** The line that states the cause: the first error, because later ones only follow from it. */
function wordsOf(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  // A message from the server ("remote: …") explains more than git's own "could not read from remote repository".
  const line =
    lines.find(
      (one) =>
        /^(fatal:|error:|ssh:|Host key|Permission denied|\S+@\S+: Permission denied|kex_|No .*host key|Load key)/i.test(
          one,
        ) && !/^error: RPC failed/.test(one),
    ) ??
    lines.at(-1) ??
    '';
  return escapeControls(line.replace(/^(fatal|error): /, '')).slice(0, LONGEST_WORDS);
}
