/**
 * The operator's word that a process is to end: SIGTERM, or SIGINT (Ctrl-C).
 *
 * To be asked for before anything slow begins. Until then the system's default ends the process in the middle
 * of its start, and as process 1 of a container it would not even hear the signal.
 */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * A terminal's Ctrl-C reaches every process of the command, and npm passes its own on: what comes so soon after
 * the first signal is its echo, not an operator who lost patience. Long enough for an npm on a busy machine: to
 * take its echo for impatience would break off what is in flight.
 */
const ECHO_MS = 1000;

/** Resolves at the first signal. A second one that is no echo ends the process at once, with 1. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const asked = () => {
      firstAtMs ??= performance.now();
      resolve();
      if (performance.now() - firstAtMs > ECHO_MS) process.exit(1);
    };
    for (const signal of SIGNALS) process.on(signal, asked);
  });
}

/**
 * For a worker, whose supervisor has the word: a terminal and systemd send signals to every process, and a
 * worker that took the supervisor's word for the second one would not drain. Never resolves.
 */
export function ignoreStopSignals(): Promise<void> {
  for (const signal of SIGNALS) process.on(signal, () => {});
  return new Promise(() => {});
}

/** What ended a process before it had asked, as the system does. */
export function isStopSignal(signal: string | null): boolean {
  return SIGNALS.some((name) => name === signal);
}
