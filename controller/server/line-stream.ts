import type { ServerResponse } from 'node:http';
import { REPLY_HEADERS } from './reply.js';

/** An answer with one JSON document per line, each sent at once. Nothing is written after the peer has disconnected. */
export interface LineStream {
  /**
   * Sends a document that a later one replaces. It is left out while the peer does not read, so that no data
   * accumulates.
   */
  hint(value: object): void;
  write(value: object): void;
  end(): void;
  /** Whether the status has been sent, so that a later error can only be reported in a line. */
  begun(): boolean;
}

/** Creates a stream that sends nothing at first; the first line or the end sends the status 200. */
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
