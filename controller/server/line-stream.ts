import type { ServerResponse } from 'node:http';
import { REPLY_HEADERS } from './reply.js';

/** An answer of one JSON document a line, each sent as it comes. Once the peer has gone nothing is written any more. */
export interface LineStream {
  /** Sends a document that a later one replaces: left out while the peer does not read, so that nothing piles up. */
  hint(value: object): void;
  write(value: object): void;
  end(): void;
  /** The status has been sent: what goes wrong from now on can only be said in a line. */
  begun(): boolean;
}

/** Sends nothing yet: the first line, or the end, sends the status 200. */
export function createLineStream(response: ServerResponse): LineStream {
  function isGone(): boolean {
    return response.destroyed || response.writableEnded;
  }

  function begin(): void {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/x-ndjson', ...REPLY_HEADERS });
  }

  function write(value: object): void {
    if (isGone()) return;
    begin();
    response.write(`${JSON.stringify(value)}\n`);
  }

  return {
    hint(value) {
      if (!response.writableNeedDrain) write(value);
    },
    write,
    end() {
      if (isGone()) return;
      begin();
      response.end();
    },
    begun: () => response.headersSent,
  };
}
