// What a script has under way is undone when a signal ends it.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const LIMIT_MS = 15_000;

/** The newest last: it is undone first. */
const underWay = new Set();
let endedBy = null;

/**
 * Runs `work`; a signal in between (see `undoOnSignals`) runs `undo` before the process ends. What `work` comes to then
 * does not count: a command that was ended has done half of its work.
 */
export async function undoable(undo, work) {
  refuseAfterSignal();
  underWay.add(undo);
  try {
    const result = await work();
    refuseAfterSignal();
    return result;
  } finally {
    underWay.delete(undo);
  }
}

function refuseAfterSignal() {
  if (endedBy !== null) throw new Error(`ended by ${endedBy}`);
}

/** From now on a signal undoes what is under way and ends the process. Gives a function that ends this. */
export function undoOnSignals() {
  const onSignal = async (signal) => {
    endedBy = signal;
    setTimeout(() => process.exit(1), LIMIT_MS).unref();
    for (const undo of [...underWay].reverse()) await attempt(undo);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

/** What can't be undone must not keep the rest from it. */
async function attempt(undo) {
  try {
    await undo();
  } catch {
    return;
  }
}
