import tseslint from 'typescript-eslint';

/**
 * The rooms of controller/ and what each may import (ARCHITECTURE.md, "The house"). A name with a slash is that file alone:
 * 'docker/port' is the interface to an engine without its adapter.
 */
const rooms = {
  app: [
    'model',
    'source',
    'docker',
    'observe',
    'plan',
    'apply',
    'state',
    'nix',
    'reconcile',
    'status',
    'notify',
    'telemetry',
    'server',
    'cli',
  ],
  model: [],
  source: ['model'],
  docker: ['model'],
  observe: ['model', 'docker/port'],
  plan: ['model'],
  apply: ['model', 'plan', 'state', 'docker/port'],
  state: ['model', 'plan/types'],
  nix: ['model', 'docker/port', 'observe/engine-view', 'plan/types', 'plan/keeper'],
  reconcile: ['model', 'plan', 'docker/port', 'observe/engine-view'],
  status: ['model'],
  notify: ['model'],
  telemetry: ['model', 'status'],
  server: ['model', 'status', 'telemetry'],
  cli: ['model', 'status', 'plan'],
};

/** Vendor packages that may not leak beyond their rooms. */
const vendors = {
  dockerode: ['docker'],
  rxjs: ['reconcile'],
  xstate: ['status', 'nix'],
  'prom-client': ['telemetry'],
  pino: ['telemetry'],
  ajv: ['source'],
  'age-encryption': ['source'],
  'tar-stream': ['docker'],
  croner: ['model'],
};

/** `depth` 0: the files of the room itself; 1: those of its folders, whose way out is one step longer. */
function roomRules(room, allowed, depth) {
  const out = `^${String.raw`\.\./`.repeat(depth + 1)}`;
  const forbidden = Object.keys(rooms).filter((other) => other !== room && !allowed.includes(other));
  const patterns = forbidden.map((other) => {
    const files = allowed.filter((one) => one.startsWith(`${other}/`)).map((one) => one.slice(other.length + 1));
    return {
      regex: `${out}${other}/` + (files.length === 0 ? '' : String.raw`(?!(${files.join('|')})\.js$)`),
      message: `${room}/ may not import from ${other}/`,
    };
  });
  const paths = Object.entries(vendors)
    .filter(([, homes]) => !homes.includes(room))
    .map(([name, homes]) => ({ name, message: `${name} stays in ${homes.join('/ and ')}/` }));
  return {
    files: [`controller/${room}/${'*/'.repeat(depth)}*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [...patterns, { regex: out + String.raw`[^/]+\.js$`, message: 'No room imports main.ts' }],
          paths,
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.kalpana/', 'controller/model/*.generated.ts'] },
  ...tseslint.configs.recommended,
  {
    files: ['controller/**/*.ts', 'test/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
    },
  },
  {
    files: ['controller/**/*.ts'],
    ignores: ['controller/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'The environment is read in main.ts only.' },
      ],
      'no-console': 'error',
      'max-depth': ['error', 4],
    },
  },
  ...Object.entries(rooms).flatMap(([room, allowed]) => [0, 1].map((depth) => roomRules(room, allowed, depth))),
);
