import { chmodSync } from 'node:fs';
import { relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serveGitOverSsh, type GitSshServer } from '../../support/git/ssh-server.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
let server: GitSshServer;
let count = 0;
beforeAll(async () => {
  site = createGitTestSite();
  server = await serveGitOverSsh(site.root);
  site.repository.commit({ 'alice.json': workspaceText('alice') });
});
afterAll(async () => {
  await site.close();
  await server.stop();
});

/** Of a source of its own. */
const settings = () => ({
  name: `team-${(count += 1)}`,
  url: server.url(site.repository.path),
  sshKeyFile: server.keyFile,
  knownHostsFile: server.knownHostsFile,
});

describe('ssh', () => {
  it('fetches with a key and a known host, whatever their directory is called', async () => {
    const one = await site.started(settings());
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
    await one.judged(site.repository.commit({ 'bob.json': workspaceText('bob') }));
    expect(one.source.git().applied?.revision).toBe(site.repository.head());
  });

  it('finds both when they are named from the directory it was started in', async () => {
    const here = (file: string) => relative(site.root, file);
    const one = await site.startedIn(site.root, {
      ...settings(),
      sshKeyFile: here(server.keyFile),
      knownHostsFile: here(server.knownHostsFile),
    });
    expect(one.source.git()).toMatchObject({ failure: null, applied: { revision: site.repository.head() } });
  });

  it.each<[string, () => object, RegExp]>([
    [
      'the server has another key than the one that is known',
      () => ({ knownHostsFile: server.wrongKnownHostsFile }),
      /Host key for .* has changed.*check the server's key/,
    ],
    [
      'nothing is known of the server',
      () => ({ knownHostsFile: '/nonexistent' }),
      /Host key verification failed|host key is known/i,
    ],
    [
      'the server does not know the key',
      () => ({ sshKeyFile: server.strangersKeyFile }),
      /Permission denied.*the server has to know it/,
    ],
    ['there is no such key', () => ({ sshKeyFile: '/nonexistent' }), /Permission denied|no such identity|Load key/i],
    [
      'there is no such repository',
      () => ({ url: server.url('/nonexistent.git') }),
      /does not appear to be a git repository/,
    ],
  ])('says so when %s', async (_, changes, message) => {
    const one = await site.started({ ...settings(), ...changes() });
    expect(one.source.git()).toMatchObject({
      applied: null,
      failure: { reason: 'FetchFailed', message: expect.stringMatching(message) },
    });
  });

  it('says so when others may read the key', async () => {
    chmodSync(server.keyFile, 0o644);
    const one = await site.started(settings());
    chmodSync(server.keyFile, 0o600);
    expect(one.source.git().failure?.message).toMatch(/Permission denied|UNPROTECTED|bad permissions/i);
  });

  it('does not wait for a server that is gone', async () => {
    await server.stop();
    const one = await site.started(settings());
    expect(one.source.git().failure?.message).toMatch(/Connection refused.*it is tried again/);
  });
});
