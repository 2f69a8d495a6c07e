import { packageFault } from '../../model/package-name.js';
import { specIssue } from '../parse/locate.js';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';

/** Rejects entries of `spec.<field>` that cannot name a package, and duplicate entries. */
export function* admitPackages(field: 'packages' | 'prewarm', packages: readonly string[]): Generator<Issue> {
  const seen = new Set<string>();
  for (const [index, text] of packages.entries()) {
    const fault = packageFault(text);
    if (fault) yield specIssue([field, index], `${quote(text)} ${fault}`);
    else if (seen.has(text)) yield specIssue([field, index], `${quote(text)} stands twice: remove one of them`);
    seen.add(text);
  }
}
