import { describe, expect, it } from '@jest/globals';
import { isTrustedImage } from '../../../../controller/nix/images/trusted-image.js';

const ONE = `sha256:${'1'.repeat(64)}`;
const TWO = `sha256:${'2'.repeat(64)}`;

describe('an entry that is a name', () => {
  it.each([
    ['kalpana/workspace:latest', ['kalpana/*'], true],
    ['kalpana/workspace', ['kalpana/*'], true],
    [`kalpana/workspace@sha256:${'a'.repeat(64)}`, ['kalpana/*'], true],
    ['evil/kalpana/workspace', ['kalpana/*'], false],
    ['registry.example.org/kalpana/workspace', ['kalpana/*'], false],
    ['kalpanaX/workspace', ['kalpana/*'], false],
    ['team/image:1', ['team/image'], true],
    ['team/image:1', ['team/image:2'], false],
    ['team/image:1', ['team/image:*'], true],
    ['team/image-evil', ['team/image'], false],
    ['teamXimage', ['team.image'], false],
    ['localhost:5000/a/b:1', ['localhost:5000/*'], true],
    ['anything', ['*'], true],
    ['anything', [], false],
  ])('%s by %j: %s', (reference, entries, expected) =>
    expect(isTrustedImage({ reference, imageId: ONE }, entries)).toBe(expected),
  );
});

describe('an entry that is an id', () => {
  it.each([
    ['the image under any name', 'team/image:1', ONE, [ONE], true],
    ['the image by its id', ONE, ONE, [ONE], true],
    ['another image', 'team/image:1', TWO, [ONE], false],
    ['another image that a name of this form is given', ONE, TWO, [ONE], false],
    ['another image that is pulled by this digest', `team/image@${ONE}`, TWO, [ONE], false],
    ['one of several', 'team/image:1', TWO, ['other/*', ONE, TWO], true],
    ['the beginning of an id', 'team/image:1', ONE, [ONE.slice(0, 19)], false],
    ['an id without its algorithm', 'team/image:1', ONE, [ONE.slice(7)], false],
    ['a pattern of ids', 'team/image:1', ONE, ['sha256:*'], false],
  ])('%s: %s, %s by %j: %s', (_what, reference, imageId, entries, expected) =>
    expect(isTrustedImage({ reference, imageId }, entries)).toBe(expected),
  );
});
