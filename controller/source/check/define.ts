import type { JSONPath } from 'jsonc-parser';
import type { SpecLocation } from '../../model/desired.js';
import type { NixCache } from '../../model/nix-cache.generated.js';
import type { Workspace } from '../../model/workspace.generated.js';
import type { Definition } from '../parse/spec-file.js';
import { specKey } from '../parse/spec-kind.js';

/** Returns what a valid object defines, and where. */
export function define(object: Workspace | NixCache, locate: (path: JSONPath) => SpecLocation): Definition {
  const { name } = object.metadata;
  const common = {
    key: specKey(object.kind, name),
    name,
    location: locate([]),
    nameLocation: locate(['metadata', 'name']),
  };
  if (object.kind === 'NixCache') return { ...common, kind: object.kind, cache: object };
  const secrets = (object.spec.env ?? []).flatMap((entry, index): [string, SpecLocation][] =>
    entry.valueFrom
      ? [[entry.name, locate(['spec', 'env', index, 'valueFrom', Object.keys(entry.valueFrom)[0] ?? ''])]]
      : [],
  );
  return { ...common, kind: object.kind, workspace: object, secretLocations: new Map(secrets), sealed: new Map() };
}
