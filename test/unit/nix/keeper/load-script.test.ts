import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as gc from '../../../../controller/nix/gc/gc-scripts.js';
import { loadScript } from '../../../../controller/nix/keeper/load-script.js';
import * as keeper from '../../../../controller/nix/keeper/scripts.js';

describe('a script', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kalpana-scripts-'));
    writeFileSync(join(folder, 'part.sh'), '#!/bin/sh\n# A part.\necho part\n');
    writeFileSync(
      join(folder, 'whole.sh'),
      '#!/bin/sh\n# What it does.\n\nif true; then\n  # Why.\n  . ./part.sh\nfi # done\n',
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is its text with its parts, without what is for readers of the file', () => {
    const file = pathToFileURL(join(folder, 'whole.sh'));
    expect(loadScript(file)).toBe('if true; then\necho part\nfi # done\n');
  });

  it('that is not there is an error', () => {
    expect(() => loadScript(pathToFileURL(join(folder, 'none.sh')))).toThrow('ENOENT');
  });
});

describe.each(Object.entries({ ...keeper, ...gc }).filter(([name]) => name.endsWith('_SCRIPT')))(
  '%s',
  (_name, text) => {
    it('is whole, has no comment and fits into one argument', () => {
      expect(text).toMatch(/\n$/);
      expect(text).not.toMatch(/^\s*(#|\. \.)/m);
      expect(String(text).length).toBeLessThan(128 * 1024);
    });
  },
);
