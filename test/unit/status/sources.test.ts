import { describe, expect, it } from '@jest/globals';
import type { SpecProblem } from '../../../controller/model/desired.js';
import { problemEvents, type SourceSummary } from '../../../controller/status/sources.js';

const problem = (message: string, workspace: string | null = null): SpecProblem => ({
  location: { source: 'dir:/specs', file: '/specs/a.json', line: 1, column: 2 },
  workspace,
  message,
});
const source = (...problems: SpecProblem[]): SourceSummary => ({
  id: 'dir:/specs',
  lastSuccess: null,
  readOnce: true,
  specs: { valid: 0, invalid: problems.length, lastGood: 0 },
  problems,
  git: null,
});

describe('the problems of sources as events', () => {
  it.each<[string, readonly SourceSummary[], readonly SourceSummary[], readonly string[]]>([
    ['a new one', [], [source(problem('broken'))], ['/specs/a.json:1:2: broken']],
    ['one that lasts', [source(problem('broken'))], [source(problem('broken'))], []],
    ['one that changed', [source(problem('broken'))], [source(problem('worse'))], ['/specs/a.json:1:2: worse']],
    [
      'one that two sources have',
      [],
      [source(problem('broken')), source(problem('broken'))],
      ['/specs/a.json:1:2: broken'],
    ],
    ['one of a workspace, which its own report has', [], [source(problem('broken', 'alice'))], []],
  ])('%s', (_what, before, next, messages) =>
    expect(problemEvents(before, next)).toEqual(
      messages.map((message) => ({ type: 'Warning', workspace: null, reason: 'SpecInvalid', message })),
    ),
  );
});
