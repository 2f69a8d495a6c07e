import { SWC } from './deploy/setup/translate.mjs';

const swc = ['@swc/jest', { ...SWC, sourceMaps: 'inline' }];

/** As `IS_LONG` of test/support/cases.ts. */
const isLong = process.env['KALPANA_TEST_LONG'] === '1';

const suite = (name, extra = {}) => ({
  displayName: name,
  roots: ['<rootDir>/controller', '<rootDir>/crds-like-schemas', '<rootDir>/deploy', '<rootDir>/test'],
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': swc },
  ...extra,
});

export default {
  cacheDirectory: '.kalpana/jest',
  // As many as there are cores; jest leaves one of them idle otherwise.
  maxWorkers: '100%',
  // Deadlines are for failures: a machine that is busy or five times slower must not turn into one.
  testTimeout: 300_000,
  // A worker that has run its share of the files holds up to a gigabyte, and it takes the system longer than the 0.5 s
  // that jest allows to take it all back: that is no leak. What does leak (a timer, a server, a process) still shows.
  workerGracefulExitTimeout: 15_000,
  projects: [
    suite('unit'),
    suite('simulation'),
    suite('contract'),
    suite('e2e', {
      setupFilesAfterEnv: ['<rootDir>/test/support/e2e/setup.ts'],
      // Each of these files says what shows the same in every run.
      testPathIgnorePatterns: isLong ? [] : ['\\.long\\.test\\.ts$'],
    }),
  ],
};
