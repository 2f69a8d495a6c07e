import { describe, expect, it } from '@jest/globals';
import { COMMENT_MARKER } from '../../../controller/plan/compare/compare-markdown.js';
import { ciFile, scriptsOf } from '../../support/git/ci-scripts.js';

const text = ciFile('github/kalpana-specs.yml');

describe('the workflow for pull requests', () => {
  it('puts nothing that a person chose into a script', () => {
    expect(scriptsOf(text).length).toBe(4);
    for (const script of scriptsOf(text)) expect(script).not.toContain('${{');
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

  it('has the history in which the branch began', () => {
    expect(text).toMatch(/ref: \$\{\{ github\.event\.pull_request\.head\.sha \}\}\n +fetch-depth: 0\n/);
    expect(scriptsOf(text).join('\n')).toContain('merge-base "$BASE_SHA" "$HEAD_SHA"');
  });
});
