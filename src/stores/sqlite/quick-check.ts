/**
 * Whether the file's structure is whole. It reads all of the file and can't be stopped half-way, so it is done
 * by a process of its own, which can.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';

const PROCESS = fileURLToPath(new URL('./quick-check-process.ts', import.meta.url));
const TIMEOUT_MS = 5000;

/** `name`: a path, or a `file:` URI. Never rejects. */
export function quickCheck(name: string): Promise<Finding> {
  const check = 'store integrity';
  const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env: {} } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [PROCESS, name], options, (error, stdout) => {
      if (error?.killed) {
        const remedy = 'run PRAGMA quick_check on a copy of the file that STORE_URL names';
        resolve(warning(check, `not seen within ${TIMEOUT_MS / 1000} s: the file is large`, remedy));
      } else if (error === null && stdout.trim() === 'ok') resolve(ok(check, 'quick_check: ok'));
      else {
        const remedy = 'stop the service and restore the file that STORE_URL names from a backup';
        resolve(failed(check, `quick_check: ${firstLine(stdout) ?? 'the file can not be read'}`, remedy));
      }
    });
  });
}

function firstLine(text: string): string | undefined {
  return text.split('\n').find((line) => line !== '');
}
