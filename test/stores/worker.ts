/**
 * Another process with the same store: run by `startWorker`, it does what it is told over IPC. `calls` are
 * made 25 at a time and answered in order; `createForever` reports each client as soon as it was acknowledged.
 */
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import type { Store } from '../../src/stores/store.ts';
import { openAt, type StoreLocation } from './open-at.ts';
import { aClient } from './records.ts';

export type Call = {
  [Port in 'clients' | 'portals' | 'rings']: {
    [Method in keyof Store[Port]]: Store[Port][Method] extends (...args: infer Args) => unknown
      ? readonly [Port, Method, ...Args]
      : never;
  }[keyof Store[Port]];
}['clients' | 'portals' | 'rings'];

export type Order = { readonly calls: readonly Call[] } | { readonly createForever: true };

const AT_ONCE = 25;

const store = await openAt(JSON.parse(process.argv[2] ?? '') as StoreLocation);

process.on('disconnect', () => process.exit());
process.on('message', async (order: Order) => {
  if ('createForever' in order) return await createForever();
  const results: unknown[] = [];
  for (let start = 0; start < order.calls.length; start += AT_ONCE) {
    results.push(...(await Promise.all(order.calls.slice(start, start + AT_ONCE).map(make))));
  }
  process.send?.(results);
});
process.send?.('ready');

/** What was certainly not done is tried again, as a caller may: on a slow disk SQLite's lock is taken for long. */
async function make([port, method, ...args]: Call): Promise<unknown> {
  const methods = store[port] as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  for (let tries = 1; ; tries += 1) {
    try {
      return await methods[method]?.(...args);
    } catch (error) {
      const again = error instanceof StoreUnavailable && error.outcome === 'not_done' && tries < 500;
      if (!again) return String(error);
      await sleep(10);
    }
  }
}

async function createForever(): Promise<never> {
  for (;;) {
    const record = aClient();
    if ((await store.clients.create(record)) === 'created') process.send?.(record);
    await breathe();
  }
}
