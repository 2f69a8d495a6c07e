import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ciFile, scriptsOf } from '../../support/git/ci-scripts.js';

const text = ciFile('../.github/workflows/ci.yml');
const root = fileURLToPath(new URL('../../../', import.meta.url));

const { engines } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { engines: { node: string } };

describe('the workflow of this repository', () => {
  it('runs the same as the check, and nothing else', () => {
    expect(scriptsOf(text)).toEqual(['sudo env "PATH=$PATH" .ci/run']);
    expect(existsSync(`${root}.ci/run`)).toBe(true);
    expect(statSync(`${root}.ci/run`).mode & 0o111).not.toBe(0);
  });

  it('runs on the recommended version of Node and on the oldest one', () => {
    const oldest = engines.node.replace('>=', '');
    expect(text).toContain(`node: ['24', '${oldest}']`);
  });

  it('gives what a stranger wrote no more than it needs', () => {
    expect(text).toMatch(/^on:\n {2}push:\n {4}branches: \[main\]\n {2}pull_request:\n\n/m);
    expect(text).not.toContain('pull_request_target');
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m);
    expect(text.match(/actions\/checkout/g)?.length).toBe(text.match(/persist-credentials: false/g)?.length);
    expect(text).not.toContain('secrets.');
  });
});
