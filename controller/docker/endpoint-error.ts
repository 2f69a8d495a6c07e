/**
 * The engine's address cannot be found. The message is one line: the variable or the file, what is wrong, what to do.
 */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}
