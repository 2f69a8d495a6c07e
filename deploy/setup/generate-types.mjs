// Writes controller/model/*.generated.ts, one for each JSON Schema; with --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileFromFile } from 'json-schema-to-typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isCheck = process.argv.includes('--check');

for (const name of ['workspace', 'nix-cache']) {
  const schemaFile = `crds-like-schemas/${name}.schema.json`;
  const typesFile = `controller/model/${name}.generated.ts`;
  const generated = await compileFromFile(`${root}${schemaFile}`, {
    bannerComment: `// Generated from ${schemaFile} by \`npm run generate\`. Do not edit.`,
    additionalProperties: false,
    format: false,
    // Tuples for minItems/maxItems would give a union of 256 types.
    ignoreMinAndMaxItems: true,
  });
  if (!isCheck) {
    writeFileSync(`${root}${typesFile}`, generated);
  } else if (readIfThere(`${root}${typesFile}`) !== generated) {
    console.error(`${typesFile} does not match ${schemaFile}: run npm run generate and commit the result`);
    process.exitCode = 1;
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
