/**
 * Counts what this process has given to libuv's thread pool to sign or to verify. The pool itself tells
 * nobody how long its queue is, and takes whatever comes: the queue of an overloaded process is mostly here
 * (`http/pool-limit.ts`). One count for the process, because there is one pool.
 */
export interface PoolJobs {
  /** Given to it and not ended; those that it works on are among them. */
  waiting(): number;
  /** Ended since the start, well or not. */
  ended(): number;
  /** How often there was none left. */
  idleTimes(): number;
}

let waiting = 0;
let ended = 0;
let idleTimes = 0;

export const poolJobs = {
  waiting: () => waiting,
  ended: () => ended,
  idleTimes: () => idleTimes,
  /** To be called once for each job, and `ends` once too. */
  begins: () => {
    waiting += 1;
  },
  ends: () => {
    waiting -= 1;
    ended += 1;
    if (waiting === 0) idleTimes += 1;
  },
};

/** A job of a library that says nothing of the pool. */
export async function inThreadPool<Result>(job: () => Promise<Result>): Promise<Result> {
  poolJobs.begins();
  try {
    return await job();
  } finally {
    poolJobs.ends();
  }
}
