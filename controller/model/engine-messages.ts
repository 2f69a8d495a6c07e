/**
 * Recognizes messages of the engine that say more than its status codes. The texts are those of Docker 20.10.24 and
 * 28.5.2.
 */

/**
 * Whether a volume's directory was removed without the engine. Start, create and archive calls all fail with this
 * message then.
 */
export function saysVolumeDirectoryGone(message: string): boolean {
  return /\/_data\b.*(no such file|not a directory)/i.test(message);
}

/** Whether a start failed because a host port is in use, by a container or by another program. */
export function saysPortTaken(message: string): boolean {
  return /port is already allocated|address already in use|ports are not available/i.test(message);
}

/** Whether a create failed because the source of a bind mount does not exist on the engine's host. */
export function saysBindSourceMissing(message: string): boolean {
  return /bind source path does not exist/i.test(message);
}
