import { dirname, join, relative } from 'node:path';
import type { SpecLocation, SpecProblem } from '../../model/desired.js';
import { problemAt, quote } from '../parse/problem.js';
import type { Definition } from '../parse/spec-file.js';
import { MAX_AGE_BYTES } from './age-opener.js';
import type { Looked, SmallFiles } from './small-files.js';

/** A variable whose value is in an encrypted file beside the spec. */
export interface AgeFileUse {
  readonly variable: string;
  /** The path from the spec's directory. */
  readonly file: string;
  readonly location: SpecLocation;
}

/** The variables of a definition whose values are in age files; empty for a cache. */
export function ageFilesOf(definition: Definition): AgeFileUse[] {
  if (definition.kind !== 'Workspace') return [];
  return (definition.workspace.spec.env ?? []).flatMap(({ name, valueFrom }) =>
    valueFrom?.ageFile === undefined
      ? []
      : [
          {
            variable: name,
            file: valueFrom.ageFile,
            location: definition.secretLocations.get(name) ?? definition.location,
          },
        ],
  );
}

/** A problem with an age file; `fault` follows the file's name in the message. */
export function ageProblem({ variable, file, location }: AgeFileUse, workspace: string, fault: string): SpecProblem {
  return problemAt(location, `spec.env: ${variable}: the age file ${quote(file)} ${fault}`, workspace);
}

/**
 * Reads a file beside a spec. `root` is the directory in which the spec was found; `file` must not be outside of it.
 */
export function lookBeside(files: SmallFiles, root: string, specFile: string, file: string): Promise<Looked> {
  return files.look(root, join(relative(root, dirname(specFile)), file), MAX_AGE_BYTES);
}
