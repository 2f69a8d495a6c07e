import type { IncomingMessage } from 'node:http';
import { controlSocketPath, explainedFailure, jsonOf, openCall, textOf, type ControlAnswer } from './control-client.js';

export interface StreamOptions {
  /**
   * The silence after which the request is given up, in ms. There is no other deadline, because a collection may take
   * an hour.
   */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

/** Far longer than any silence of the server, which sends something every 10 s. */
const SILENCE_MS = 2 * 60_000;

/**
 * Posts `body` to the controller of `stateDir`, and passes each line of its answer to `onValue` as parsed JSON.
 * Resolves with null when the stream has ended, or with the answer when it is a refusal. Throws an error of one line.
 */
export async function streamFromController(
  stateDir: string,
  path: string,
  body: object,
  onValue: (value: unknown) => void,
  { silenceMs = SILENCE_MS, signal }: StreamOptions = {},
): Promise<ControlAnswer | null> {
  const socketPath = controlSocketPath(stateDir);
  const giveUp = new AbortController();
  let begun = false;
  const silence = watchSilence(silenceMs, () => giveUp.abort());
  try {
    const response = await openCall(socketPath, path, body, anyOf(giveUp.signal, signal));
    if (response.statusCode !== 200)
      return { status: response.statusCode ?? 0, value: jsonOf(await textOf(response), socketPath) };
    begun = true;
    for await (const line of linesOf(response, silence.touch)) onValue(jsonOf(line, socketPath));
    return null;
  } catch (error) {
    if (signal?.aborted) throw new Error('interrupted; what the controller has begun goes on', { cause: error });
    if (giveUp.signal.aborted)
      throw new Error(`the controller at ${socketPath} was silent for ${silenceMs / 1_000} s; look at its log`, {
        cause: error,
      });
    throw explainedFailure(error as NodeJS.ErrnoException, socketPath, begun);
  } finally {
    silence.stop();
  }
}

/** Splits only at newlines; readline also ends lines at U+2028, which JSON does not escape. */
async function* linesOf(response: IncomingMessage, onChunk: () => void): AsyncGenerator<string> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    onChunk();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function watchSilence(ms: number, onSilence: () => void) {
  const timer = setTimeout(onSilence, ms);
  return { touch: () => void timer.refresh(), stop: () => clearTimeout(timer) };
}

function anyOf(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
