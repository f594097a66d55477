/**
 * A machine whose clock is another one: what is started with `env` sees the time shifted by so many seconds, and
 * shifted anew after `set`, as if somebody had set its clock while it runs. What really elapses (the monotonic
 * clock, timers) stays as it is. By libfaketime, Debian's package `faketime`.
 */
import { globSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp.ts';

export interface ShiftedClock {
  readonly env: Readonly<Record<string, string>>;
  /** Whole seconds, less than 0 to set it back; from what this machine's clock shows. */
  set(bySeconds: number): void;
  /** Epoch seconds, as it shows them. */
  now(): number;
}

export function shiftedClock(seconds: number): ShiftedClock {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  if (library === undefined) throw new Error('libfaketime is missing: apt-get install faketime');
  const file = join(tempDir('clock'), 'offset');
  let by = 0;
  const set = (bySeconds: number) => {
    by = bySeconds;
    // Read at every look at the clock: one whole content or the other.
    writeFileSync(`${file}.new`, `${bySeconds < 0 ? '' : '+'}${bySeconds}`);
    renameSync(`${file}.new`, file);
  };
  set(seconds);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // The times of files stay what is written there.
      NO_FAKE_STAT: '1',
    },
    set,
    now: () => Math.floor(Date.now() / 1000) + by,
  };
}
