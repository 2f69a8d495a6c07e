import { describe, expect, it } from '@jest/globals';
import { nixFailure, type Phase } from '../../../../controller/nix/packages/nix-failure.js';
import { createNixLog } from '../../../../controller/nix/packages/nix-log.js';

const P = '/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-hello';
const Q = '/nix/store/yfp82v7lwfbx4dnjaycckfpdcx0sw56r-other';
const ENV = '/nix/store/szr1jpfjisbj4l2sn4dfhacqckfc6h6p-kalpana-env-0123456789abcdef0123456789abcdef.drv';
const message = (text: string, level = 0) => `@nix ${JSON.stringify({ action: 'msg', level, msg: text })}`;
const red = (text: string) => `\u001b[31;1merror:\u001b[0m ${text}`;

/** What Nix 2.8 and 2.26 say, as they say it. */
const CASES: readonly [string, Phase, readonly string[], string, string][] = [
  [
    'a package that is not there',
    'resolve',
    ['error:', '       … while evaluating', `       error: kalpana-missing: 'nosuch' is not in /nixpkgs`],
    'PackageNotFound',
    `'nosuch' is not in /nixpkgs`,
  ],
  [
    'a collision, Nix 2.26',
    'realise',
    [
      message(
        red(
          `builder for '${ENV}' failed with exit code 1;\n last 4 log lines:\n > ${red('Unable to build profile. There is a conflict for the following files:')}\n >\n >          ${P}/bin/hello\n >          ${Q}/bin/hello\n For full logs, run: nix log ${ENV}`,
        ),
      ),
    ],
    'PackageCollision',
    'hello and other both provide /bin/hello',
  ],
  [
    'a host that permits no namespaces',
    'realise',
    [
      message(
        red(
          "this system does not support the kernel namespaces that are required for sandboxing; use '--no-sandbox' to disable sandboxing",
        ),
      ),
    ],
    'SandboxUnavailable',
    "builds cannot have Nix's sandbox on this host",
  ],
  [
    'a collision, Nix 2.34: paths in double quotes',
    'realise',
    [
      message(
        red(
          `builder for '${ENV}' failed: packages "${P}/bin/hello" and "${Q}/bin/hello" have the same priority 5; use it`,
        ),
      ),
    ],
    'PackageCollision',
    'hello and other both provide /bin/hello',
  ],
  [
    'a collision, Nix 2.8',
    'realise',
    [
      message(
        red(
          `builder for '${ENV}' failed with exit code 1;\n > packages '${Q}/bin/hello' and '${P}/bin/hello' have the same priority 5; use 'nix-env --set-flag priority NUMBER INSTALLED_PKGNAME'`,
        ),
      ),
    ],
    'PackageCollision',
    'other and hello both provide /bin/hello',
  ],
  [
    'a build that fails',
    'realise',
    [
      `@nix ${JSON.stringify({ action: 'start', id: 1, type: 105, fields: [`${P}.drv`] })}`,
      `@nix ${JSON.stringify({ action: 'result', id: 1, type: 101, fields: ['I am broken'] })}`,
      message(red(`builder for '\u001b[35;1m${P}.drv\u001b[0m' failed with exit code 3;\n > I am broken`)),
      message(red(`1 dependencies of derivation '${ENV}' failed to build`)),
    ],
    'PackageBuildFailed',
    'the build of hello failed with exit code 3: I am broken',
  ],
  [
    'a build that takes too long',
    'realise',
    [message(red(`building of '${P}.drv' timed out after 10 seconds`)), message(red(`build of '${P}.drv' timed out`))],
    'PackageBuildFailed',
    'the build of hello timed out after 10 seconds',
  ],
  [
    'a cache that is down',
    'realise',
    [
      message(
        `warning: error: unable to download 'http://10.0.0.1:1/x.narinfo': Could not connect to server (7); retrying in 280 ms`,
        1,
      ),
    ],
    'PackageFetchFailed',
    `unable to download 'http://10.0.0.1:1/x.narinfo': Could not connect to server (7)`,
  ],
  [
    'an unsigned path',
    'realise',
    [
      message(
        `warning: ignoring substitute for '${P}' from 'http://c', as it's not signed by any of the keys in 'trusted-public-keys'`,
      ),
      message(red(`build of '${P}' failed`)),
    ],
    'PackageUntrusted',
    `ignoring substitute for 'hello' from 'http://c', as it's not signed by any of the keys in 'trusted-public-keys'`,
  ],
  [
    'a corrupted archive',
    'realise',
    [message(red(`hash mismatch importing path '${P}';\n specified: sha256:a\n got: sha256:b`))],
    'PackageFetchFailed',
    `a substituter serves something broken, which was refused: hash mismatch importing path 'hello';`,
  ],
  [
    'a full disk',
    'realise',
    [message(red(`writing to file: No space left on device`))],
    'CacheDiskFull',
    'the disk of the cache is full: writing to file: No space left on device',
  ],
  [
    'a full database',
    'realise',
    [message(red(`executing SQLite statement: database or disk is full (in '/nix/var/nix/db/db.sqlite')`))],
    'CacheDiskFull',
    `the disk of the cache is full: executing SQLite statement: database or disk is full (in '/nix/var/nix/db/db.sqlite')`,
  ],
  [
    'an expression that is wrong',
    'resolve',
    ['error:', '       … while calling', '       error: syntax error, unexpected end of file'],
    'PackageEvaluationFailed',
    'syntax error, unexpected end of file',
  ],
  [
    'a nixpkgs that cannot be had',
    'resolve',
    [`error: unable to download 'https://example.org/nixpkgs.tar.gz': Could not resolve host: example.org`],
    'PackageFetchFailed',
    `unable to download 'https://example.org/nixpkgs.tar.gz': Could not resolve host: example.org`,
  ],
  [
    'a narinfo that a substituter does not let us have, Nix 2.35',
    'resolve',
    [`error: unable to download 'https://me:secret@cache.example/x/abc.narinfo': HTTP error 401`],
    'SubstituterRefused',
    'https://cache.example answers HTTP 401',
  ],
  [
    'a substituter that lets us ask for nothing',
    'realise',
    [
      message(`warning: unable to download 'http://10.0.0.1:1/nix-cache-info': HTTP error 407`),
      message(red(`path '${P}' is required, but there is no substituter that can build it`)),
    ],
    'SubstituterRefused',
    'http://10.0.0.1:1 answers HTTP 407',
  ],
  [
    'a nixpkgs that its host does not let us have',
    'resolve',
    [`error: unable to download 'https://example.org/nar/nixpkgs.tar.gz?x': HTTP error 404`],
    'PackageFetchFailed',
    `unable to download 'https://example.org/nar/nixpkgs.tar.gz?x': HTTP error 404`,
  ],
  [
    'a nixpkgs whose host answers 403',
    'resolve',
    [`error: unable to download 'https://example.org/nixpkgs.tar.gz': HTTP error 403`],
    'PackageFetchFailed',
    `unable to download 'https://example.org/nixpkgs.tar.gz': HTTP error 403`,
  ],
  [
    'an archive that a substituter promised and does not give',
    'realise',
    [
      message(red(`file 'nar/abc.nar.xz' does not exist in binary cache 'http://10.0.0.1:1'`)),
      message(red(`build of '${P}' failed`)),
    ],
    'PackageFetchFailed',
    `hello: file 'nar/abc.nar.xz' does not exist in binary cache 'http://10.0.0.1:1'`,
  ],
  [
    'a store path as package that no substituter has, Nix 2.34',
    'resolve',
    [
      'error:',
      '       … while calling',
      `       error: path '${P}' is required, but there is no substituter that can build it`,
    ],
    'PackageFetchFailed',
    `path 'hello' is required, but there is no substituter that can build it`,
  ],
  [
    'the same, Nix 2.8 and 2.26',
    'resolve',
    [`error: path '${P}' does not exist and cannot be created`],
    'PackageFetchFailed',
    `path 'hello' does not exist and cannot be created`,
  ],
  ['silence', 'realise', [], 'PackageFetchFailed', 'Nix gave no reason'],
];

describe('what Nix says, for a person', () => {
  it.each(CASES)('%s', (_what, phase, lines, reason, words) => {
    const log = createNixLog();
    for (const line of lines) log.push(line);
    expect(nixFailure(log, phase)).toEqual({ reason, message: words });
  });

  it('is one line of bounded length whatever Nix says', () => {
    const log = createNixLog();
    log.push(message(red(`kalpana-missing: ${'x'.repeat(10_000)}\n\u001b[2J`)));
    const { message: text } = nixFailure(log, 'resolve');
    expect(text.length).toBeLessThan(500);
    expect(text).not.toMatch(/[\u0000-\u001f]/);
  });
});
