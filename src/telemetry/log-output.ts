/**
 * Where the lines of the log go: to a file descriptor, each as soon as it is written, in order. The service does
 * not wait for whoever reads them. While nobody does (a collector hangs) or they find no place (a full disk),
 * they wait in memory up to a bound, and beyond it the newest are lost and counted. What could not be written
 * is tried again until the process ends, and does not keep it from ending.
 *
 * A file is written to at once too, which a hung disk could delay: a crash loses no line then.
 */
const RETRY_MS = 50;
export const MAX_WAITING_BYTES = 1024 * 1024;
/** At the end, for a reader that is only slow. */
const LAST_WORDS_MS = 500;
const LAST_PAUSE_MS = 10;

/** How many of the bytes were taken. Throws when none is now; it must not wait. */
export type Take = (bytes: Uint8Array) => number;

export interface LogOutput {
  write(line: string): void;
  /** So far. */
  linesLost(): number;
  /** Tries for a moment, and holds everything up meanwhile: for a process that ends. */
  lastWords(): void;
}

/** `writesAgain`: called when what waited is written, with the number of lines that were lost meanwhile. */
export function logOutput(take: Take, writesAgain: (lost: number) => void): LogOutput {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let told = 0;
  let isBlocked = false;

  function write(line: string): void {
    const bytes = Buffer.from(line);
    if (waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      lost += 1;
      return;
    }
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (!isBlocked) drain();
  }

  function drain(): void {
    isBlocked = !takeAll();
    if (isBlocked) {
      setTimeout(drain, RETRY_MS).unref();
      return;
    }
    const news = lost - told;
    told = lost;
    if (news > 0) writesAgain(news);
  }

  function takeAll(): boolean {
    try {
      for (let [first] = waiting; first !== undefined; [first] = waiting) {
        const taken = take(first);
        if (taken === 0) return false;
        waitingBytes -= taken;
        if (taken < first.length) waiting[0] = first.subarray(taken);
        else waiting.shift();
      }
      return true;
    } catch {
      return false;
    }
  }

  return {
    write,
    linesLost: () => lost,
    lastWords: () => {
      const until = performance.now() + LAST_WORDS_MS;
      while (!takeAll() && performance.now() < until) pause();
    },
  };
}

/** No timer runs any more in a process that ends. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_PAUSE_MS);
}
