export function engineDaemons(paths: readonly string[]): number[];
export function engineProcesses(paths: readonly string[], containerIds?: readonly string[]): number[];
export function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs?: number,
): Promise<boolean>;
