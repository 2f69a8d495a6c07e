import { describe, expect, it } from '@jest/globals';
import { EngineError, type EngineFailureKind } from '../../../../controller/docker/port.js';
import { findLinks, type LinkSource } from '../../../../controller/nix/gc/links.js';
import type { KnownLink } from '../../../../controller/nix/gc/root-inventory.js';
import { storePath } from '../../../support/gc/fake-run.js';
import { failureOf, portOf } from '../fake-port.js';

const HELLO = storePath('hello');
const ALICE: LinkSource = { owner: 'alice', containerId: 'id-alice', containerName: 'workspace-alice' };
const BOB: LinkSource = { owner: 'bob', containerId: 'id-bob', containerName: 'workspace-bob' };
const known = (file: string): KnownLink => ({ name: 'n1', file, madeAt: '1' });

/** Targets by the link's path, or by `container path` where containers differ; an error is the engine's. */
function engineWith(links: Readonly<Record<string, string | EngineError>>) {
  const looks: string[] = [];
  const docker = portOf({
    async readLink(container, path) {
      looks.push(path);
      const found = links[`${container} ${path}`] ?? links[path] ?? null;
      if (found instanceof EngineError) throw found;
      return found;
    },
  });
  return {
    looks,
    pathOf: async (file: string) => (await findLinks(docker, [ALICE], [known(file)], {}))[0]?.path ?? null,
    find: (sources: readonly LinkSource[], files: readonly string[]) =>
      findLinks(docker, sources, files.map(known), {}),
  };
}

describe('where a link leads', () => {
  it.each<{ what: string; links: Record<string, string>; path: string | null }>([
    { what: 'into the store', links: { '/w/result': HELLO }, path: HELLO },
    { what: 'to a file in a store path', links: { '/w/result': `${HELLO}/bin/hello` }, path: HELLO },
    { what: 'through others', links: { '/w/result': '/w/a', '/w/a': '../x/b', '/x/b': HELLO }, path: HELLO },
    { what: 'beside itself', links: { '/w/result': './a', '/w/a': HELLO }, path: HELLO },
    { what: 'above the root, as the kernel does', links: { '/w/result': `../../..${HELLO}` }, path: HELLO },
    {
      what: 'upwards from where a directory really is',
      links: { '/w/result': 'd/../a', '/w/d': '/deep/er', '/deep/a': HELLO, '/w/a': storePath('wrong') },
      path: HELLO,
    },
    { what: 'to no store path', links: { '/w/result': '/etc/passwd' }, path: null },
    { what: 'to the store itself', links: { '/w/result': '/nix/store' }, path: null },
    { what: 'to itself', links: { '/w/result': 'result' }, path: null },
    { what: 'to itself through a directory', links: { '/w/result': 'd/../x', '/w/d': 'd/..' }, path: null },
    { what: 'nowhere, for it is none', links: {}, path: null },
  ])('$what', async ({ links, path }) => {
    expect(await engineWith(links).pathOf('/w/result')).toBe(path);
  });

  it('is looked for in no more steps than a kernel takes, nor in more than a few hundred', async () => {
    const chain = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, at) => [`/w/${at}`, at === length - 1 ? HELLO : `/w/${at + 1}`]));
    expect(await engineWith(chain(40)).pathOf('/w/0')).toBe(HELLO);
    expect(await engineWith(chain(41)).pathOf('/w/0')).toBeNull();
    const { pathOf, looks } = engineWith({ '/w/result': 'a/../'.repeat(1_000) });
    expect(await pathOf('/w/result')).toBeNull();
    expect(looks.length).toBeLessThanOrEqual(400);
  });
});

describe('the known links', () => {
  it('are looked for in each container, where one name may lead elsewhere', async () => {
    const jq = storePath('jq');
    const { find } = engineWith({ 'id-alice /w/a': HELLO, 'id-bob /w/a': jq, 'id-bob /w/b': jq });
    const found = await find([ALICE, BOB], ['/w/a', '/w/b']);
    expect(found.map(({ owner, file, path }) => `${owner} ${file} ${path}`).sort()).toEqual([
      `alice /w/a ${HELLO}`,
      `bob /w/a ${jq}`,
      `bob /w/b ${jq}`,
    ]);
  });

  it('of a container that is gone are none', async () => {
    const gone = new EngineError('not-found', 'readLink', 'no such container');
    expect(await engineWith({ '/w/a': gone }).pathOf('/w/a')).toBeNull();
  });

  it('that cannot be read stop the collection, and name the container', async () => {
    const { find } = engineWith({ 'id-bob /w/a': new EngineError('server', 'readLink', 'input/output error') });
    expect(await failureOf(find([ALICE, BOB], ['/w/a']))).toEqual({
      reason: 'LinkUnreadable',
      message: 'a in the container workspace-bob cannot be read: input/output error',
    });
  });

  it.each<EngineFailureKind>(['aborted', 'unreachable'])('fail with the engine when it is %s', async (kind) => {
    const error = new EngineError(kind, 'readLink', 'no answer');
    await expect(engineWith({ '/w/a': error }).pathOf('/w/a')).rejects.toBe(error);
  });
});
