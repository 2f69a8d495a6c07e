import { describe, expect, it } from '@jest/globals';
import { lockFaults, type Lock, type LockEntry } from '../../../deploy/setup/check-lock.mjs';

const manifest = { dependencies: { server: '1.0.0' }, devDependencies: { tool: '2.0.0' } };
const entry = (more: LockEntry = {}): LockEntry => ({ version: '1.0.0', integrity: 'sha512-abc=', ...more });

/** A server with a dependency of its own version, and a tool with a program a platform. */
const WHOLE: Lock = {
  lockfileVersion: 3,
  packages: {
    '': manifest,
    'node_modules/server': entry({ dependencies: { '@scope/parser': '^1.0.0' } }),
    'node_modules/server/node_modules/@scope/parser': entry({ dependencies: { tool: '2.0.0' } }),
    'node_modules/tool': entry({
      optionalDependencies: { 'tool-linux-x64': '2.0.0', 'tool-darwin-arm64': '2.0.0' },
      peerDependencies: { server: '*', absent: '*' },
      peerDependenciesMeta: { absent: { optional: true } },
    }),
    'node_modules/tool-linux-x64': entry(),
    'node_modules/tool-darwin-arm64': entry(),
  },
};

function withEntry(path: string, changed: LockEntry | null): Lock {
  const { [path]: before, ...others } = WHOLE.packages;
  return { ...WHOLE, packages: changed === null ? others : { ...others, [path]: { ...before, ...changed } } };
}

describe('a lock file', () => {
  it('that is whole has no faults', () => expect(lockFaults(WHOLE, manifest)).toEqual([]));

  it.each<[string, Lock, string[]]>([
    [
      'without the package of another platform',
      withEntry('node_modules/tool-darwin-arm64', null),
      ['node_modules/tool needs tool-darwin-arm64, which has no entry'],
    ],
    [
      'without a dependency of a dependency',
      withEntry('node_modules/server/node_modules/@scope/parser', null),
      ['node_modules/server needs @scope/parser, which has no entry'],
    ],
    [
      'without what package.json names',
      withEntry('node_modules/server', null),
      ['package.json needs server, which has no entry', 'node_modules/tool needs server, which has no entry'],
    ],
    [
      'with a package that nothing vouches for',
      withEntry('node_modules/tool', { integrity: undefined }),
      ['node_modules/tool has no integrity hash'],
    ],
    [
      'with a download address',
      withEntry('node_modules/tool', { resolved: 'https://registry.invalid/tool.tgz' }),
      ['node_modules/tool holds a download address'],
    ],
    ['of another version of npm', { ...WHOLE, lockfileVersion: 2 }, ['lockfileVersion is 2, and 3 is wanted']],
  ])('%s', (_what, lock, faults) => expect(lockFaults(lock, manifest)).toEqual(faults));

  it.each([
    [{ ...manifest, dependencies: { server: '1.0.1' } }, 'dependencies'],
    [{ dependencies: manifest.dependencies }, 'devDependencies'],
  ])('that is older than package.json', (changed, kind) => {
    expect(lockFaults(WHOLE, changed)).toEqual([`package.json and package-lock.json disagree on ${kind}`]);
  });

  it('names a package found only beside another as missing', () => {
    const hidden = withEntry('node_modules/server', { dependencies: {} });
    const tool = { ...hidden.packages['node_modules/tool'], dependencies: { '@scope/parser': '1' } };
    expect(lockFaults({ ...hidden, packages: { ...hidden.packages, 'node_modules/tool': tool } }, manifest)).toEqual([
      'node_modules/tool needs @scope/parser, which has no entry',
    ]);
  });
});
