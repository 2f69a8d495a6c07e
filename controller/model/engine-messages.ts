/** The engine's words that tell more than its status codes. Texts seen on Docker 20.10.24 and 28.5.2. */

/** A volume's directory was removed behind the engine's back: start, create and archive calls all say so. */
export function saysVolumeDirectoryGone(message: string): boolean {
  return /\/_data\b.*(no such file|not a directory)/i.test(message);
}

export function saysPortTaken(message: string): boolean {
  return /port is already allocated|address already in use|ports are not available/i.test(message);
}

export function saysBindSourceMissing(message: string): boolean {
  return /bind source path does not exist/i.test(message);
}
