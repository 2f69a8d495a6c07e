import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Encrypter } from 'age-encryption';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { validatePaths } from '../../../controller/source/validate-paths.js';
import { formatProblem } from '../../../controller/source/parse/problem.js';
import { createAgeKey, seal, sealText, type AgeKey } from '../../support/git/age-keys.js';
import { createFixture, workspace, type Fixture } from './fixture.js';

let fixture: Fixture;
let key: AgeKey;
let other: AgeKey;
beforeEach(async () => {
  fixture = createFixture();
  key = await createAgeKey();
  other = await createAgeKey();
  writeFileSync(identity(), key.file);
  fixture.write('team/alice.json', withToken('alice'));
});
afterEach(() => fixture.clean());

const identity = () => join(fixture.root, 'identity');
const withToken = (name: string, ageFile = 'token.age') =>
  workspace(name, { env: [{ name: 'TOKEN', valueFrom: { ageFile } }] });
const token = (file = 'team/token.age') => join(fixture.specs, file);
const put = (bytes: Uint8Array | string, file?: string) => writeFileSync(token(file), bytes);
const create = (ageIdentityFile: string | null = identity()) => fixture.create({ ageIdentityFile });
const valueOf = (snapshot: DesiredSnapshot) => snapshot.workspaces.get('alice')?.secrets.get('TOKEN')?.reveal();
const hashOf = (snapshot: DesiredSnapshot) => snapshot.workspaces.get('alice')?.specHash;
const messages = (snapshot: DesiredSnapshot) => snapshot.problems.map((problem) => problem.message);

describe('a secret that is encrypted beside its spec', () => {
  it.each([
    ['binary', () => seal('hunter2', key.recipient)],
    ['in ASCII armour', () => sealText('hunter2', key.recipient)],
    ['for several', () => seal('hunter2\n', other.recipient, key.recipient)],
  ])('(%s) has its value', async (_form, make) => {
    put(await make());
    const snapshot = await create().scan();
    expect(valueOf(snapshot)).toBe('hunter2');
    expect(snapshot.workspaces.get('alice')).toMatchObject({
      secretsReadable: true,
      problem: null,
      creation: { env: [{ name: 'TOKEN', ageFile: 'token.age', digest: expect.stringMatching(/^scrypt:/) }] },
    });
    expect(inspect(snapshot, { depth: null })).not.toContain('hunter2');
  });

  it('may stand in a directory below the spec, and be shared by workspaces', async () => {
    mkdirSync(token('team/secrets'));
    put(await seal('hunter2', key.recipient), 'team/secrets/token.age');
    fixture.write('team/alice.json', withToken('alice', 'secrets/token.age'));
    fixture.write('team/bob.json', withToken('bob', 'secrets/token.age'));
    const snapshot = await create().scan();
    expect([...snapshot.workspaces.values()].map(({ secrets }) => secrets.get('TOKEN')?.reveal())).toEqual([
      'hunter2',
      'hunter2',
    ]);
  });

  it('changes the hash of the spec when its value changes, not when it is encrypted anew', async () => {
    const desired = create();
    put(await seal('hunter2', key.recipient));
    const first = await desired.scan();
    put(await seal('hunter2', key.recipient, other.recipient));
    expect(hashOf(await desired.scan())).toBe(hashOf(first));
    put(await seal('hunter3', key.recipient));
    const third = await desired.scan();
    expect([valueOf(third), hashOf(third) === hashOf(first)]).toEqual(['hunter3', false]);
  });

  it('is decrypted once as long as nothing changes, and gives the same object again', async () => {
    put(await seal('hunter2', key.recipient));
    const desired = create();
    await desired.scan();
    // Past the time in which a file may change unseen.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const [before, after] = [await desired.scan(), await desired.scan()];
    expect(after.workspaces.get('alice')).toBe(before.workspaces.get('alice'));
  });

  it('is opened by a key that was replaced while the controller runs, or added', async () => {
    put(await seal('hunter2', other.recipient));
    const desired = create();
    expect(messages(await desired.scan())).toEqual([
      `spec.env: TOKEN: the age file "token.age" is not encrypted for the controller's key: encrypt it for ${key.recipient}`,
    ]);
    writeFileSync(`${identity()}.new`, `${key.file}\r\n\n${other.file}`);
    renameSync(`${identity()}.new`, identity());
    expect(valueOf(await desired.scan())).toBe('hunter2');
  });

  it('that cannot be opened any more keeps its digest, and the workspace its hash', async () => {
    put(await seal('hunter2', key.recipient));
    const desired = create();
    const first = await desired.scan();
    rmSync(token());
    const second = await desired.scan();
    expect(second.workspaces.get('alice')).toMatchObject({ secretsReadable: false, specHash: hashOf(first) });
    expect(formatProblem(second.problems[0]!)).toBe(
      `${join(fixture.specs, 'team/alice.json')}:13:22: spec.env: TOKEN: the age file "token.age" does not exist: put it there, readable for the controller`,
    );
  });
});

