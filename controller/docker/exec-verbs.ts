import type { IncomingMessage } from 'node:http';
import { delay, type Clock } from '../model/clock.js';
import type { ExecRequest } from '../model/engine-objects.js';
import { pathOf, type EngineClient } from './engine-client.js';
import type { Scope } from './deadline.js';
import { createFrameReader } from './frame-reader.js';
import { createLineSplitter } from './line-splitter.js';
import { EngineError, type CallOptions, type DockerPort } from './port.js';
import { asName, asNumber, asObject } from './shapes.js';

const SHORT_MS = 30_000;
/** How long the output may be silent, in ms; a build can be silent for long. */
const SILENCE_MS = 600_000;
/**
 * How long a command may run after its output has ended before the connection counts as lost, in ms; the engine may
 * notice the end of a command late.
 */
const END_MS = 5_000;
const FIRST_PAUSE_MS = 5;

/** The verb of the port that runs a command in a container. */
export function execVerbs(engine: EngineClient, clock: Clock): Pick<DockerPort, 'exec'> {
  return {
    async exec(idOrName, request, options) {
      const short = {
        verb: 'exec',
        deadlineMs: Math.min(SHORT_MS, options?.deadlineMs ?? SHORT_MS),
        options: signalOf(options),
      } as const;
      const id = await engine.json(
        { ...short, method: 'POST', path: pathOf('containers', idOrName, 'exec'), body: createBody(request) },
        (answer) => asName(asObject(answer, 'it')['Id'], "the exec's Id"),
      );
      const start = {
        verb: 'exec',
        method: 'POST',
        path: pathOf('exec', id, 'start'),
        body: { Detach: false, Tty: false },
        longLived: true,
      } as const;
      const lastLines = await goneIsConflict(
        engine.call({ ...start, deadlineMs: SILENCE_MS, options }, (answer, scope) => {
          if (request.onInput !== undefined) giveInput(answer, scope, request.onInput);
          return readLines(answer, scope, request.onLine);
        }),
      );

      const isEndedBy = clock.now() + END_MS;
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
        const exitCode = await goneIsConflict(
          engine.json({ ...short, method: 'GET', path: `${pathOf('exec', id)}/json` }, exitCodeFrom),
        );
        if (exitCode !== null) {
          lastLines.forEach((line) => request.onLine(line));
          return { exitCode };
        }
        if (clock.now() >= isEndedBy) throw cutOff('the command still runs');
        await delay(clock, pauseMs, options?.signal);
      }
    },
  };
}

function signalOf(options: CallOptions | undefined): CallOptions {
  return options?.signal === undefined ? {} : { signal: options.signal };
}

/**
 * Passes a writer to `onInput`. After the engine has answered, everything written to the connection is the input of the
 * command.
 */
function giveInput({ socket }: IncomingMessage, scope: Scope, onInput: NonNullable<ExecRequest['onInput']>): void {
  scope.untimed();
  onInput((text) => {
    if (!scope.signal.aborted && socket.writable) socket.write(text);
  });
}

function createBody({ command, user, env = {}, onInput }: ExecRequest): object {
  return {
    ...(onInput === undefined ? {} : { AttachStdin: true }),
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Cmd: command,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(user === undefined ? {} : { User: user }),
  };
}

/**
 * Reads the output line by line, and returns the text after the last newlines. Whether that text is a complete line is
 * only known when the exec has ended.
 */
async function readLines(answer: IncomingMessage, scope: Scope, onLine: (line: string) => void): Promise<string[]> {
  const frames = createFrameReader();
  const lines = { stdout: createLineSplitter({ verbatim: true }), stderr: createLineSplitter({ verbatim: true }) };
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    scope.signal.throwIfAborted();
    scope.touch();
    for (const { stream, payload } of frames.push(chunk)) lines[stream].push(payload).forEach(onLine);
  }
  // The stream does not announce its length, so a lost connection looks like its end.
  if (frames.isWithinFrame()) throw cutOff('its output ends within a frame');
  return [lines.stdout.rest(), lines.stderr.rest()].filter((line) => line !== '');
}

/** The exit code; null while the command runs, and just before it starts. */
function exitCodeFrom(value: unknown): number | null {
  const exec = asObject(value, 'the exec');
  if (exec['Running'] !== false || exec['ExitCode'] === null) return null;
  return asNumber(exec['ExitCode'], 'ExitCode');
}

function cutOff(words: string): EngineError {
  return new EngineError('unreachable', 'exec', `The connection to the engine was lost: ${words}`);
}

/** Converts `not-found` into `conflict`, because the engine forgets an exec together with its container. */
async function goneIsConflict<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'not-found')) throw error;
    throw new EngineError(
      'conflict',
      'exec',
      `The container ended before the command's end was known: ${error.message}`,
      error.status,
      { cause: error },
    );
  }
}
