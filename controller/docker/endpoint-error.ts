/**
 * The engine's address cannot be determined. The message is one line: the variable or file, what is wrong, and what to
 * do.
 */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}
