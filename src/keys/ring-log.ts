/**
 * What the key ring needs of a log (pino fits), and a report of troubles that may last: one line when a trouble
 * begins or changes and one when it is over, not one at every refresh.
 */
export interface RingLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Call it with each attempt's error, or with `undefined` after a success. Only an error's message is logged. */
export function troubleReport(
  log: RingLog,
  messages: { readonly begins: string; readonly over: string },
): (error: unknown) => void {
  let known: string | undefined;
  return (error) => {
    const reason = error === undefined ? undefined : error instanceof Error ? error.message : 'unknown error';
    if (reason === known) return;
    known = reason;
    if (reason === undefined) log.info({}, messages.over);
    else log.warn({ reason }, messages.begins);
  };
}
