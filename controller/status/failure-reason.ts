import { REASONS, type Reason } from '../model/reasons.js';

/**
 * The failure that a condition's reason names; null for the name of a state, and for `Starting`, which means work in
 * progress.
 */
export function failureReason(word: string | undefined): Reason | null {
  return word !== undefined && isReason(word) && word !== 'Starting' ? word : null;
}

function isReason(word: string): word is Reason {
  return Object.hasOwn(REASONS, word);
}
