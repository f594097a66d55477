/**
 * The checkout as a stranger has it after `npm ci`: what is ignored by git is not in it. The packages are
 * this checkout's, and the copy's `npm` says yes to `ci` and is npm for the rest: that `npm ci` itself
 * works is for `.ci/run` to show, once, and not for every test run.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { tempDir } from '../support/temp.ts';
import { PROJECT } from './blocks.ts';

export interface CleanCopy {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

const ABSENT = /^(?:\.git|\.env|node_modules|data|keys\/(?!\.gitignore$).+)(?:\/|$)|\.log$/;

export function cleanCopy(): CleanCopy {
  const directory = join(tempDir('readme'), 'dcr-bridge');
  cpSync(PROJECT, directory, {
    recursive: true,
    filter: (path) => !ABSENT.test(relative(PROJECT, path)),
  });
  symlinkSync(join(PROJECT, 'node_modules'), join(directory, 'node_modules'));
  const bin = join(directory, '../bin');
  mkdirSync(bin);
  const npm = machinePath('npm');
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n[ "$*" = ci ] || exec ${npm} "$@"\n`, { mode: 0o755 });
  return { directory, env: { PATH: `${bin}:${PATH}`, HOME: process.env.HOME ?? '' } };
}

/** Without the folder that npm puts first: a stranger's shell does not know it. */
const PATH = (process.env.PATH ?? '')
  .split(':')
  .filter((folder) => !folder.endsWith('node_modules/.bin'))
  .join(':');

function machinePath(program: string): string {
  const { stdout } = spawnSync('/bin/sh', ['-c', `command -v ${program}`], {
    env: { PATH },
    encoding: 'utf8',
  });
  if (stdout.trim() === '') throw new Error(`${program} is not in the PATH`);
  return stdout.trim();
}

export const SHELLS = ['bash', 'dash'] as const;

/** As pasted: the shell reads it from its standard input, and stops at the first line that fails. */
export function paste(text: string, shell: (typeof SHELLS)[number], { directory, env }: CleanCopy) {
  const { status, stdout, stderr } = spawnSync(shell, ['-e'], {
    cwd: directory,
    env,
    input: text,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}
