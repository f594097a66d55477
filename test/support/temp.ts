/** Directories for one test process: made where the system keeps temporary things, gone when it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A new, empty directory that only this user can enter; its absolute path. */
export function tempDir(name = 'test'): string {
  if (made.length === 0) process.on('exit', removeAll);
  const directory = mkdtempSync(join(tmpdir(), `dcr-bridge-${name}-`));
  made.push(directory);
  return directory;
}

function removeAll(): void {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
}
