/**
 * Whether one of the patterns of `trustedImages` names this reference. `*` stands for anything; a pattern without a tag or
 * a digest stands for all of that name.
 */
export function isTrustedImage(reference: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const expression = pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${expression}(:[\\w][\\w.-]*)?(@sha256:[0-9a-f]+)?$`).test(reference);
  });
}
