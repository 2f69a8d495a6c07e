import { describe, expect, it } from '@jest/globals';
import { COMMENT_MARKER } from '../../../controller/plan/compare/compare-markdown.js';
import { ciFile, scriptsOf } from '../../support/git/ci-scripts.js';

const text = ciFile('gitlab/kalpana-specs.gitlab-ci.yml');
const scripts = scriptsOf(text);

describe('the job for merge requests', () => {
  it('puts nothing that a person chose into a script', () => {
    expect(scripts.length).toBe(1);
    // GitLab replaces these in the text of a script; variables reach it through the environment.
    expect(text).not.toContain('$[[');
    expect(text).not.toMatch(/_(TITLE|DESCRIPTION|LABELS|BRANCH_NAME|REF_NAME|REF_SLUG|MESSAGE)\b/);
    expect(text).not.toMatch(/\beval\b|bash -c|sh -c/);
  });

  it('quotes each variable, and gives the token to no command', () => {
    const shell = scripts
      .join('\n')
      .replace(/<<'EOF'\n[^]*?\nEOF\n/g, '\n')
      .replace(/^ *#.*$/gm, '');
    // An assignment splits no words.
    const bare = shell
      .replace(/"[^"]*"/g, '')
      .replace(/^ *\w+=\S*/gm, '')
      .replace(/=\$\w+$/gm, '')
      .replaceAll('$?', '')
      .replaceAll('$(', '');
    expect(bare).not.toContain('$');
    expect(shell).not.toContain('TOKEN');
    expect(text).toContain(`node --input-type=module - <<'EOF'\n`);
  });

  it('runs for merge requests alone, with the history in which the branch began', () => {
    expect(text).toContain('- if: $CI_PIPELINE_SOURCE == "merge_request_event"\n');
    expect(text).toContain('GIT_DEPTH: "0"\n');
    expect(scripts[0]).toContain('merge-base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" "$head"');
  });

  it('finds its note by the mark that the plan begins with', () => {
    expect(scripts[0]).toContain(`author.id === id && body.startsWith('${COMMENT_MARKER}')`);
  });
});
