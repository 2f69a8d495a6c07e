import type { ServerResponse } from 'node:http';

/** Of every answer: none is kept by a proxy or a browser, and none is taken for something else than it says. */
export const REPLY_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

/** An answer of one JSON document a line, each sent as it comes. A peer that has gone is written to no more. */
export interface LineStream {
  /** A document that a later one makes up for: left out while the peer does not read, so that nothing piles up here. */
  hint(value: object): void;
  write(value: object): void;
  end(): void;
  /** The status is sent: what goes wrong from now on can only be told in a line. */
  begun(): boolean;
}

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
