import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Reads a body completely and keeps only its HMAC-SHA256, in hex. `gone` means that the peer disconnected before the
 * end.
 */
export async function hashBody(
  request: IncomingMessage,
  secret: Buffer,
  largest: number,
): Promise<{ readonly hmac: string } | 'too_large' | 'gone'> {
  if (Number(request.headers['content-length'] ?? 0) > largest) return 'too_large';
  const hmac = createHmac('sha256', secret);
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largest) return 'too_large';
      hmac.update(chunk);
    }
  } catch {
    // Only the connection can fail here: it was lost, or took longer than a request may.
    return 'gone';
  }
  return { hmac: hmac.digest('hex') };
}
