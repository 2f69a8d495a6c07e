import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Failure } from '../../model/reasons.js';
import { isDiskFull } from './keeper-exec.js';

const LINES = 6;
const LONGEST_MESSAGE = 400;
const PREFIX = 'kalpana-keeper: ';

/**
 * Appends to the failure what the container printed before it ended, which tells a person the cause: the last line that
 * our script printed or that mentions an error, or else the last line. The failure stays unchanged without a container,
 * without output, or when the engine does not return the output; the reason changes only when the disk is full.
 */
export async function withLastWords(
  docker: Pick<DockerPort, 'tailContainer'>,
  failure: Failure,
  container: { readonly id: string } | null,
  calls: CallOptions,
): Promise<Failure> {
  if (container === null) return failure;
  const lines = (await docker.tailContainer(container.id, LINES, calls).catch(() => '')).split('\n');
  const words = lines.findLast((line) => line.startsWith(PREFIX) || /error/i.test(line)) ?? lines.at(-1) ?? '';
  if (words === '') return failure;
  return {
    reason: isDiskFull(words) ? 'CacheDiskFull' : failure.reason,
    message: `${failure.message}: ${words.replace(PREFIX, '')}`.slice(0, LONGEST_MESSAGE),
  };
}
