/** Each circle of files that import each other: from its first file by name, the last imports the first. */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][];
