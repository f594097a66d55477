/** A world with a scripted provider, a clock that a test moves, and what was told to the operator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_PAGE } from '../../../src/clients/client-query.ts';
import { publicIdOf } from '../../../src/clients/client-record.ts';
import type { ClientStore } from '../../../src/clients/client-store.ts';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import { INTENT_STATES, type Intent } from '../../../src/registration/intent.ts';
import type { IntentStore } from '../../../src/registration/intent-store.ts';
import type { IntentEvent } from '../../../src/registration/upstream/context.ts';
import { recover } from '../../../src/registration/upstream/recover.ts';
import { UpstreamFailure } from '../../../src/registration/upstream.ts';
import { ACME, act, NOW, type World, world } from '../support.ts';
import { type ScriptedOptions, type ScriptedUpstream, scriptedUpstream } from './scripted-upstream.ts';

export const PROVIDER = 'upstream';

export interface UpstreamWorld extends World {
  readonly idp: ScriptedUpstream;
  readonly events: IntentEvent[];
  /** Seconds since `NOW`. */
  passes(seconds: number): void;
  /** Waits until nothing goes on in the background. */
  quiet(): Promise<void>;
  recover(): Promise<void>;
  /** Every open intent. */
  open(): Promise<readonly Intent[]>;
}

export async function upstreamWorld(
  options: ScriptedOptions = {},
  around: <Port extends ClientStore | IntentStore>(port: Port) => Port = (port) => port,
): Promise<UpstreamWorld> {
  const idp = scriptedUpstream(options);
  const events: IntentEvent[] = [];
  const works = new Set<Promise<unknown>>();
  let now = NOW;
  const context = await world(around, ({ intents }) => ({
    intents: around(intents),
    providers: new Map([[PROVIDER, idp]]),
    nowSeconds: () => now,
    pause: () => turn(),
    background: (work) => {
      const ended = work.catch(() => {}).finally(() => works.delete(ended));
      works.add(ended);
    },
    report: (event) => void events.push(event),
  }));
  const quiet = async () => {
    while (works.size > 0) await Promise.all(works);
  };
  return {
    ...context,
    idp,
    events,
    passes: (seconds) => {
      now += seconds;
    },
    quiet,
    recover: async () => {
      await recover(context, { leases: context.store.leases, holder: 'test' });
      await quiet();
    },
    open: async () => {
      const pages = INTENT_STATES.map((state) => context.store.intents.list(state, undefined, 100));
      return (await Promise.all(pages)).flatMap(({ intents }) => intents);
    },
  };
}

export function upstreamAct(changes: Parameters<typeof act>[0] = {}) {
  return act({ provider: PROVIDER, ...changes });
}

export function withKey(key: string, body: Readonly<Record<string, unknown>> = {}) {
  return upstreamAct({ idempotent: { key, route: 'POST /clients', body } });
}

/** `away`: the store did not do it. `lost`: it did, and its answer did not come. */
type StoreTrouble = 'away' | 'lost';

/** What happens at the next calls of the store's methods (`clients.create`); then all is well again. */
export interface StoreTroubles {
  next(method: `${'clients' | 'intents'}.${string}`, ...troubles: readonly StoreTrouble[]): void;
}

/** A story in which the store fails when it is told to. */
export function storeStory(
  name: string,
  tell: (world: UpstreamWorld, store: StoreTroubles) => Promise<void>,
  options: ScriptedOptions = {},
): void {
  const troubles = new Map<string, StoreTrouble[]>();
  const around = <Port extends object>(port: Port): Port => {
    const prefix = 'begin' in port ? 'intents' : 'clients';
    const methods = Object.entries(port).map(([method, call]) => [
      method,
      async (...args: readonly unknown[]) => {
        const trouble = troubles.get(`${prefix}.${method}`)?.shift();
        if (trouble !== undefined) {
          if (trouble === 'lost') await call(...args);
          throw new StoreUnavailable(method, 'unknown');
        }
        return call(...args);
      },
    ]);
    return Object.fromEntries(methods);
  };
  const next: StoreTroubles['next'] = (method, ...some) => void troubles.set(method, [...some]);
  story(name, (world) => tell(world, { next }), options, around);
}

export function story(
  name: string,
  tell: (world: UpstreamWorld) => Promise<void>,
  options: ScriptedOptions = {},
  around?: Parameters<typeof upstreamWorld>[1],
): void {
  test(name, async () => {
    const world = await upstreamWorld(options, around);
    try {
      await tell(world);
    } finally {
      await world.quiet();
      await world.close();
    }
  });
}

export async function fails(outcome: UpstreamFailure['outcome'], act: Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => error instanceof UpstreamFailure && error.outcome === outcome);
}

async function clientsHere({ clients }: UpstreamWorld): Promise<readonly string[]> {
  const query = { portal: ACME, provider: PROVIDER, state: undefined, labels: [], after: undefined } as const;
  const page = await clients.list({ ...query, limit: MAX_PAGE });
  return page.clients.map(publicIdOf);
}

/** The two sides agree, and nothing is left to be done. */
export async function agree(world: UpstreamWorld, clients: number): Promise<void> {
  const here = await clientsHere(world);
  assert.deepEqual(here.toSorted(), [...world.idp.held.keys()].toSorted());
  assert.equal(here.length, clients);
  assert.deepEqual(await world.open(), []);
}
