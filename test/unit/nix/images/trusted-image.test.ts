import { expect, it } from '@jest/globals';
import { isTrustedImage } from '../../../../controller/nix/images/trusted-image.js';

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
])('%s by %j: %s', (reference, patterns, expected) => expect(isTrustedImage(reference, patterns)).toBe(expected));
