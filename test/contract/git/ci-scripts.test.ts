import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ciFile, runScript, scriptsOf } from '../../support/ci-scripts.js';
import { workspaceText } from '../../support/git-repository.js';
import { createGitTestSite } from '../../support/git-site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

/** `main` and `change` have gone their own ways from one commit. */
function lagging(): { readonly began: string; readonly base: string; readonly head: string } {
  const { repository } = site;
  const began = repository.commit({ 'specs/alice.json': workspaceText('alice') });
  repository.move('change', began);
  const base = repository.commit({ 'specs/bob.json': workspaceText('bob') });
  return { began, base, head: repository.commit({ 'specs/carol.json': workspaceText('carol') }, { branch: 'change' }) };
}

describe('the script of the workflow that plans', () => {
  const script = scriptsOf(ciFile('github/kalpana-specs.yml')).find((one) => one.includes('--against')) ?? '';

  function planned(base: string, head: string, code: number) {
    rmSync(join(site.root, 'specs-repository'), { force: true });
    symlinkSync(site.repository.path, join(site.root, 'specs-repository'));
    const env = { GITHUB_WORKSPACE: site.root, GITHUB_STEP_SUMMARY: join(site.root, 'summary'), HEAD_SHA: head, BASE_SHA: base, SPECS: 'specs' };
    return runScript(script, site.root, env, { node: `printf '%s\\n' "$@" > arguments; echo told; exit ${code}` });
  }

  it('compares a branch that lags behind with the commit where it began', () => {
    const { began, base, head } = lagging();
    const { status, file } = planned(base, head, 2);
    expect([status, file('summary')]).toEqual([0, 'told\n']);
    expect(file('arguments')).toContain(`\n--git-ref\n${head}\n--git-path\nspecs\n--against\n${began}\n`);
  });

  it('compares with the base where nothing is in common', () => {
    const { base } = lagging();
    const head = site.repository.commit({ 'specs/dave.json': workspaceText('dave') }, { branch: 'other', parent: null });
    expect(planned(base, head, 0).file('arguments')).toContain(`\n--against\n${base}\n`);
  });

  it('fails as the plan does', () => {
    const { base, head } = lagging();
    expect([planned(base, head, 1).status, planned(base, head, 1).file('plan.md')]).toEqual([1, 'told\n']);
  });
});
