import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cache, createFixture, type Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

describe('a verification with', () => {
  it.each<[string, object, string]>([
    [
      'a schedule of nobody',
      { schedule: 'nightly' },
      'schedule: "nightly" is not a cron expression, as it has 1 field:',
    ],
    ['a misspelt zone', { timeZone: 'Europe/Berln' }, 'did you mean "Europe/Berlin"?'],
    ['no share', { share: '0%' }, 'share: "0%" is not a percentage from "1%" to "100%"'],
    ['more than all', { share: '101%' }, 'share: "101%" is not a percentage from "1%" to "100%"'],
    ['a part of a percent', { share: '0.5%' }, 'share: "0.5%" is not a percentage from "1%" to "100%"'],
    ['a number', { share: 5 }, 'share: must be a text in quotes, not a number'],
  ])('%s is refused with the remedy', async (_what, verify, message) => {
    const messages = await fixture.messagesOf(cache('default', { verify }));
    expect(messages).toEqual([expect.stringContaining(message)]);
    expect(messages[0]).toMatch(/^spec\.verify\./);
  });
});

it.each([
  [undefined, { schedule: '0 3 * * *', timeZone: 'UTC', share: null }],
  [{}, { schedule: '0 3 * * *', timeZone: 'UTC', share: null }],
  [{ share: '5%' }, { schedule: '0 3 * * *', timeZone: 'UTC', share: 5 }],
  [
    { share: '100%', schedule: '@weekly', timeZone: 'Europe/Berlin' },
    { schedule: '@weekly', timeZone: 'Europe/Berlin', share: 100 },
  ],
])('what a spec says of a verification is resolved, and the rest has its default: %j', async (verify, expected) => {
  fixture.write('cache.json', cache('team', { verify }));
  expect((await fixture.create().scan()).caches.get('team')?.config.verify).toEqual(expected);
});
