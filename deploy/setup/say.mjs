// What the set-up tells a person: one line a step, and a failure that says what to do.

/** A failure whose message is meant for a person: printed without a stack. */
export class SetupError extends Error {}

export function say(line) {
  process.stdout.write(`${line}\n`);
}

export function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** Runs one step and prints its line: `work` gives what it did, or nothing when all was up to date. */
export async function step(name, work) {
  const started = performance.now();
  const done = await work();
  say(`${name.padEnd(14)} ${done ?? 'up to date'} (${seconds(started)})`);
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
