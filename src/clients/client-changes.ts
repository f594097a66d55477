/**
 * How a process hears of clients that were changed, by whichever process. Declared here, because what a
 * cache may promise is what this promises: everything that was committed before `toldUntilMs` has been told.
 */
import type { ClientId } from './client-id.ts';

export interface ClientChanges {
  /**
   * From now on `changed` is told of each client that is changed or deleted, and `undefined` when it can't
   * be said which. Once. Resolves when changes are told, or were asked for and the store did not answer.
   */
  follow(changed: (id: ClientId | undefined) => void): Promise<void>;
  /**
   * The moment up to which every commit has been told, in the monotonic milliseconds of `performance.now()`.
   * Asked for every token: it costs next to nothing.
   */
  toldUntilMs(nowMs: number): number;
  /** Whether the store was seen not to answer, so that asking it would only cost time. */
  storeIsAway(): boolean;
}
