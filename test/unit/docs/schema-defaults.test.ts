import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cache, createFixture, workspace, type Fixture } from '../source/fixture.js';

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly default?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

type Json = Readonly<Record<string, unknown>>;

let fixture: Fixture;
beforeEach(() => void (fixture = createFixture()));
afterEach(() => fixture.clean());

const schemaOf = (name: string): Schema =>
  JSON.parse(
    readFileSync(new URL(`../../../crds-like-schemas/${name}.schema.json`, import.meta.url), 'utf8'),
  ) as Schema;

function merged(root: Schema, own: Schema): Schema {
  const refs = [own, ...(own.allOf ?? [])].flatMap(({ $ref }) => ($ref === undefined ? [] : [$ref]));
  const defined = refs.map((ref) => merged(root, root.definitions?.[ref.split('/').at(-1) ?? ''] ?? {}));
  return Object.assign({}, ...defined, own) as Schema;
}

/** `value` with every default that its schema names written out. */
function writtenOut(root: Schema, own: Schema, value: unknown): unknown {
  const schema = merged(root, own);
  if (Array.isArray(value)) return value.map((one) => writtenOut(root, schema.items ?? {}, one));
  if (value === undefined && schema.default !== undefined) return schema.default;
  if (schema.properties === undefined) return value;
  const fields = Object.entries(schema.properties).map(
    ([name, field]) => [name, writtenOut(root, field, (value as Json | undefined)?.[name])] as const,
  );
  const given = fields.filter(([, one]) => one !== undefined);
  return value === undefined && given.length === 0 ? undefined : Object.fromEntries(given);
}

/** What the controller makes of a spec. */
async function resolved(name: string, spec: object) {
  fixture.write(name, spec);
  const { workspaces, caches } = await fixture.create().scan();
  return [[...workspaces.values()], [...caches.values()]];
}

it.each<[string, object]>([
  [
    'workspace',
    workspace('alice', {
      image: 'debian:12',
      ports: [{ containerPort: 80 }],
      sharedVolumes: [{ name: 'tools', mountPath: '/tools' }],
      mounts: [{ type: 'bind', source: '/srv', target: '/srv' }],
    }),
  ],
  ['nix-cache', cache('team', { mounts: [{ type: 'bind', source: '/srv', target: '/srv' }] })],
])('the defaults of the %s schema are those of the controller', async (name, spec) => {
  const schema = schemaOf(name);
  const full = writtenOut(schema, schema, spec);
  expect(full).not.toEqual(spec);
  const sparse = await resolved('spec.json', spec);
  expect(await resolved('spec.json', full as object)).toEqual(sparse);
  expect(sparse.flat().length).toBeGreaterThan(0);
});
