import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { keeperOf } from '../../../deploy/setup/keeper-image.mjs';

it('the image that is made from packages is that of the Dockerfile, and of another release another', () => {
  const dockerfile = readFileSync(new URL('../../../deploy/images/nix-keeper/Dockerfile', import.meta.url), 'utf8');
  const { suite, recipe } = keeperOf();
  expect(/^FROM debian:(\w+)-slim$/m.exec(dockerfile)?.[1]).toBe(suite);
  expect(keeperOf(suite).recipe).toBe(recipe);
  expect(keeperOf('bookworm').recipe).not.toBe(recipe);
});
