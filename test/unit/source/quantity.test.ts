import { describe, expect, it } from '@jest/globals';
import { parseDurationMs, parseSizeBytes } from '../../../controller/model/quantity.js';

describe('parseSizeBytes', () => {
  it.each([
    ['1', 1],
    ['1Ki', 1024],
    ['2Mi', 2_097_152],
    ['1.5Gi', 1_610_612_736],
    ['1Ti', 1_099_511_627_776],
    ['1k', 1000],
    ['1K', 1000],
    ['1M', 1e6],
    ['1G', 1e9],
    ['1T', 1e12],
    ['0.1', 0],
    ['8191Ti', 9_006_099_743_113_216],
    ['8193Ti', null],
    ['', null],
    ['Gi', null],
    ['1Gb', null],
    ['1 Gi', null],
    ['-1', null],
    ['1e3', null],
    ['1Pi', null],
  ])('%j is %j', (text, bytes) =>
    expect(parseSizeBytes(text)).toBe(bytes === 9_006_099_743_113_216 ? 8191 * 1024 ** 4 : bytes),
  );
});

describe('parseDurationMs', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5s', 1500],
    ['1.001s', 1001],
    ['0.5ms', 0],
    ['1d', 86_400_000],
    ['1.5d', 129_600_000],
    ['2w', 1_209_600_000],
    ['0s', 0],
    ['0w', 0],
    ['14892855w', 9_007_198_704_000_000],
    ['', null],
    ['10', null],
    ['1D', null],
    ['1dd', null],
    ['1mo', null],
    ['1y', null],
    ['-1d', null],
    ['1w2d', null],
    ['d', null],
    ['14892856w', null],
    ['1h30m', null],
    ['9999999999999h', null],
  ])('%j is %j', (text, ms) => expect(parseDurationMs(text)).toBe(ms));
});
