import { describe, expect, it } from '@jest/globals';
import { createLinkSession, type RunSession } from '../../../../controller/nix/packages/link-session.js';
import { createManualClock } from '../../../support/manual-clock.js';

/** A shell that answers as it is told to. */
function shell(answer: (line: string, tell: (line: string) => void, end: () => void) => void) {
  const opened: AbortSignal[] = [];
  const run: RunSession = (onInput, onLine, { signal }) =>
    new Promise((resolve, reject) => {
      opened.push(signal!);
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
      onInput((text) => answer(text, onLine, () => resolve(undefined)));
    });
  return { run, opened };
}

const request = (linked: string[] = []) => ({
  environment: '/nix/store/env',
  workspaces: ['a', 'b'],
  onLinked: (workspace: string) => void linked.push(workspace),
});

describe('a link session', () => {
  it('does nothing before it is open', async () => {
    const { run, opened } = shell(() => undefined);
    expect(await createLinkSession(createManualClock(), run).link(request())).toBe(false);
    expect(opened).toEqual([]);
  });

  it('tells of each profile as it is switched, and of the end', async () => {
    const asked: string[] = [];
    const { run, opened } = shell((line, tell) => {
      asked.push(line);
      for (const words of ['linked a', 'linked b', 'ended 0']) tell(words);
    });
    const session = createLinkSession(createManualClock(), run);
    session.open(undefined);
    session.open(undefined);
    const linked: string[] = [];
    expect(await session.link(request(linked))).toBe(true);
    expect(linked).toEqual(['a', 'b']);
    expect(asked).toEqual(['/nix/store/env a b\n']);
    expect(opened).toHaveLength(1);
  });

  it.each([
    ['the switch fails', (tell: (line: string) => void) => tell('ended 13')],
    ['the shell ends', (_tell: (line: string) => void, end: () => void) => end()],
  ])('says that it is not done when %s', async (_name, behave) => {
    const { run } = shell((_line, tell, end) => behave(tell, end));
    const session = createLinkSession(createManualClock(), run);
    session.open(undefined);
    expect(await session.link(request())).toBe(false);
  });

  it('gives up a shell that is silent, and opens another', async () => {
    const clock = createManualClock();
    const { run, opened } = shell(() => undefined);
    const session = createLinkSession(clock, run);
    session.open(undefined);
    const linked = session.link(request());
    clock.advance(2_000);
    expect(await linked).toBe(false);
    expect(opened[0]?.aborted).toBe(true);
    session.open(undefined);
    expect(opened).toHaveLength(2);
  });

  it('ends the shell when it is closed', () => {
    const { run, opened } = shell(() => undefined);
    const session = createLinkSession(createManualClock(), run);
    session.open(undefined);
    session.close();
    expect(opened[0]?.aborted).toBe(true);
  });
});
