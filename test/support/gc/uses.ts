// Uses of a store path that only show where one looks for them.
import { expect } from '@jest/globals';
import type { Docker } from '../e2e/docker.js';
import { eventually } from '../e2e/eventually.js';
import type { Site } from '../e2e/kalpana-site.js';
import { headlessProgram } from '../nix/headless.js';
import { cacheObjects } from '../nix/site.js';

/** A path that nothing names: the file or directory that a line of shell makes at `$1`, in the keeper. */
export async function addPath(docker: Docker, cache: string, name: string, line: string): Promise<string> {
  const shell = `export NIX_REMOTE=local; d=$(mktemp -d); set -- $d/${name}; { ${line}\n} && nix-store --add $1; rm -rf $d`;
  const { code, text } = await docker.exec(cacheObjects(cache).keeper, ['sh', '-c', shell], '0');
  expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/^\/nix\/store\/\S+$/) });
  return text;
}

/** Starts a program that goes on without a terminal. */
export async function startAlone(docker: Docker, container: string, line: string): Promise<void> {
  const shell = `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid ${line} &`;
  expect(await docker.exec(container, ['sh', '-c', shell], '0')).toEqual({ code: 0, text: '' });
}

export interface Use {
  readonly path: string;
  end(): Promise<unknown>;
}

/** A process whose main thread has ended while another runs. */
export async function useWithoutMainThread(docker: Docker, cache: string, container: string): Promise<Use> {
  const program = headlessProgram().toString('base64');
  const path = await addPath(docker, cache, 'headless', `echo ${program} | base64 -d > $1; chmod 755 $1`);
  await startAlone(docker, container, path);
  const find = `for s in /proc/[0-9]*/status; do grep -q '^State:.*Z' $s && grep -q '^Threads:.*2' $s && echo $s; done | cut -d/ -f3`;
  const pid = await eventually(
    async () => {
      const { text } = await docker.sh(container, find);
      expect({ path, text }).toEqual({ path, text: expect.stringMatching(/^\d+$/) });
      return text;
    },
    { withinMs: 5_000 },
  );
  return { path, end: () => docker.sh(container, `kill -9 ${pid}`) };
}

/** A mount of the path somewhere else, in a namespace of its own; `container` is made for it, and ends with it. */
export async function useByMount(site: Site, cache: string, container: string): Promise<Use> {
  const { docker } = site;
  const path = await addPath(docker, cache, 'mounted', 'mkdir $1; echo mounted > $1/words');
  site.owns(container);
  await docker.create(container, {
    Cmd: ['sleep', '100000'],
    HostConfig: {
      Init: true,
      CapAdd: ['SYS_ADMIN'],
      SecurityOpt: ['apparmor=unconfined'],
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: cacheObjects(cache).volume, Target: '/nix', ReadOnly: true }],
    },
  });
  await docker.start(container);
  await startAlone(
    docker,
    container,
    `unshare -m sh -c 'mkdir -p /mnt && mount --bind ${path} /mnt && cd / && exec sleep 99999'`,
  );
  const mounts = `cat /proc/[0-9]*/mountinfo | grep -c ' /mnt '`;
  await eventually(async () => expect((await docker.sh(container, mounts)).text).toMatch(/^[1-9]/), {
    withinMs: 5_000,
  });
  return { path, end: () => docker.remove(container) };
}
