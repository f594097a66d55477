/** What the log says of a live ring: its troubles, each once when it begins and once when it is over. */
import type { RingTrouble } from './key-ring.ts';
import type { OpenedRing } from './opened-ring.ts';
import type { RingContext } from './ring-context.ts';
import { troubleReport } from './ring-log.ts';

/** Where the change to another key-encryption key stands (S-KEY-07). */
export function reportKeks({ previousKek, log }: RingContext, { kek }: OpenedRing): void {
  if (previousKek === undefined) return;
  if (kek === previousKek)
    log.warn(
      {},
      'the key ring is still sealed under the previous key-encryption key: run dcr-bridge keys rewrap',
    );
  else log.info({}, 'KEY_ENCRYPTION_KEY_PREVIOUS is not needed any more by this node');
}

/** `troubles` always holds those that last. */
export function ringReports({ log, replica }: RingContext, troubles: Set<RingTrouble>) {
  const reportOf = (trouble: RingTrouble, messages: { readonly begins: string; readonly over: string }) => {
    const report = troubleReport(log, messages);
    return (error: unknown) => {
      if (error === undefined) troubles.delete(trouble);
      else troubles.add(trouble);
      report(error);
    };
  };
  return {
    store: reportOf('store', {
      begins: `the key ring can't be had from the store; the copy at hand goes on (at a start: ${replica.path})`,
      over: 'the key ring is in step with the store again',
    }),
    replica: reportOf('replica', {
      begins: `the key ring could not be copied to ${replica.path}; this node can't start without the store`,
      over: `the key ring was copied to ${replica.path}`,
    }),
    overdue: reportOf('overdue', {
      begins: 'a change of the key ring is due and could not be made; the keys stay as they are until it can',
      over: 'the key ring is as it should be again',
    }),
    stale: reportOf('stale', {
      begins:
        'NO TOKEN IS SIGNED: the store has not confirmed the key ring for so long that its keys may have been retired',
      over: 'tokens are signed again',
    }),
    clock: reportOf('clock', {
      begins:
        'the keys change later than they should: the clock was wrong when the node started or the ring was written',
      over: 'the keys go by the clock again',
    }),
  };
}
