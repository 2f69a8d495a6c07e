import { isIP } from 'node:net';

/**
 * Whether a request with this Host header may use the API. A web page that points its own name at 127.0.0.1 (DNS
 * rebinding) sends that name. Trusted are localhost, an address, the host we listen on, and a missing header, which no
 * browser sends.
 */
export function isTrustedHost(header: string | undefined, listenHost: string): boolean {
  if (header === undefined) return true;
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::[0-9]*)?$/.exec(header.trim());
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (host === undefined) return false;
  return host === 'localhost' || isIP(host) !== 0 || host === listenHost.toLowerCase();
}
