/** The engine's address cannot be made out. One line: the variable or the file, what is wrong, what to do. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}
