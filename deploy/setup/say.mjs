// What the set-up tells a person: one line a step, and a failure that says what to do.

/** A failure whose message is meant for a person: printed without a stack. */
export class SetupError extends Error {}

export function say(line) {
  process.stdout.write(`${line}\n`);
}

export function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

const HEARTBEAT_MS = 15_000;

/**
 * Runs one step and prints its line: `work` gives what it did, or nothing when all was up to date; every 15 seconds a
 * line before.
 */
export async function step(name, work) {
  const started = performance.now();
  // Silence is no answer for ever.
  const beat = setInterval(() => say(`  ${name}: ${seconds(started)} so far`), HEARTBEAT_MS);
  const done = await work().finally(() => clearInterval(beat));
  say(`${name.padEnd(14)} ${done ?? 'up to date'} (${seconds(started)})`);
}

const PROGRESS_EVERY_MS = 5_000;

/**
 * Gives a function that prints what work that takes long is at: the latest words, at most one line every five seconds.
 */
export function progressOf(name) {
  const started = performance.now();
  let printed = started;
  return (words) => {
    if (performance.now() - printed < PROGRESS_EVERY_MS) return;
    printed = performance.now();
    say(`  ${name}: ${words} (${seconds(started)})`);
  };
}

/** Runs a script's main function; a SetupError ends it with its words alone. */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof SetupError ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** The oldest Node that has what we use; checked by hand because npm only warns. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old: install Node 20.19 or newer (24 is good) and run this again`,
  );
}
