import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { ErrorObject, SchemaObject } from 'ajv';
import type { SpecKind } from '../parse/spec-kind.js';

export interface KindSchema {
  /** The errors of a value under the schema; empty when it is valid. */
  check(value: unknown): readonly ErrorObject[];
  /** The dotted paths of all fields outside of lists, such as `spec.resources.cpus`. */
  readonly fields: readonly string[];
}

export type SpecSchemas = Readonly<Record<SpecKind, KindSchema>>;

/** Reads and compiles the schemas. This takes some ten milliseconds, so do it once. */
export function loadSchemas(): SpecSchemas {
  const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false });
  return { Workspace: loadSchema(ajv, 'workspace'), NixCache: loadSchema(ajv, 'nix-cache') };
}

function loadSchema(ajv: Ajv, name: string): KindSchema {
  // The path leads two levels up from both controller/source/ and dist/source/.
  const file = new URL(`../../../crds-like-schemas/${name}.schema.json`, import.meta.url);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as SchemaObject;
  const validate = ajv.compile(schema);
  return {
    check: (value) => (validate(value) ? [] : (validate.errors ?? [])),
    fields: [...fieldPaths(schema, schema, '')],
  };
}

function* fieldPaths(root: SchemaObject, schema: SchemaObject, prefix: string): Generator<string> {
  for (const [key, child] of Object.entries((schema.properties ?? {}) as Record<string, SchemaObject>)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    yield path;
    yield* fieldPaths(root, dereference(root, child), path);
  }
}

function dereference(root: SchemaObject, schema: SchemaObject): SchemaObject {
  const name = /^#\/definitions\/(\w+)$/.exec(String(schema.$ref ?? ''))?.[1];
  return name ? ((root.definitions as Record<string, SchemaObject>)[name] ?? {}) : schema;
}
