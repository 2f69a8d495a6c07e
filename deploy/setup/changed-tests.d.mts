export const READERS: readonly string[];
export function scopeOf(changed: readonly string[], exists: (file: string) => boolean): readonly string[] | null;
