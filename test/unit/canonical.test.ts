import { describe, expect, it } from '@jest/globals';
import { canonicalJson, specHash } from '../../controller/model/canonical.js';
import type { CreationSpec } from '../../controller/model/desired.js';

describe('canonicalJson', () => {
  it('gives equal text for equal values, whatever the order of their keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
    expect(canonicalJson({ a: null, b: [{ c: 2, d: 1 }] })).toBe(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }));
  });
});

describe('specHash', () => {
  /** Another hash under the same version would recreate every container. */
  it('is the same in every release of one version', () => {
    const creation: CreationSpec = {
      image: 'debian:13',
      command: null,
      env: [],
      ports: [],
      shmBytes: 0,
      storageMountPath: '/workspace',
      cache: 'default',
      mounts: [],
      healthcheck: null,
      packagesFrom: 'profile',
    };
    expect(specHash(creation)).toBe('v2:3f44d4817d076f27d81b64b73f3f47b7');
  });
});
