import { createRequire } from 'node:module';
import type * as PinoPretty from 'pino-pretty';
import { pino, type DestinationStream } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** Logs a static message with its facts as fields; an error belongs into the field `error`. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Returns a logger that adds `fields` to each line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Formats lines for a person at a terminal instead of JSON. */
  readonly pretty: boolean;
  readonly color: boolean;
  /** Where lines are written; stderr by default. */
  readonly destination?: DestinationStream;
}

/** A `Secret` never prints its value; these fields are redacted in case somebody logs a plain text in one of them. */
const SECRET_FIELDS = ['password', 'token', 'secret', 'secrets', 'authorization', 'env', 'Env', 'registryAuth'];
const STDERR = 2;
const REDACTED = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/**
 * Creates a logger that writes synchronously, because an asynchronous destination loses the last lines on exit (trap
 * pino-1).
 */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? pino.destination({ dest: STDERR, sync: true });
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    options.pretty ? prettily(destination, options.color) : destination,
  );
  return wrap(logger);
}

/**
 * Formats lines in place, because pino-pretty's own stream forwards lines in a later tick and would lose the last ones.
 */
function prettily(destination: DestinationStream, colorize: boolean): DestinationStream {
  // Loaded only when it is used, because most controllers write JSON.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const format = prettyFactory({ colorize, errorLikeObjectKeys: ['error'], translateTime: 'SYS:HH:MM:ss' });
  return { write: (line) => destination.write(format(line)) };
}

type PinoLogger = Pick<ReturnType<typeof pino>, LogLevel | 'child'>;

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
