import { execFile } from 'node:child_process';
import { asObject, asText, parseJson } from './shapes.js';

const TIMEOUT_MS = 10_000;

/**
 * Asks a `docker-credential-…` command for the credentials of a registry; returns null when it has none. Errors never
 * quote its output.
 */
export function askHelper(command: string, registry: string): Promise<Record<string, string> | null> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, ['get'], { timeout: TIMEOUT_MS }, (error, stdout) => {
      if (/credentials not found/.test(stdout)) return resolve(null);
      if (error !== null) return reject(new Error(`${command} failed (${String(error.code ?? error.signal)})`));
      try {
        resolve(credentialsFrom(stdout));
      } catch (reason) {
        reject(reason as Error);
      }
    });
    // A helper may not read its input, or may not exist; its exit status reports that.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(registry);
  });
}

function credentialsFrom(stdout: string): Record<string, string> {
  const answer = asObject(parseJson(stdout, 'its answer'), 'its answer');
  const username = asText(answer['Username'], 'Username');
  const secret = asText(answer['Secret'], 'Secret');
  return username === '<token>' ? { identitytoken: secret } : { username, password: secret };
}
