import { containerName } from '../../model/names.js';
import type { SpecLocation } from '../../model/desired.js';
import { isGitSourceId, type GitSettings } from '../../model/git.js';
import type { WorkspaceStatus } from '../../model/status.js';
import { hostPortText } from './workspace-table.js';

export interface TryNext {
  readonly specs: readonly string[];
  readonly git: readonly GitSettings[];
  readonly secretsDir: string | null;
  readonly ageIdentityFile: string | null;
  readonly stateDir: string;
  /** The address `host:port` of /metrics, or null when there is none. */
  readonly address: string | null;
  /** The engine's address when the docker command line does not find it by itself, else null. */
  readonly dockerHost: string | null;
}

/** Renders commands to paste that fit what runs here. */
export function tryNextText(
  statuses: readonly WorkspaceStatus[],
  { specs, git, secretsDir, ageIdentityFile, stateDir, address, dockerHost }: TryNext,
): string {
  const first = statuses.find(({ phase }) => phase === 'Ready');
  const engine = dockerHost === null ? '' : `DOCKER_HOST=${quoted(dockerHost)} `;
  const planFlags = [
    ...specs.map((directory) => `--specs ${quoted(directory)}`),
    ...git.flatMap(gitFlags),
    ...(secretsDir === null ? [] : [`--secrets-dir ${quoted(secretsDir)}`]),
    ...(ageIdentityFile === null ? [] : [`--age-identity-file ${quoted(ageIdentityFile)}`]),
    `--state-dir ${quoted(stateDir)}`,
  ];
  const lines = [
    first?.location == null ? null : changeLine(first.location),
    packageLine(statuses),
    first === undefined ? null : `${engine}docker rm -f ${containerName(first.name)}    # and see it return`,
    `${engine}npx kalpana plan ${planFlags.join(' ')}`,
    `npx kalpana get workspaces --state-dir ${quoted(stateDir)}`,
    statuses.some(({ cache }) => hasPackages(cache))
      ? `npx kalpana cache status --state-dir ${quoted(stateDir)}`
      : null,
    curlLine(statuses),
    address === null ? null : `curl http://${reachable(address)}/metrics`,
  ];
  return `What to try next:\n${lines
    .filter((line) => line !== null)
    .map((line) => `  ${line}\n`)
    .join('')}`;
}

/** A command that adds a package, preferably one of another workspace, because that is already in the shared store. */
function packageLine(statuses: readonly WorkspaceStatus[]): string | null {
  const ready = statuses.filter(({ phase, cache }) => phase === 'Ready' && hasPackages(cache));
  for (const { name, location, cache } of ready) {
    if (location === null || isGitSourceId(location.source)) continue;
    const others = ready.filter((one) => one.cache?.name === cache?.name).flatMap((one) => one.cache?.packages ?? []);
    const more = others.find((one) => cache?.packages.includes(one) === false);
    const what = more === undefined ? 'a package' : `"${more}"`;
    return (
      `add ${what} to "packages" in ${location.file} and save it: ` +
      `it is on PATH in ${containerName(name)} a moment later, without a restart`
    );
  }
  return null;
}

function hasPackages(cache: WorkspaceStatus['cache']): boolean {
  return cache !== null && cache.packages.length > 0;
}

function curlLine(statuses: readonly WorkspaceStatus[]): string | null {
  for (const { name, phase, container } of statuses) {
    const port = phase === 'Ready' ? container?.ports.find(({ protocol }) => protocol === 'tcp') : undefined;
    if (port !== undefined)
      return `curl http://${reachable(hostPortText(port))}/    # port ${port.containerPort} of ${name}`;
  }
  return null;
}

/** Replaces the address for "any" by one that can be contacted. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function changeLine({ source, file }: SpecLocation): string {
  return isGitSourceId(source)
    ? `commit a change of ${file} and push it: it is live seconds later`
    : `edit ${file} and save it: the change is live seconds later`;
}

function gitFlags({
  url,
  ref,
  path,
  tokenFile,
  sshKeyFile,
  knownHostsFile,
  caFile,
  ageIdentityFile,
}: GitSettings): string[] {
  const parts: Readonly<Record<string, string | null>> = {
    ref,
    path: path === '' ? null : path,
    'token-file': tokenFile,
    'ssh-key-file': sshKeyFile,
    'known-hosts-file': knownHostsFile,
    'ca-file': caFile,
    'age-identity-file': ageIdentityFile,
  };
  return [
    `--git ${quoted(url.text)}`,
    ...Object.entries(parts).flatMap(([name, value]) => (value === null ? [] : [`--git-${name} ${quoted(value)}`])),
  ];
}
