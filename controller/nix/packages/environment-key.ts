import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import { packageKind } from '../../model/package-name.js';

/** What the expression reads; see expression.ts. */
export interface EnvironmentRequest {
  readonly key: string;
  readonly nixpkgs: string;
  readonly packages: readonly { readonly kind: string; readonly name: string; readonly priority?: number }[];
}

/** Raised when the expression gives something else for the same request. */
const KEY_VERSION = 1;

/**
 * One environment: the same packages of the same nixpkgs. Its key is part of the environment's name in the store, so
 * that a profile tells what it holds without any record beside it.
 * `ranked` gives each package a priority of its own: a collection of roots, in which two may provide one file.
 */
export function environmentRequest(
  nixpkgs: string,
  packages: readonly string[],
  { ranked = false } = {},
): EnvironmentRequest {
  if (ranked) return compute(nixpkgs, packages, true);
  // Ten thousand workspaces are planned on every resync, each with the list that its spec has had for long.
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
