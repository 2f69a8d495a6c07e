// Writes docs/reference/*.md from what defines them: the schemas, the command line's program, the metric families and
// the list of reasons. With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cliPage } from './reference/cli.mjs';
import { metricsPage } from './reference/metrics.mjs';
import { reasonsPage } from './reference/reasons.mjs';
import { specsPage } from './reference/specs.mjs';

register(new URL('./typescript-hooks.mjs', import.meta.url));

const root = fileURLToPath(new URL('../../', import.meta.url));
const isCheck = process.argv.includes('--check');

const PAGES = { cli: cliPage, metrics: metricsPage, reasons: reasonsPage, specs: specsPage };

for (const [name, page] of Object.entries(PAGES)) {
  const file = `docs/reference/${name}.md`;
  const generated = await page(root);
  if (!isCheck) {
    writeFileSync(`${root}${file}`, generated);
  } else if (readIfThere(`${root}${file}`) !== generated) {
    console.error(`${file} does not match its source: run npm run generate and commit the result`);
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
