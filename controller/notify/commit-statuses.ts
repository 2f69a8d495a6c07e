import type { CommitState } from '../model/git.js';
import type { Notified } from '../model/notified.js';
import { deliver, type DeliveryOptions } from './delivery.js';
import { PROTOCOLS, type Provider } from './providers.js';

export interface CommitStatusesOptions extends DeliveryOptions {
  readonly provider: Provider;
  readonly api: string;
  readonly repository: string;
  /** The name under which the host shows the states. */
  readonly context: string;
  /** Reads the token, for each attempt. */
  readonly token: () => Promise<string>;
  readonly onResult: (facts: Notified) => void;
}

export interface CommitStatuses {
  set(state: CommitState): void;
  /** Whether no state is waiting or being sent. */
  idle(): boolean;
}

interface Entry {
  wanted: CommitState;
  /** The state that the host shows; null while that is not known. */
  shown: CommitState | null;
}

export const MAX_REVISIONS = 50;

/** Shows the states of commits at their host: the newest of each revision, with one request at a time. */
export function createCommitStatuses(options: CommitStatusesOptions): CommitStatuses {
  const { provider, repository, context, token, signal, onResult } = options;
  const protocol = PROTOCOLS[provider];
  const api = new URL(options.api).href.replace(/\/+$/, '');
  /** By revision, in the order in which they were set. */
  const entries = new Map<string, Entry>();
  let underWay: Entry | null = null;

  async function post(entry: Entry): Promise<void> {
    const { revision } = entry.wanted;
    let written = entry.wanted;
    let attempts = 0;
    const outcome = await deliver(
      {
        address: new URL(api + protocol.path(repository, revision)),
        write: async () => {
          const attempt = (attempts += 1);
          const word = (await token()).trim();
          if (attempt !== attempts) throw new Error('came after its deadline');
          if (word === '') throw new Error('the token is empty');
          // The host may accept an attempt that fails on our side.
          entry.shown = null;
          written = entry.wanted;
          return { headers: protocol.headers(word), body: JSON.stringify(protocol.body(written, context)) };
        },
        readErrorAnswer: protocol.readErrorAnswer,
        onRetry: (detail) => onResult({ target: 'commit-status', result: 'retried', detail }),
      },
      options,
    );
    if (outcome === null) return;
    if (outcome.result === 'delivered') entry.shown = written;
    // Forgotten, so that the state is sent again when it is set again.
    else if (isSame(entry.wanted, written)) entries.delete(revision);
    onResult({ target: 'commit-status', ...outcome });
  }

  async function run(): Promise<void> {
    for (let next = firstOf(isWaiting); next !== undefined && !signal.aborted; next = firstOf(isWaiting)) {
      underWay = next;
      await post(next);
    }
    underWay = null;
  }

  function firstOf(test: (entry: Entry) => boolean): Entry | undefined {
    return [...entries.values()].find(test);
  }

  function makeRoom(): void {
    if (entries.size < MAX_REVISIONS) return;
    const oldest =
      firstOf((entry) => entry !== underWay && !isWaiting(entry)) ?? firstOf((entry) => entry !== underWay);
    if (oldest === undefined) return;
    entries.delete(oldest.wanted.revision);
    if (isWaiting(oldest))
      onResult({
        target: 'commit-status',
        result: 'dropped',
        detail: `${new URL(api).host} is behind by more than ${MAX_REVISIONS} commits: the oldest is left out`,
      });
  }

  return {
    set(state) {
      if (signal.aborted) return;
      const entry = entries.get(state.revision);
      if (entry === undefined) {
        makeRoom();
        entries.set(state.revision, { wanted: state, shown: null });
      } else {
        entry.wanted = state;
        entries.delete(state.revision);
        entries.set(state.revision, entry);
      }
      if (underWay === null) void run();
    },
    idle: () => underWay === null,
  };
}

function isWaiting({ wanted, shown }: Entry): boolean {
  return shown === null || !isSame(wanted, shown);
}

function isSame(one: CommitState, other: CommitState): boolean {
  return one.state === other.state && one.description === other.description;
}
