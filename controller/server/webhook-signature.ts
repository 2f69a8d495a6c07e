import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** One header that proves a hook genuine, and what it has to be. `hmac` is the body's HMAC-SHA256 by the secret, in hex. */
interface Proof {
  readonly given: string;
  readonly expected: (secret: Buffer, hmac: string) => Buffer;
}

const bare: Proof['expected'] = (_secret, hmac) => Buffer.from(hmac);

/** SHA-1 (`X-Hub-Signature`) proves nothing: GitHub and Gitea send it beside SHA-256, for receivers of old. */
const SCHEMES: Readonly<Record<string, Proof['expected']>> = {
  'x-hub-signature-256': (_secret, hmac) => Buffer.from(`sha256=${hmac}`),
  'x-gitea-signature': bare,
  'x-forgejo-signature': bare,
  'x-gitlab-token': (secret) => secret,
};

/** The proofs that a request carries; null without any, and when a header comes twice: which of the two would count? */
export function readProofs(headers: IncomingMessage['headersDistinct']): readonly Proof[] | null {
  const proofs: Proof[] = [];
  for (const [name, expected] of Object.entries(SCHEMES)) {
    const [given, ...more] = headers[name] ?? [];
    if (more.length > 0) return null;
    if (given !== undefined) proofs.push({ given, expected });
  }
  return proofs.length === 0 ? null : proofs;
}

/** Every proof has to hold: none is a way around another. All are looked at, so that the time does not tell which was wrong. */
export function isGenuine(proofs: readonly Proof[], secret: Buffer, hmac: string): boolean {
  if (secret.length === 0 || proofs.length === 0) return false;
  const holds = proofs.map(({ given, expected }) => isSame(Buffer.from(given, 'latin1'), expected(secret, hmac)));
  return holds.every(Boolean);
}

/** In a time that tells neither where the two differ nor how long the secret is. The text is compared as it is: no hex is read. */
function isSame(given: Buffer, expected: Buffer): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
