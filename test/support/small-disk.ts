/** A disk of its own that can be filled: a small file system in memory, which only root may mount. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const NO_MOUNT = 'a file system of its own can only be mounted as root';

export interface SmallDisk {
  /** Takes all the room that is left, and returns how many bytes it took. */
  fill(): number;
  makeRoom(): void;
  unmount(): void;
}

/** On a directory that is there; `undefined` where it may not be mounted. */
export function mountSmallDisk(directory: string, size: '512k' | '8m'): SmallDisk | undefined {
  const options = `size=${size},mode=700`;
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], {
    stdio: 'ignore',
  });
  if (status !== 0) return undefined;
  const filler = join(directory, '.filler');
  return {
    fill: () => {
      const before = sizeOf(filler);
      assert.throws(() => appendFileSync(filler, Buffer.alloc(16 * 1024 * 1024)), { code: 'ENOSPC' });
      return sizeOf(filler) - before;
    },
    makeRoom: () => rmSync(filler, { force: true }),
    unmount: () => void execFileSync('umount', [directory]),
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
