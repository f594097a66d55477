/** Does something again and again until it is stopped, one run at a time. */
export interface Repetition {
  stop(): void;
}

/** The first run is after `everyMs`, each next one `everyMs` after the last ended. `run` must not reject. */
export function repeat(everyMs: number, run: () => Promise<void>): Repetition {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(async () => {
      await run();
      if (!stopped) schedule();
    }, everyMs);
    timer.unref();
  };
  schedule();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
