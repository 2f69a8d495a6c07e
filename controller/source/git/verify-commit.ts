import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { GitVerify } from '../../model/git.js';
import { ioWords } from '../files/file-system.js';
import { GitError, type Git } from './git-command.js';

/** No trusted key has signed the commit, or this cannot be checked. */
export class SignatureError extends Error {}

interface Verification {
  readonly git: Git;
  readonly clone: string;
  readonly revision: string;
}

const DEADLINE_MS = 30_000;
const OUTPUT = 64 * 1024;

/** Throws a SignatureError unless a key of the file has signed the commit. Keys from elsewhere do not count. */
export async function verifyCommit({ kind, file }: GitVerify, { git, clone, revision }: Verification): Promise<void> {
  await stat(file).catch((error: unknown) => {
    throw new SignatureError(`the file of trusted keys ${file} cannot be read: ${ioWords(error)}`);
  });
  // gpg reads its home for any kind of signature, so it gets one that is empty or contains only the keyring. The path
  // is short, because gpg creates sockets in it.
  const gpgHome = await mkdtemp(join(tmpdir(), 'kalpana-gpg-'));
  const keys: Record<string, string> =
    kind === 'ssh'
      ? { 'gpg.ssh.allowedSignersFile': resolve(file) }
      : { 'gpg.ssh.allowedSignersFile': '/dev/null', 'gpg.program': 'gpg', 'gpg.minTrustLevel': 'undefined' };
  try {
    if (kind === 'gpg')
      await git({
        program: 'gpg',
        args: ['--batch', '--quiet', '--no-autostart', '--homedir', gpgHome, '--import', resolve(file)],
        timeoutMs: DEADLINE_MS,
        maxOutput: OUTPUT,
      });
    await git({
      args: [`--git-dir=${clone}`, 'verify-commit', '--', revision],
      config: keys,
      env: { GNUPGHOME: gpgHome },
      timeoutMs: DEADLINE_MS,
      maxOutput: OUTPUT,
    });
  } catch (error) {
    throw new SignatureError(reasonOf(error, kind));
  } finally {
    await rm(gpgHome, { recursive: true, force: true });
  }
}

function reasonOf(error: unknown, kind: GitVerify['kind']): string {
  if (!(error instanceof GitError))
    return `its signature cannot be checked: ${error instanceof Error ? error.message : String(error)}`;
  const tool = kind === 'ssh' ? 'ssh-keygen' : 'gpg';
  if (/cannot run|not found|No such file/i.test(error.stderr))
    return `its signature cannot be checked: ${tool} is not installed`;
  if (error.stderr.trim() === '') return 'it is not signed: sign it (git commit -S) with a key that is trusted';
  return `no trusted key has signed it: ${error.message}`;
}
