// Writes controller/model/workspace.generated.ts from the JSON Schema; with --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileFromFile } from 'json-schema-to-typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const schemaFile = `${root}crds-like-schemas/workspace.schema.json`;
const typesFile = `${root}controller/model/workspace.generated.ts`;

const generated = await compileFromFile(schemaFile, {
  bannerComment: '// Generated from crds-like-schemas/workspace.schema.json by `npm run generate`. Do not edit.',
  additionalProperties: false,
  format: false,
  // Tuples for minItems/maxItems would give a union of 256 types.
  ignoreMinAndMaxItems: true,
});

if (!process.argv.includes('--check')) {
  writeFileSync(typesFile, generated);
} else if (readFileSync(typesFile, 'utf8') !== generated) {
  console.error(`${typesFile} does not match ${schemaFile}: run npm run generate and commit the result`);
  process.exit(1);
}
