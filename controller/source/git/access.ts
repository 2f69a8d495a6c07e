import { resolve } from 'node:path';
import type { GitSettings } from '../../model/git.js';
import type { GitCall } from './git-command.js';

/**
 * The settings and variables for git's calls to the server. A credential helper passes the token from its file to git,
 * only for the host of the source; the key and the known hosts are passed as file names. No secret is in an argument or
 * in the clone. Paths are absolute, because git runs in another directory.
 * @param safeConfig a file of git settings with which `file` repositories of any owner may be read
 */
export function accessOf(
  { url, user, tokenFile, sshKeyFile, knownHostsFile, caFile }: GitSettings,
  safeConfig: string,
): Required<Pick<GitCall, 'config' | 'env'>> {
  const config: Record<string, string> = {};
  const env: Record<string, string> = { GIT_ALLOW_PROTOCOL: url.scheme };
  if (caFile !== null) config['http.sslCAInfo'] = resolve(caFile);
  if (url.origin !== null && tokenFile !== null) {
    config[`credential.${url.origin}.helper`] = TOKEN_HELPER;
    Object.assign(env, { KALPANA_GIT_USER: user, KALPANA_GIT_TOKEN_FILE: resolve(tokenFile) });
  }
  if (url.scheme === 'ssh') {
    Object.assign(env, {
      GIT_SSH_VARIANT: 'ssh',
      GIT_SSH_COMMAND: SSH,
      KALPANA_SSH_KEY: sshPath(sshKeyFile ?? '/dev/null'),
      KALPANA_SSH_KNOWN_HOSTS: sshPath(knownHostsFile ?? '/dev/null'),
    });
  }
  // git refuses a repository of another owner, but a person has named this one on purpose.
  if (url.scheme === 'file') env['GIT_CONFIG_GLOBAL'] = safeConfig;
  return { config, env };
}

/** Answers only "get", because git must not store or erase credentials here. */
const TOKEN_HELPER =
  `!f() { [ "$1" = get ] || exit 0; printf 'username=%s\\npassword=%s\\n' "$KALPANA_GIT_USER" ` +
  `"$(head -n 1 "$KALPANA_GIT_TOKEN_FILE" | tr -d '\\r')"; }; f`;

const SSH = [
  'ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null',
  '-o "UserKnownHostsFile=$KALPANA_SSH_KNOWN_HOSTS"',
  '-o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3',
  '-o "IdentityFile=$KALPANA_SSH_KEY" -o IdentitiesOnly=yes',
  '-o PasswordAuthentication=no -o KbdInteractiveAuthentication=no',
  '-o ForwardAgent=no -o IdentityAgent=none -o ClearAllForwardings=yes -o UpdateHostKeys=no',
].join(' ');

/** Quotes a path as the value of an ssh option: spaces need quotes, and a percent sign begins a token. */
function sshPath(path: string): string {
  return `"${resolve(path).replaceAll('%', '%%')}"`;
}
