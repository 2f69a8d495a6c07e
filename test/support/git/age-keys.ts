import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';

export interface AgeKey {
  /** As age-keygen writes it. */
  readonly file: string;
  readonly recipient: string;
}

export async function createAgeKey(): Promise<AgeKey> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { file: `# created: 2026-01-01T00:00:00Z\n# public key: ${recipient}\n${identity}\n`, recipient };
}

export async function seal(value: string | Uint8Array, ...recipients: readonly string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter.encrypt(value);
}

/** In ASCII armour. */
export async function sealText(value: string, ...recipients: readonly string[]): Promise<string> {
  return `${armor.encode(await seal(value, ...recipients))}\n`;
}
