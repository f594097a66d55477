/**
 * Where Cerbos is. Its package is larger than half of all others together, so it is no dependency of ours:
 * `npm ci` in its own folder brings it when a test needs it, as the lock file there says.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** With what a user writes: the configuration and the policy. */
export const FOLDER = join(import.meta.dirname, 'cerbos');
const PACKAGE = 'cerbos-linux-x64';
/** The program itself: the `cerbos` command of npm is a script around it, and would leave it running. */
export const PROGRAM = join(FOLDER, 'node_modules/@cerbos', PACKAGE, PACKAGE);
const INSTALL = ['ci', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund'];

/** Installs it when it is missing. */
export function ensureCerbos(): void {
  if (existsSync(PROGRAM)) return;
  console.log('installing Cerbos');
  const { error } = spawnSync('npm', INSTALL, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (!existsSync(PROGRAM)) throw missing(error?.message ?? 'npm could not, which may be why');
}

/** Throws, with the command that helps, when it is not installed. */
export function requireCerbos(): void {
  if (!existsSync(PROGRAM)) throw missing('it is not installed');
}

function missing(why: string): Error {
  return new Error(`Cerbos (for Linux on x64) is missing: ${why}; npm ${INSTALL.join(' ')}`);
}
