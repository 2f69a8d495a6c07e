// Single files of controller/ brought into dist/ without a look at their types, in a few milliseconds each.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { root } from './paths.mjs';

/** How a single file is translated: by `npm run dev`, and by jest. */
export const SWC = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } };

let swc;

/** Takes names relative to controller/, also of files that are gone; gives the words of the faults, one a file. */
export function translate(names) {
  // Loaded late: the packages are installed by then.
  swc ??= createRequire(import.meta.url)('@swc/core');
  return names.flatMap((name) => {
    const source = join(root, 'controller', name);
    const target = join(root, 'dist', name.replace(/\.ts$/, '.js'));
    if (!existsSync(source)) {
      rmSync(target, { force: true });
      return [];
    }
    mkdirSync(dirname(target), { recursive: true });
    try {
      if (name.endsWith('.ts')) writeTranslation(source, target);
      else if (name.endsWith('.sh')) copyFileSync(source, target);
      return [];
    } catch (error) {
      return [`controller/${name}: ${error.message}`];
    }
  });
}

function writeTranslation(source, target) {
  const { code, map } = swc.transformSync(readFileSync(source, 'utf8'), {
    ...SWC,
    sourceMaps: true,
    filename: source,
    swcrc: false,
  });
  writeFileSync(`${target}.map`, map);
  writeFileSync(target, `${code}//# sourceMappingURL=${basename(target)}.map\n`);
}
