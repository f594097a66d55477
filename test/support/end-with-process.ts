/**
 * Child processes must not outlive the test process that started them, however it ends: a runner that is
 * interrupted ends its test processes by a signal, and Node.js runs no exit handler then unless one is asked for.
 */
import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();
let watching = false;

export function endWithProcess(child: ChildProcess): void {
  if (!watching) {
    watching = true;
    process.on('exit', () => {
      // SIGKILL, because it also ends a child that a test has stopped.
      for (const running of children) running.kill('SIGKILL');
    });
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.once(signal, () => process.exit(status));
    }
  }
  children.add(child);
  child.once('exit', () => children.delete(child));
}
