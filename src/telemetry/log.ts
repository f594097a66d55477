/**
 * The log: one JSON object per line on stdout (pino). What may be logged of an error is an allowlist:
 * type, message, stack, code and cause. Anything else that a library hangs on an error (ioredis keeps the
 * command's arguments there, L-26) stays out.
 */
import { pino } from 'pino';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Logger {
  readonly error: LogMethod;
  readonly warn: LogMethod;
  readonly info: LogMethod;
  readonly debug: LogMethod;
  isLevelEnabled(level: LogLevel): boolean;
}

/** The second net under the rule that no secret is passed to the log in the first place (S-LOG-04). */
const SECRET_MEMBERS = [
  'client_secret',
  'api_key',
  'authorization',
  'x-api-key',
  'access_token',
  'key_encryption_key',
];

/** `worker`: which of several processes it is, on each line. */
export function createLogger(level: LogLevel, worker?: number): Logger {
  return pino({
    level,
    base: worker === undefined ? null : { worker },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => safeError(error) },
    redact: {
      paths: SECRET_MEMBERS.flatMap((member) => [`["${member}"]`, `*["${member}"]`]),
      censor: '[redacted]',
    },
  });
}

const MAX_CAUSES = 5;

/** Exported for its test. */
export function safeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: safeError(error.cause, depth + 1) } : {}),
  };
}
