export interface Repository {
  /** Whether a file or a directory is at this path from the repository's root. */
  exists(path: string): boolean;
  read(path: string): string;
  /** Names of the npm scripts. */
  readonly scripts: readonly string[];
}

export function markdownFaults(
  file: string,
  text: string,
  repository: Repository,
): readonly { readonly line: number; readonly message: string }[];

export function anchorsOf(text: string): readonly string[];
