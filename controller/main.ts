#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { createClientActions } from './cli/client/client-actions.js';
import type { CliIo } from './cli/io.js';
import { runCli } from './cli/program.js';
import type { Surroundings } from './app/surroundings.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const io: CliIo = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  // A terminal that does not know its width reports 0.
  errColumns: process.stderr.isTTY ? process.stderr.columns || 80 : null,
  color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  now: () => Date.now(),
};

// In `kalpana get … | head`, the reader closes the pipe when it has enough; that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

const around: Surroundings = {
  env: process.env,
  home: homedir(),
  version,
  io,
  stderrIsTerminal: process.stderr.isTTY === true,
  signal: stop.signal,
};

process.exitCode = await runCli(process.argv.slice(2), {
  version,
  io,
  actions: {
    // These modules are loaded on demand: loading rxjs, xstate, dockerode and the metrics takes longer than the whole
    // work of a `validate` in an editor.
    run: async (options) => (await import('./app/run.js')).run(options, around),
    plan: async (options) => (await import('./app/plan.js')).plan(options, around),
    validate: async (options) => (await import('./app/validate.js')).validate(options, io),
    ...createClientActions(io, stop.signal),
  },
});
