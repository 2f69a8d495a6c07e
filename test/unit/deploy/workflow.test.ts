import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { COMMENT_MARKER } from '../../../controller/plan/compare-markdown.js';

const text = readFileSync(new URL('../../../deploy/github/kalpana-specs.yml', import.meta.url), 'utf8');

/** The scripts: what follows a `run:`, on its line or indented below it. */
function scripts(): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const match = /^( *)run: (.*)$/.exec(line);
    if (match === null) return [];
    const indent = (match[1] ?? '').length;
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => one.trim() !== '' && one.search(/\S/) <= indent);
    return [[match[2], ...rest.slice(0, end < 0 ? undefined : end)].join('\n')];
  });
}

describe('the workflow for pull requests', () => {
  it('puts nothing that a person chose into a script', () => {
    expect(scripts().length).toBe(4);
    for (const script of scripts()) expect(script).not.toContain('${{');
  });

  it('runs what a stranger wrote with no more than it needs', () => {
    expect(text).toMatch(/^on:\n {2}pull_request:\n/m);
    expect(text.replace(/^#.*$/gm, '')).not.toContain('pull_request_target');
    expect(text).toMatch(/^permissions:\n {2}contents: read\n {2}pull-requests: write\n\n/m);
    expect(text.match(/actions\/checkout/g)?.length).toBe(text.match(/persist-credentials: false/g)?.length);
  });

  it('finds its comment by the mark that the plan begins with', () => {
    expect(text).toContain(`startswith("${COMMENT_MARKER}")`);
  });
});
