/** Starts `worker.ts` in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { endWithProcess } from '../support/end-with-process.ts';
import type { StoreLocation } from './open-at.ts';
import type { Creation } from './records.ts';
import type { Call, Order } from './worker.ts';

export interface Worker {
  /** Makes the calls, 25 at a time; resolves to their results in order, a thrown error as its text. */
  make(calls: readonly Call[]): Promise<readonly unknown[]>;
  /** Creates clients by a token until the process is killed; `seen` gets each that was acknowledged. */
  createForever(initialAccessToken: string, seen: (creation: Creation) => void): void;
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
}

export async function startWorker(location: StoreLocation): Promise<Worker> {
  const child = fork(new URL('worker.ts', import.meta.url), [JSON.stringify(location)]);
  endWithProcess(child);
  await once(child, 'message');
  return {
    async make(calls) {
      order(child, { calls });
      const [results] = (await once(child, 'message')) as [readonly unknown[]];
      return results;
    },
    createForever(initialAccessToken, seen) {
      child.on('message', (creation) => seen(creation as Creation));
      order(child, { createForever: { initialAccessToken } });
    },
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function order(child: ChildProcess, message: Order): void {
  child.send(message);
}
