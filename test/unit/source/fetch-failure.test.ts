import { describe, expect, it } from '@jest/globals';
import type { GitSettings } from '../../../controller/model/git.js';
import { fetchFailure } from '../../../controller/source/git/fetch-failure.js';
import { GitError } from '../../../controller/source/git/git-command.js';

const settings = {
  url: { text: 'https://git.example/a.git', scheme: 'https' },
  maxBytes: 1024,
  tokenFile: '/k/token',
  knownHostsFile: '/k/known',
  sshKeyFile: '/k/key',
} as GitSettings;

describe('a question to a server that failed', () => {
  it.each<[string, string, RegExp]>([
    ['The requested URL returned error: 403', 'FetchFailed', /check the token in \/k\/token/],
    ["Authentication failed for 'https://git.example/a.git/'", 'FetchFailed', /check the token in/],
    [
      "could not read Username for 'https://git.example': terminal prompts disabled",
      'FetchFailed',
      /check the token in/,
    ],
    ["couldn't find remote ref refs/heads/gone", 'RefMissing', /push it, or change --git-ref/],
    [
      'Host key for [127.0.0.1]:40321 has changed and you have requested strict checking.',
      'FetchFailed',
      /check the server's key in \/k\/known/,
    ],
    ['Host key verification failed.', 'FetchFailed', /check the server's key/],
    ['Failed to connect to 127.0.0.1 port 40301: Connection refused', 'FetchFailed', /it is tried again/],
    ['Could not resolve host: git.example', 'FetchFailed', /it is tried again/],
    ['unable to access: server certificate verification failed. CAfile: none', 'FetchFailed', /--git-ca-file/],
    ["repository 'https://git.example/a.git/' not found", 'FetchFailed', /check the address/],
    ['something that nobody has heard of', 'FetchFailed', /cannot be fetched: something that nobody has heard of$/],
  ])('%s', (words, reason, remedy) => {
    expect(fetchFailure(new GitError('failed', words, `fatal: ${words}\n`), settings)).toEqual({
      reason,
      message: expect.stringMatching(remedy),
      problems: [],
    });
  });

  it.each([
    ['missing', 'GitUnusable', /install git/],
    ['too-large', 'CloneTooLarge', /more than 1024 bytes.*--git-max-size/],
    ['timeout', 'FetchFailed', /it is tried again/],
  ] as const)('%s', (kind, reason, remedy) => {
    expect(fetchFailure(new GitError(kind, 'no answer within 1 s', ''), settings)).toMatchObject({
      reason,
      message: expect.stringMatching(remedy),
    });
  });
});
