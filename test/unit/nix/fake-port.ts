import type { DockerPort } from '../../../controller/docker/port.js';
import type { ExecRequest } from '../../../controller/model/engine-objects.js';
import { FailureError, type Failure } from '../../../controller/model/reasons.js';

/** An engine with these verbs alone: any other is a fault of the test, which hears of it. */
export function portOf(verbs: Partial<DockerPort>): DockerPort {
  return new Proxy(verbs, {
    get: (known, verb) =>
      Reflect.get(known, verb) ??
      (() => {
        throw new Error(`an unexpected call of ${String(verb)}`);
      }),
  }) as DockerPort;
}

export interface FakeCommand {
  readonly script: string;
  readonly user: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly deadlineMs: number | undefined;
}

/** What a script ends with: its output and its exit code, 0 when left out. A thrown error is the engine's. */
export interface FakeAnswer {
  readonly lines?: readonly string[];
  readonly exitCode?: number;
}

/** `exec` of an engine that keeps what it was asked in `commands`. */
export function execBy(answer: (command: FakeCommand, request: ExecRequest) => FakeAnswer): {
  readonly commands: FakeCommand[];
  readonly exec: DockerPort['exec'];
} {
  const commands: FakeCommand[] = [];
  return {
    commands,
    async exec(_container, request, options) {
      const { command: words, user, env = {} } = request;
      const command = { script: words[2] ?? '', user, env, deadlineMs: options?.deadlineMs };
      commands.push(command);
      const { lines = [], exitCode = 0 } = answer(command, request);
      lines.forEach(request.onLine);
      return { exitCode };
    },
  };
}

/** The failure that a command ends with; it is a fault of the test when there is none. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof FailureError)) throw new Error(`no failure, but ${String(error)}`);
  return error.failure;
}
