/**
 * What the supervisor and its workers say to each other. A worker tells where it listens and answers
 * questions; the supervisor asks, and says when it is time to go. Nothing of a client or a token is in it.
 */
import type { Worker } from 'node:cluster';
import type { Address } from '../http/listener.ts';

export type Question = 'readiness' | 'metrics';

export interface PublicAddresses {
  readonly public: Address;
  readonly management: Address;
}

export type ToWorker = { readonly ask: Question; readonly id: number } | { readonly drain: true };
export type FromWorker =
  | { readonly listening: PublicAddresses }
  /** At every heartbeat (`heartbeat.ts`). */
  | { readonly turns: true }
  | { readonly id: number; readonly answer: unknown };

/** A worker that is busy for longer is not waited for. */
const ANSWER_TIMEOUT_MS = 2000;

let questions = 0;

/** `undefined` when the worker ends or does not answer in time. */
export function askWorker<Answer>(worker: Worker, ask: Question): Promise<Answer | undefined> {
  const id = ++questions;
  return new Promise((resolve) => {
    const settle = (answer: Answer | undefined) => {
      clearTimeout(timer);
      worker.off('message', take).off('exit', none);
      resolve(answer);
    };
    const none = () => settle(undefined);
    const take = (message: FromWorker) => {
      if ('answer' in message && message.id === id) settle(message.answer as Answer);
    };
    const timer = setTimeout(none, ANSWER_TIMEOUT_MS);
    worker.on('message', take).on('exit', none);
    tellWorker(worker, { ask, id });
  });
}

/** A worker that is gone can't be told; its end is heard elsewhere. */
export function tellWorker(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
