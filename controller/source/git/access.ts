import { resolve } from 'node:path';
import type { GitSettings } from '../../model/git.js';
import type { GitCall } from './git-command.js';

/**
 * What a call to the server needs beside its arguments. The token goes from its file to git by a helper that git asks, and only
 * for the host of the source; key and known hosts go by name. Nothing of it is in an argument or in the clone. git runs elsewhere:
 * what is named from here is named in full.
 * @param safeConfig a file of settings that lets `file` repositories of any owner be read
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
  // git refuses a repository that somebody else owns: whose this one is, was for the person to know who named it.
  if (url.scheme === 'file') env['GIT_CONFIG_GLOBAL'] = safeConfig;
  return { config, env };
}

/** Asked for "get" only: what git stores or erases is nobody's business. */
const TOKEN_HELPER = `!f() { [ "$1" = get ] || exit 0; printf 'username=%s\\npassword=%s\\n' "$KALPANA_GIT_USER" "$(head -n 1 "$KALPANA_GIT_TOKEN_FILE" | tr -d '\\r')"; }; f`;

const SSH = [
  'ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null',
  '-o "UserKnownHostsFile=$KALPANA_SSH_KNOWN_HOSTS" -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3',
  '-o "IdentityFile=$KALPANA_SSH_KEY" -o IdentitiesOnly=yes -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no',
  '-o ForwardAgent=no -o IdentityAgent=none -o ClearAllForwardings=yes -o UpdateHostKeys=no',
].join(' ');

/** As a value of an option: spaces need quotes, and a percent sign begins a token. */
function sshPath(path: string): string {
  return `"${resolve(path).replaceAll('%', '%%')}"`;
}
