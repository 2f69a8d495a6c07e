import { EngineError } from '../../../controller/docker/port.js';

/** The engine's refusals, in Docker 20.10's words. */
export function notFound(verb: string, message: string): EngineError {
  return new EngineError('not-found', verb, message, 404);
}

export function conflict(verb: string, message: string): EngineError {
  return new EngineError('conflict', verb, message, 409);
}

export function rejected(verb: string, message: string): EngineError {
  return new EngineError('rejected', verb, message, 400);
}

export function serverError(verb: string, message: string): EngineError {
  return new EngineError('server', verb, message, 500);
}

export function unreachable(verb: string): EngineError {
  return new EngineError(
    'unreachable',
    verb,
    'The engine at unix:///fake.sock cannot be reached: the connection was lost before the answer was whole',
  );
}

export function timedOut(verb: string): EngineError {
  return new EngineError('timeout', verb, 'The engine did not answer within 60 s');
}

export function aborted(verb: string): EngineError {
  return new EngineError('aborted', verb, 'The call was given up');
}