describe('an encrypted secret that is of no use', () => {
  const passphrase = async () => {
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(1);
    encrypter.setPassphrase('hunter2');
    return encrypter.encrypt('hunter2');
  };
  const faults: [string, () => Promise<Uint8Array | string>, string][] = [
    [
      'in clear',
      () => Promise.resolve('hunter2'),
      'is not encrypted with age: encrypt it; if it holds the secret in clear, change the secret too',
    ],
    ['empty', () => Promise.resolve(''), 'is not encrypted with age'],
    ['by a passphrase', passphrase, "is not encrypted for the controller's key: encrypt it for age1"],
    ['cut', async () => (await seal('hunter2', key.recipient)).subarray(0, -4), 'is damaged: encrypt the value anew'],
    [
      'with a bit turned',
      async () => {
        const bytes = await seal('hunter2', key.recipient);
        bytes[bytes.length - 1]! ^= 1;
        return bytes;
      },
      'is damaged',
    ],
    ['with a broken header', () => Promise.resolve('age-encryption.org/v1\n-> hunter2'), 'is damaged'],
    ['of a later format', () => Promise.resolve('age-encryption.org/v9\nhunter2'), 'is damaged'],
    ['with broken armour', () => Promise.resolve('-----BEGIN AGE ENCRYPTED FILE-----\nhunter2!'), 'is damaged'],
    [
      'with a value that is too large',
      () => seal('hunter2'.repeat(6_000), key.recipient),
      'holds a value larger than 32 KiB: make it smaller',
    ],
    [
      'too large itself',
      () => Promise.resolve(`age-encryption.org/v1\n${'x'.repeat(100_000)}`),
      'the file is larger than 96 KiB',
    ],
    ['with a value that is no text', () => seal(new Uint8Array([0xff]), key.recipient), 'is not valid UTF-8'],
    ['with a NUL', () => seal('hunter2\0', key.recipient), 'holds a NUL character'],
  ];
  it.each(faults)('(%s) says so, and nothing of its content', async (_what, make, words) => {
    put(await make());
    const snapshot = await create().scan();
    expect(messages(snapshot)).toEqual([expect.stringContaining(words)]);
    expect(messages(snapshot)[0]).not.toContain('hunter2');
    expect(snapshot.workspaces.get('alice')).toMatchObject({ secretsReadable: false, secrets: new Map() });
  });

  const keys: [string, () => string | null, string][] = [
    [
      'is not configured',
      () => null,
      'the age file "token.age" needs a key: start the controller with --age-identity-file',
    ],
    ['is missing', () => '', 'identity" does not exist'],
    ['is empty', () => '# nothing\n', 'holds no key: make one with age-keygen'],
    [
      'is of ssh',
      () => '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n',
      'is no file of age identities (line 1): make one with age-keygen',
    ],
    [
      'has a slip',
      () => `# key\n${key.file.split('\n')[2]?.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'))}\n`,
      'is no file of age identities (line 2)',
    ],
    ['is a public one', () => `${key.recipient}\n`, 'is no file of age identities (line 1)'],
  ];
  it.each(keys)('whose key %s says so, and nothing of the key', async (_what, content, words) => {
    put(await seal('hunter2', key.recipient));
    const text = content();
    if (text === '') rmSync(identity());
    else if (text !== null) writeFileSync(identity(), text);
    const said = messages(await create(text === null ? null : identity()).scan());
    expect(said).toEqual([expect.stringContaining(words)]);
    expect(said[0]).not.toMatch(/hunter2|AGE-SECRET-KEY/);
  });

  it('behind a link that leads out of the source is not read', async () => {
    writeFileSync(join(fixture.root, 'token.age'), await seal('hunter2', key.recipient));
    symlinkSync('../../token.age', token());
    expect(messages(await create().scan())).toEqual([
      expect.stringContaining('is a link that leads out of the directory'),
    ]);
  });

  it.each([
    ['../token.age', /is not the path of an age file beside the spec/],
    ['/etc/token.age', /is not the path of an age file/],
    ['.token.age', /is not the path of an age file/],
    ['a/../token.age', /is not the path of an age file/],
    ['token.txt', /is not the path of an age file/],
  ])('is refused by its name %s', async (file, message) => {
    expect(await fixture.messagesOf(withToken('bob', file))).toContainEqual(expect.stringMatching(message));
  });

  it.each([
    [{}, 'spec.env[0].valueFrom: says nothing: add "secretFile" or "ageFile"'],
    [
      { ageFile: 'a.age', secretFile: 'a' },
      'spec.env[0].valueFrom: has both "secretFile" and "ageFile": remove one of them',
    ],
  ])('is refused when %j', async (valueFrom, message) => {
    expect(await fixture.messagesOf(workspace('bob', { env: [{ name: 'TOKEN', valueFrom }] }))).toContain(message);
  });
});

describe('validate', () => {
  it('finds what is missing and what is in clear beside the specs, without a key', async () => {
    put('hunter2');
    fixture.write('bob.json', withToken('bob'));
    fixture.write('carol.json', withToken('carol', 'team/good.age'));
    put(await seal('x', other.recipient), 'team/good.age');
    const said = (await validatePaths([fixture.specs])).problems.map(formatProblem);
    expect(said).toEqual([
      expect.stringMatching(/bob\.json:13:22: spec\.env: TOKEN: the age file "token\.age" does not exist/),
      expect.stringMatching(
        /team\/alice\.json:13:22: spec\.env: TOKEN: the age file "token\.age" is not encrypted with age/,
      ),
    ]);
    expect((await validatePaths([token('team/alice.json')])).problems).toHaveLength(1);
  });
});
