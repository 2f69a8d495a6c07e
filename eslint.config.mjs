import tseslint from 'typescript-eslint';

/**
 * The rooms of controller/ and what each may import (ARCHITECTURE.md, "The house"). A name with a slash is that file
 * alone: 'docker/port' is the interface to an engine without its adapter.
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
  source: ['model', 'state/state-file'],
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

/**
 * The wings of the rooms that have some: what each may import of its room, as `.`, and of its sisters.
 * A room's own files may import all of its wings. deploy/setup/check-imports.mjs finds circles of
 * files.
 */
const wings = {
  cli: { client: ['.', 'text'], commands: ['.'], text: ['.'] },
  nix: {
    gc: ['images', 'keeper', 'packages'],
    images: ['keeper'],
    keeper: ['packages'],
    packages: ['keeper'],
    verify: ['keeper'],
  },
  plan: { compare: ['.'] },
  source: {
    check: ['files', 'parse'],
    files: ['check', 'parse'],
    git: ['check', 'files', 'parse', 'resolve', 'secrets'],
    parse: [],
    resolve: ['check', 'parse', 'secrets'],
    secrets: ['files', 'parse'],
  },
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

/** What a file of `room` may not import, `steps` folders below the room. */
function foreignRooms(room, allowed, steps) {
  const out = `^${String.raw`\.\./`.repeat(steps + 1)}`;
  const forbidden = Object.keys(rooms).filter((other) => other !== room && !allowed.includes(other));
  const patterns = forbidden.map((other) => {
    const files = allowed.filter((one) => one.startsWith(`${other}/`)).map((one) => one.slice(other.length + 1));
    return {
      regex: `${out}${other}/` + (files.length === 0 ? '' : String.raw`(?!(${files.join('|')})\.js$)`),
      message: `${room}/ may not import from ${other}/`,
    };
  });
  return [...patterns, { regex: out + String.raw`[^/]+\.js$`, message: 'No room imports main.ts' }];
}

/** What a file of a wing may not import of its own room. */
function foreignWings(room, wing, allowed) {
  const sisters = Object.keys(wings[room]).filter((other) => other !== wing && !allowed.includes(other));
  const patterns = sisters.map((other) => ({
    regex: String.raw`^\.\./${other}/`,
    message: `${room}/${wing}/ may not import from ${room}/${other}/`,
  }));
  const own = { regex: String.raw`^\.\./[^/]+\.js$`, message: `${room}/${wing}/ may not import from ${room}/` };
  return allowed.includes('.') ? patterns : [...patterns, own];
}

function importRule(room, files, patterns) {
  const paths = Object.entries(vendors)
    .filter(([, homes]) => !homes.includes(room))
    .map(([name, homes]) => ({ name, message: `${name} stays in ${homes.join('/ and ')}/` }));
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns, paths }] } };
}

/** For the files of the room itself, for those of any folder of it, and for those of its wings. */
function roomRules([room, allowed]) {
  const inFolder = foreignRooms(room, allowed, 1);
  return [
    importRule(room, `controller/${room}/*.ts`, foreignRooms(room, allowed, 0)),
    importRule(room, `controller/${room}/*/*.ts`, inFolder),
    ...Object.entries(wings[room] ?? {}).map(([wing, sisters]) =>
      importRule(room, `controller/${room}/${wing}/*.ts`, [...inFolder, ...foreignWings(room, wing, sisters)]),
    ),
  ];
}

const WIDTH = { code: 120 };

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.kalpana/', 'controller/model/*.generated.ts'] },
  ...tseslint.configs.recommended,
  {
    files: ['controller/**/*.ts', 'test/**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
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
  { files: ['controller/**/*.ts'], rules: { 'max-lines': ['error', 250] } },
  { files: ['controller/**/*.ts'], rules: { 'max-lines-per-function': ['error', 80] } },
  {
    files: ['controller/**/*.ts', 'deploy/setup/**/*.mjs', '*.mjs'],
    rules: { 'max-len': ['error', WIDTH] },
  },
  {
    // Golden text may be as wide as it has to be.
    files: ['test/**/*.ts'],
    rules: {
      'max-len': ['error', { ...WIDTH, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
    },
  },
  ...Object.entries(rooms).flatMap(roomRules),
);
