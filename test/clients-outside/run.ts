/** Runs a program of the machine to its end, within a time that no healthy one needs. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const TIMEOUT_MS = 20_000;

/** Not the `python3` of the PATH: another one would not have Debian's packages. */
const PYTHON = '/usr/bin/python3';

export interface Outcome {
  /** Its standard output, when it ended well; else nothing. */
  readonly output: string | undefined;
  /** What it wrote to standard error. */
  readonly complaint: string;
}

export function run(file: string, args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      // A signal ended it: the time limit's, or one that nobody expects.
      if (error?.signal) reject(new Error(`${file} was ended by ${error.signal}: ${stderr}`));
      else resolve({ output: error ? undefined : stdout, complaint: stderr });
    });
    child.stdin?.end(input);
  });
}

/** A script that stands beside the tests. */
export function runPython(script: string, args: readonly string[], input = ''): Promise<Outcome> {
  return run(PYTHON, [join(import.meta.dirname, script), ...args], input);
}
