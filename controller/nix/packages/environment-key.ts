import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import { packageKind } from '../../model/package-name.js';

/** The input of the Nix expression; see expression.ts. */
export interface EnvironmentRequest {
  readonly key: string;
  readonly nixpkgs: string;
  readonly packages: readonly { readonly kind: string; readonly name: string; readonly priority?: number }[];
}

/** To be raised when the expression produces a different result for the same request. */
const KEY_VERSION = 1;

/**
 * Describes one environment: a set of packages from one nixpkgs. Its key is part of the environment's name in the
 * store, so that the link of a profile shows what the profile contains without a separate record. `ranked` gives each
 * package its own priority, for a collection of roots in which two packages may provide the same file.
 */
export function environmentRequest(
  nixpkgs: string,
  packages: readonly string[],
  { ranked = false } = {},
): EnvironmentRequest {
  if (ranked) return compute(nixpkgs, packages, true);
  // Results are cached, because ten thousand workspaces are planned at every resync, mostly with unchanged lists.
  const known = memory.get(packages);
  if (known?.nixpkgs === nixpkgs) return known;
  const request = compute(nixpkgs, packages, false);
  memory.set(packages, request);
  return request;
}

const memory = new WeakMap<readonly string[], EnvironmentRequest>();

function compute(nixpkgs: string, packages: readonly string[], ranked: boolean): EnvironmentRequest {
  const sorted = [...new Set(packages)].sort();
  const asked = sorted.map((name, index) => ({
    kind: packageKind(name) ?? 'attribute',
    name,
    ...(ranked ? { priority: index + 1 } : {}),
  }));
  const key = createHash('sha256')
    .update(canonicalJson({ version: KEY_VERSION, nixpkgs, packages: asked }))
    .digest('hex')
    .slice(0, 32);
  return { key, nixpkgs, packages: asked };
}

/** The key in an environment's store path; null for any other path. */
export function keyOfPath(path: string): string | null {
  return /-kalpana-env-([0-9a-f]{32})$/.exec(path)?.[1] ?? null;
}
