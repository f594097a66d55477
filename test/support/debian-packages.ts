/**
 * Debian's packages of what the tests run against. What is missing is installed where it may be: as root,
 * or by sudo when that asks for no password. No service is started by us; one that a package starts is
 * left alone, because every test brings up its own on its own ports.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Installs what `missing` names. Throws, in one line that says what to do, when it may not or could not. */
export function ensureInstalled(missing: () => readonly string[]): void {
  const packages = missing().join(' ');
  if (packages === '') return;
  const apt = aptGet();
  if (apt === undefined) throw new Error(`missing: ${packages}; as root, on Debian: ${ADVICE} ${packages}`);
  console.log(`installing ${packages}`);
  run([...apt, 'update', '-q']);
  run([...apt, 'install', '-q', '-y', '--no-install-recommends', ...packages.split(' ')]);
  const stillMissing = missing().join(' ');
  if (stillMissing !== '') throw new Error(`installed, and not found all the same: ${stillMissing}`);
}

const ADVICE = 'apt-get update && apt-get install -y --no-install-recommends';

/** Of these packages, those whose program is not in the PATH. */
export function missingPrograms(programs: Readonly<Record<string, string>>): string[] {
  return Object.entries(programs)
    .filter(([, program]) => !isInPath(program))
    .map(([name]) => name);
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}

/** RUNLEVEL=1 is single-user mode, in which Debian's package scripts start no System V service. */
const ENVIRONMENT = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'] as const;

function aptGet(): readonly string[] | undefined {
  if (!isInPath('apt-get')) return undefined;
  if (process.getuid?.() === 0) return [...ENVIRONMENT, 'apt-get'];
  const maySudo = isInPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return maySudo ? ['sudo', '-n', ...ENVIRONMENT, 'apt-get'] : undefined;
}

function run([program = '', ...args]: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')} failed: ${error?.message ?? status}`);
}
