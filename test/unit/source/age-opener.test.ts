import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as library from 'age-encryption';
import { nodeFileSystem } from '../../../controller/source/files/file-system.js';
import { createAgeOpener } from '../../../controller/source/secrets/age-opener.js';
import { createSmallFiles } from '../../../controller/source/secrets/small-files.js';
import { createAgeKey, seal, sealText } from '../../support/git/age-keys.js';
import { createFixture, type Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => void (fixture = createFixture()));
afterEach(() => fixture.clean());

describe('the package that decrypts', () => {
  it('may be missing for a moment: the secret cannot be read then, and the scan goes on', async () => {
    const key = await createAgeKey();
    const identity = join(fixture.root, 'identity');
    writeFileSync(identity, key.file);
    const sealed = await seal('hunter2', key.recipient);
    let isThere = false;
    const open = createAgeOpener(identity, '--age-identity-file', createSmallFiles(nodeFileSystem), () =>
      isThere ? Promise.resolve(library) : Promise.reject(new Error('EMFILE')),
    );
    expect(await open(sealed)).toEqual({ fault: 'cannot be decrypted: the package age-encryption cannot be loaded' });
    isThere = true;
    const content = await open(sealed);
    expect('secret' in content && content.secret.reveal()).toBe('hunter2');
  });
});

describe('recipients', () => {
  it.each([
    [100, 'hunter2'],
    [101, 'is encrypted for more than 100 recipients: encrypt it for fewer'],
  ])('of one value may be many, and not without end: %i', async (count, expected) => {
    const key = await createAgeKey();
    const identity = join(fixture.root, 'identity');
    writeFileSync(identity, key.file);
    const open = createAgeOpener(identity, '--age-identity-file', createSmallFiles(nodeFileSystem));
    const others = await Promise.all(Array.from({ length: count - 1 }, async () => (await createAgeKey()).recipient));
    for (const sealed of [
      await seal('hunter2', ...others, key.recipient),
      Buffer.from(await sealText('hunter2', ...others, key.recipient)),
    ]) {
      const content = await open(sealed);
      expect('secret' in content ? content.secret.reveal() : content.fault).toBe(expected);
    }
  });
});
