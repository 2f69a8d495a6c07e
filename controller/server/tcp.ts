import type { AddressInfo, Server } from 'node:net';
import { formatAddress, type ListenAddress } from './listen-address.js';

/**
 * Listens, and resolves with the address and the port that the system chose. Rejects with an error of one line that
 * says what to do.
 */
export function listenOnPort(server: Server, wanted: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explained(error, wanted));
    server.once('error', failed);
    server.listen(wanted.port, wanted.host, () => {
      server.off('error', failed);
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port });
    });
  });
}

function explained(error: NodeJS.ErrnoException, wanted: ListenAddress): Error {
  const where = formatAddress(wanted);
  return new Error(`cannot listen on ${where}: ${cause(error, wanted)}`, { cause: error });
}

function cause(error: NodeJS.ErrnoException, { host, port }: ListenAddress): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return (
        `port ${port} is in use; stop what holds it, ` +
        'or choose another with --listen HOST:PORT (--listen off for none)'
      );
    case 'EACCES':
      return `port ${port} needs root; choose one above 1023 with --listen HOST:PORT`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine; choose another with --listen HOST:PORT`;
    default:
      return error.message;
  }
}
