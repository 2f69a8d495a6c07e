import { beforeAll, describe, expect, it } from '@jest/globals';
import { interpret } from '../../../../controller/source/check/interpret.js';
import { loadSchemas } from '../../../../controller/source/check/schema.js';
import { problemOf } from '../../../../controller/source/parse/problem.js';
import type { Definition, ScannedFile, SourceReading } from '../../../../controller/source/parse/spec-file.js';
import { merge } from '../../../../controller/source/resolve/merge.js';
import { cache, workspace } from '../fixture.js';

const schemas = loadSchemas();

async function fileOf(file: string, content: object | string, change: Partial<ScannedFile> = {}, source = 'one') {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const spec = await interpret(schemas, bytes, { source, file }, async () => undefined);
  return { ...spec, isSettling: false, staleBecause: null, ...change };
}

const reading = (id: string, ...files: readonly ScannedFile[]): SourceReading => ({
  id,
  files,
  problems: [],
  isWhole: true,
});
const BAD = { image: 7 };
const STALE = problemOf('one', 'alice.json', 'it cannot be read');

let alice: ScannedFile;
let knownAlice: ReadonlyMap<string, Definition>;
beforeAll(async () => {
  alice = await fileOf('alice.json', workspace('alice'));
  knownAlice = new Map(alice.definitions.map((definition) => [definition.key, definition]));
});

/** What is wanted, briefly: `newest` or `last good`, and what is wrong. */
function brief(files: readonly ScannedFile[], known: ReadonlyMap<string, Definition> = new Map()) {
  const { wanted, claimed, problems, hidesNames, hidesCache } = merge([reading('one', ...files)], known);
  return {
    wanted: Object.fromEntries(
      [...wanted].map(([key, { isNewest, problem }]) => [
        key,
        `${isNewest ? 'newest' : 'last good'}${problem === null ? '' : ` with a problem of ${problem.workspace}`}`,
      ]),
    ),
    claimed: [...claimed],
    problems: problems.length,
    hidesNames,
    hidesCache,
  };
}

const NOTHING = { wanted: {}, claimed: [], problems: 0, hidesNames: false, hidesCache: false };

describe('what all files say together', () => {
  it('is each good object by its kind and name', async () => {
    const files = [alice, await fileOf('cache.json', cache('alice'))];
    expect(brief(files)).toEqual({ ...NOTHING, wanted: { alice: 'newest', 'NixCache/alice': 'newest' } });
  });

  it('is the last good version of what broke', async () => {
    const broken = await fileOf('alice.json', workspace('alice', BAD));
    const expected = { ...NOTHING, problems: 1, wanted: { alice: 'last good with a problem of alice' } };
    expect(brief([broken], knownAlice)).toEqual(expected);
  });

  it('is a claim on what broke before it was ever good', async () => {
    const broken = await fileOf('alice.json', workspace('alice', BAD));
    expect(brief([broken])).toEqual({ ...NOTHING, problems: 1, claimed: ['alice'] });
  });

  it('is an older version, with the reason, where the newest cannot be read', () => {
    expect(brief([{ ...alice, staleBecause: STALE }])).toEqual({
      ...NOTHING,
      wanted: { alice: 'last good with a problem of alice' },
    });
  });

  it('keeps what a file once held while that is being written', async () => {
    const half = await fileOf('alice.json', '{"kind": ', { isSettling: true });
    expect(brief([half], knownAlice)).toEqual({ ...NOTHING, hidesCache: true, wanted: { alice: 'last good' } });
  });

  it('keeps it also while the file holds something else that is broken', async () => {
    const other = await fileOf('alice.json', workspace('bob', BAD));
    expect(brief([other], knownAlice)).toMatchObject({
      claimed: ['bob'],
      wanted: { alice: 'last good with a problem of alice' },
    });
  });

  it('does not keep it when the file is whole without it', async () => {
    const other = await fileOf('alice.json', workspace('bob'));
    expect(brief([other], knownAlice)).toEqual({ ...NOTHING, wanted: { bob: 'newest' } });
  });

  it('prefers the good one of a good and a broken spec of one name', async () => {
    const broken = await fileOf('old.json', workspace('alice', BAD));
    expect(brief([broken, alice], knownAlice)).toEqual({ ...NOTHING, problems: 1, wanted: { alice: 'newest' } });
  });
});

describe('two specs of one name', () => {
  it('are both refused, each with the place of the other, and the last good one stays', async () => {
    const copy = await fileOf('copy.json', workspace('alice'));
    const { wanted, problems } = merge([reading('one', alice, copy)], knownAlice);
    expect(wanted.get('alice')).toMatchObject({ isNewest: false, problem: { workspace: 'alice' } });
    expect(problems.map(({ location, message }) => `${location.file}: ${message}`)).toEqual([
      expect.stringMatching(/^alice\.json: .* is also defined at copy\.json:1: rename or remove one of them$/),
      expect.stringMatching(/^copy\.json: .* is also defined at alice\.json:1: /),
    ]);
  });

  it('claim the name when none of them was ever in force, whichever sources they are in', async () => {
    const copy = await fileOf('alice.json', workspace('alice'), {}, 'two');
    const { wanted, claimed } = merge([reading('one', alice), reading('two', copy)], new Map());
    expect([wanted.size, [...claimed]]).toEqual([0, ['alice']]);
  });
});

describe('a name that cannot be read', () => {
  const nameless = (kind: object) => ({ ...kind, metadata: {} });

  it.each<{ what: string; content: object | string; hidesNames: boolean; hidesCache: boolean }>([
    { what: 'of a workspace', content: nameless(workspace('x')), hidesNames: true, hidesCache: false },
    { what: 'of a cache', content: nameless(cache('x')), hidesNames: true, hidesCache: true },
    { what: 'in what is no JSON', content: 'no json', hidesNames: true, hidesCache: false },
  ])('$what may be any', async ({ content, hidesNames, hidesCache }) => {
    expect(brief([await fileOf('new.json', content)])).toMatchObject({ hidesNames, hidesCache });
  });

  it('in a file whose objects are known is one of theirs', async () => {
    const broken = await fileOf('alice.json', 'no json');
    expect(brief([broken], knownAlice)).toMatchObject({
      hidesNames: false,
      wanted: { alice: 'last good with a problem of alice' },
    });
  });

  it('in a file of the same name in another source is not', async () => {
    const broken = await fileOf('alice.json', 'no json', {}, 'two');
    const { hidesNames, wanted } = merge([reading('two', broken)], knownAlice);
    expect([hidesNames, wanted.size]).toEqual([true, 0]);
  });
});
