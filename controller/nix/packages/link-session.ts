import type { CallOptions } from '../../docker/port.js';
import { delay, type Clock } from '../../model/clock.js';

export interface LinkRequest {
  readonly environment: string;
  readonly workspaces: readonly string[];
  /** Called for each profile as soon as it points to the environment. */
  readonly onLinked: (workspace: string) => void;
}

/**
 * Runs the session's script to its end. `onInput` receives a function that writes to the script, `onLine` each line
 * that the script prints.
 */
export type RunSession = (
  onInput: (write: (text: string) => void) => void,
  onLine: (line: string) => void,
  options: CallOptions,
) => Promise<unknown>;

export interface LinkSession {
  /** Starts the session unless it is open; it ends with `close` or when `signal` aborts. */
  open(signal: AbortSignal | undefined): void;
  close(): void;
  /**
   * Links one request at a time. Returns false when the outcome is not known; then the request can be repeated in
   * another way, because linking twice is harmless.
   */
  link(request: LinkRequest): Promise<boolean>;
}

interface Pending extends LinkRequest {
  readonly end: (done: boolean) => void;
}

/** How long a switch may take before the session counts as lost, in ms; a switch takes some milliseconds. */
const PATIENCE_MS = 2_000;

/** A session with one shell in a keeper that waits for profiles to switch, so that a warm start needs no exec (F15). */
export function createLinkSession(clock: Clock, runSession: RunSession): LinkSession {
  let write: ((text: string) => void) | null = null;
  let pending: Pending | null = null;
  let stop: AbortController | null = null;

  function open(signal: AbortSignal | undefined): void {
    if (stop !== null || signal?.aborted === true) return;
    const mine = new AbortController();
    stop = mine;
    const onLine = (line: string) => {
      if (stop === mine) handleLine(line);
    };
    const onInput = (give: (text: string) => void) => {
      if (stop === mine) write = give;
    };
    // However the session ends, the next link runs as a separate command and opens a new session.
    const end = () => drop(mine);
    runSession(onInput, onLine, {
      signal: AbortSignal.any([mine.signal, ...(signal === undefined ? [] : [signal])]),
    }).then(end, end);
  }

  function handleLine(line: string): void {
    if (line.startsWith('linked ')) pending?.onLinked(line.slice('linked '.length));
    else if (line.startsWith('ended ')) pending?.end(line === 'ended 0');
  }

  function drop(mine: AbortController): void {
    if (stop !== mine) return;
    mine.abort();
    stop = null;
    write = null;
    pending?.end(false);
  }

  return {
    open,
    close() {
      if (stop !== null) drop(stop);
    },
    async link(request) {
      const [using, giving] = [stop, write];
      if (using === null || giving === null) return false;
      const late = new AbortController();
      const done = await new Promise<boolean>((resolve) => {
        pending = { ...request, end: resolve };
        void delay(clock, PATIENCE_MS, late.signal).then(() => {
          if (!late.signal.aborted) drop(using);
        });
        giving(`${request.environment} ${request.workspaces.join(' ')}\n`);
      });
      late.abort();
      pending = null;
      return done;
    },
  };
}
