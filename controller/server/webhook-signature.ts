import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * A header that proves that a webhook is genuine, and the value it must have. `hmac` is the HMAC-SHA256 of the body in
 * hex.
 */
interface Proof {
  readonly given: string;
  readonly expected: (secret: Buffer, hmac: string) => Buffer;
}

const bare: Proof['expected'] = (_secret, hmac) => Buffer.from(hmac);

/**
 * SHA-1 (`X-Hub-Signature`) is not accepted as proof; GitHub and Gitea send it in addition to SHA-256 for old
 * receivers.
 */
const SCHEMES: Readonly<Record<string, Proof['expected']>> = {
  'x-hub-signature-256': (_secret, hmac) => Buffer.from(`sha256=${hmac}`),
  'x-gitea-signature': bare,
  'x-forgejo-signature': bare,
  'x-gitlab-token': (secret) => secret,
};

/** The proofs in a request; null when there are none, or when a header occurs twice, because either might be meant. */
export function readProofs(headers: IncomingMessage['headersDistinct']): readonly Proof[] | null {
  const proofs: Proof[] = [];
  for (const [name, expected] of Object.entries(SCHEMES)) {
    const [given, ...more] = headers[name] ?? [];
    if (more.length > 0) return null;
    if (given !== undefined) proofs.push({ given, expected });
  }
  return proofs.length === 0 ? null : proofs;
}

/**
 * Whether all proofs are valid, so that one cannot replace another. Each one is checked, so that the time taken does
 * not reveal which one was wrong.
 */
export function isGenuine(proofs: readonly Proof[], secret: Buffer, hmac: string): boolean {
  if (secret.length === 0 || proofs.length === 0) return false;
  const holds = proofs.map(({ given, expected }) => isSame(Buffer.from(given, 'latin1'), expected(secret, hmac)));
  return holds.every(Boolean);
}

/** Compares in a time that reveals neither where the two differ nor how long the secret is. The text is not decoded. */
function isSame(given: Buffer, expected: Buffer): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
