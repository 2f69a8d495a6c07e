import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { statusFailure, transportFailure } from '../../../controller/docker/engine-failures.js';

const coded = (code: string, extra: object = {}) => Object.assign(new Error(`connect ${code}`), { code }, extra);

describe('transportFailure', () => {
  it.each([
    [coded('EACCES'), 'unreachable', 'The engine at unix:///s cannot be reached: permission denied'],
    [coded('ENOENT'), 'unreachable', 'The engine at unix:///s cannot be reached: there is no such socket'],
    [coded('ENOTFOUND'), 'unreachable', 'The engine at unix:///s cannot be reached: the host name is unknown'],
    [coded('CERT_HAS_EXPIRED'), 'unreachable', 'The engine at unix:///s cannot be reached: connect CERT_HAS_EXPIRED'],
    [
      coded('HPE_INVALID_CONSTANT'),
      'malformed',
      'What listens at unix:///s does not speak HTTP (HPE_INVALID_CONSTANT)',
    ],
    [
      coded('ERR_UNESCAPED_CHARACTERS'),
      'rejected',
      'The request holds characters that HTTP cannot carry (ERR_UNESCAPED_CHARACTERS)',
    ],
    ['a bare text', 'unreachable', 'The engine at unix:///s cannot be reached: a bare text'],
  ])('%p', (error, kind, message) => {
    expect(transportFailure('version', 'unix:///s', error)).toMatchObject({
      kind,
      message,
      verb: 'version',
      status: null,
    });
  });

  it('does not carry the packet that could not be parsed', () => {
    const failure = transportFailure(
      'version',
      'h',
      coded('HPE_INVALID_CONSTANT', { rawPacket: Buffer.from('swordfish') }),
    );
    expect(inspect(failure, { depth: null, showHidden: true })).not.toContain('rawPacket');
  });
});

it("an engine's long message is cut in its middle: the cause stands at its end", () => {
  const { message } = statusFailure(
    'readLink',
    500,
    'application/json',
    JSON.stringify({ message: `lstat /${'x'.repeat(5_000)}: file name too long` }),
  );
  expect(message).toHaveLength(2_001);
  expect(message).toMatch(/^lstat \/x+…x+: file name too long$/);
});
