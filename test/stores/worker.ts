/**
 * Another process with the same store: run by `startWorker`, it does what it is told over IPC. `calls` are
 * made 25 at a time and answered in order; `createForever` reports each creation as soon as it was acknowledged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { chunks } from '../../src/stores/chunks.ts';
import type { Store } from '../../src/stores/store.ts';
import { openAt, type StoreLocation } from './open-at.ts';
import { aCreation } from './records.ts';

type Ports = 'clients' | 'portals' | 'rings' | 'secretUsage';

export type Call = {
  [Port in Ports]: {
    [Method in keyof Store[Port]]: Store[Port][Method] extends (...args: infer Args) => unknown
      ? readonly [Port, Method, ...Args]
      : never;
  }[keyof Store[Port]];
}[Ports];

export type Order =
  | { readonly calls: readonly Call[] }
  | { readonly createForever: { readonly initialAccessToken: string } };

const AT_ONCE = 25;

const store = await openAt(JSON.parse(process.argv[2] ?? '') as StoreLocation);

process.on('disconnect', () => process.exit());
process.on('message', async (order: Order) => {
  if ('createForever' in order) return await createForever(order.createForever.initialAccessToken);
  const results: unknown[] = [];
  for (const some of chunks(order.calls, AT_ONCE)) results.push(...(await Promise.all(some.map(make))));
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

async function createForever(initialAccessToken: string): Promise<void> {
  const createOneByOne = async () => {
    for (;;) {
      const creation = aCreation(initialAccessToken);
      const outcome = await store.clients.create(creation.record, creation.conditions);
      if (outcome === 'created') process.send?.(creation);
    }
  };
  await Promise.all(Array.from({ length: 8 }, createOneByOne));
}
