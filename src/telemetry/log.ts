/**
 * The log: one JSON object per line on stdout (pino). What is logged of an error is an allowlist
 * (`error-fields.ts`).
 */
import { writeSync } from 'node:fs';
import { type LoggerOptions, pino } from 'pino';
import { errorFields, inFull } from './error-fields.ts';
import { logOutput, type Take } from './log-output.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Logger {
  readonly error: LogMethod;
  readonly warn: LogMethod;
  readonly info: LogMethod;
  readonly debug: LogMethod;
  isLevelEnabled(level: LogLevel): boolean;
  /** A line that another process of ours has written. */
  passOn(line: string): void;
  /** Because nobody read the log, or its disk was full. */
  linesLost(): number;
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
  const output = logOutput(takeOnStdout(), (lost) => {
    log.warn({ lines_lost: lost }, 'lines of this log were lost: nobody read it, or its disk was full');
  });
  process.once('exit', output.lastWords);
  const options: LoggerOptions = {
    level,
    base: worker === undefined ? null : { worker },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => errorFields(error), uncaught: (error: unknown) => inFull(error) },
    redact: {
      paths: SECRET_MEMBERS.flatMap((member) => [`["${member}"]`, `*["${member}"]`]),
      censor: '[redacted]',
    },
  };
  const log = Object.assign(pino(options, output), {
    linesLost: output.linesLost,
    passOn: (line: string) => output.write(`${line}\n`),
  });
  return log;
}

function takeOnStdout(): Take {
  // To be asked for once: it is what makes a pipe refuse what it has no room for. Else a write would wait for room.
  const { fd } = process.stdout;
  return (bytes) => writeSync(fd, bytes);
}
