import { expect, it } from '@jest/globals';
import { LIMIT_MS } from '../support/cases.js';
import { simulateScale } from '../support/sim/scale.js';

it(
  'takes a fixed number of calls a workspace, however many there are',
  async () => {
    const [few, many] = [await simulateScale(100), await simulateScale(1_000)];
    expect(many.engineCalls / 1_000).toBeLessThanOrEqual((few.engineCalls / 100) * 1.02);
    expect(many.engineCalls / 1_000).toBeLessThan(10);
  },
  LIMIT_MS,
);
