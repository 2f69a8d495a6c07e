import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Failure } from '../../model/reasons.js';
import { commandFailure } from '../keeper/keeper-commands.js';
import { createKeeperExec, isDiskFull, SILENCE_MS, TOLD } from '../keeper/keeper-exec.js';
import { CANCEL_SCRIPT, ROOT_USER } from '../keeper/scripts.js';
import { newFindings, takeLine, type VerifyFindings } from './findings.js';
import { VERIFY_STORE_SCRIPT } from './verify-scripts.js';

export interface VerifyRequest {
  readonly cache: string;
  /** The id of the keeper's container. */
  readonly keeperId: string;
  /** The path after which the share begins; null: with the first one. */
  readonly after: string | null;
  /** Percent of the store's paths. */
  readonly share: number;
  /** Paths that were damaged before; they are looked at first, and beside the share. */
  readonly known: readonly string[];
  readonly repair: boolean;
  /** Called while more and more has been looked at. */
  readonly onProgress: (found: VerifyFindings) => void;
}

/** A verification in a keeper. */
export interface StoreVerification {
  /** Ends it soon, with what it has found until then. */
  end(): void;
  /** Never rejects but with what is no failure of a command. `failure`: why it did not come to its end. */
  readonly ended: Promise<{ readonly found: VerifyFindings; readonly failure: Failure | null }>;
}

/** The script's exit code when another verification holds its lock. */
const BUSY = 20;

/** Begins a verification in the keeper. */
export function beginVerification(docker: DockerPort, request: VerifyRequest, calls: CallOptions): StoreVerification {
  const { run } = createKeeperExec(docker, request.keeperId);
  const found = newFindings();
  let pid: string | null = null;
  let isEnding = false;
  let words = '';

  function cancel(): void {
    if (pid === null) return;
    // Where it cannot be ended, it ends by itself: it changes nothing that a collection looks at.
    run(CANCEL_SCRIPT, ROOT_USER, { KALPANA_PID: pid }, () => undefined, calls).catch(() => undefined);
  }

  function onLine(line: string): void {
    if (!line.startsWith(TOLD)) {
      if (line.trim() !== '') words = line;
      return;
    }
    const told = line.slice(TOLD.length);
    if (/^pid \d+$/.test(told)) {
      pid = told.slice('pid '.length);
      if (isEnding) cancel();
    } else {
      takeLine(found, told);
      if (/^(of|verified) /.test(told)) request.onProgress(found);
    }
  }

  async function verify(): Promise<Failure | null> {
    const env = {
      KALPANA_AFTER: request.after ?? '',
      KALPANA_SHARE: String(request.share),
      KALPANA_KNOWN: request.known.join('\n'),
      KALPANA_REPAIR: request.repair ? '1' : '',
    };
    try {
      const code = await run(VERIFY_STORE_SCRIPT, ROOT_USER, env, onLine, { deadlineMs: SILENCE_MS, ...calls });
      // A script that told nothing has looked at nothing.
      return code === 0 && found.total !== null ? null : failureOf(code, words, request.cache);
    } catch (error) {
      calls.signal?.throwIfAborted();
      return commandFailure(error, request.cache);
    }
  }

  const ended = verify().then((failure) => ({
    found,
    failure: isEnding && failure !== null ? gaveWay(request.cache) : failure,
  }));
  return {
    end() {
      if (isEnding) return;
      isEnding = true;
      cancel();
    },
    ended,
  };
}

function gaveWay(cache: string): Failure {
  return { reason: 'VerifyEnded', message: `the verification of the cache ${cache} gave way to other work` };
}

function failureOf(code: number, words: string, cache: string): Failure {
  if (code === BUSY)
    return { reason: 'VerifyEnded', message: `another verification of the cache ${cache} is under way in its keeper` };
  const why = words === '' ? `code ${code}` : words;
  const message = `the store of the cache ${cache} could not be looked through: ${why}`;
  return { reason: isDiskFull(words) ? 'CacheDiskFull' : 'KeeperNotReady', message };
}
