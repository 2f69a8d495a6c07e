import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../controller/model/canonical.js';

describe('canonicalJson', () => {
  it('gives equal text for equal values, whatever the order of their keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
    expect(canonicalJson({ a: null, b: [{ c: 2, d: 1 }] })).toBe(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }));
  });
});
