import type { Actions } from '../../../controller/cli/actions.js';
import type { CliIo } from '../../../controller/cli/io.js';
import { runCli } from '../../../controller/cli/program.js';
import { START } from '../status/samples.js';

export function captureIo(changes: Partial<CliIo> = {}) {
  const written = { out: '', err: '' };
  const io: CliIo = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    columns: null,
    errColumns: null,
    color: false,
    now: () => START,
    ...changes,
  };
  return { io, written };
}

/** Sets variables while `body` runs: commander reads the environment itself. */
export async function withVariables<T>(
  variables: Readonly<Record<string, string>>,
  body: () => Promise<T>,
): Promise<T> {
  Object.assign(process.env, variables);
  try {
    return await body();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

/** Runs a command line whose actions note what they are given and end with `code`. */
export async function runNoting(args: readonly string[], code = 0) {
  const { io, written } = captureIo();
  const calls: Partial<Record<keyof Actions, unknown>> = {};
  const note = (name: keyof Actions) => (options: unknown) => {
    calls[name] = options;
    return Promise.resolve(code);
  };
  const actions: Actions = {
    run: note('run'),
    plan: note('plan'),
    validate: note('validate'),
    approve: note('approve'),
    getWorkspaces: note('getWorkspaces'),
    describeWorkspace: note('describeWorkspace'),
    getSources: note('getSources'),
    source: note('source'),
    getCaches: note('getCaches'),
    cacheStatus: note('cacheStatus'),
    describeCache: note('describeCache'),
    cacheClear: note('cacheClear'),
    cacheVerify: note('cacheVerify'),
    gc: note('gc'),
    newWorkspace: note('newWorkspace'),
  };
  return { code: await runCli(args, { actions, io, version: '1.2.3' }), calls, ...written };
}
