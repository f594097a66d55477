/**
 * F-08, F-11: the process ends at every await point of every act, before the call there was made and after it
 * was. Then another process opens the same store: within its recovery the two sides agree, or what can't be
 * known is written down, and a retry with the same key leaves one client.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicIdOf } from '../../../src/clients/client-record.ts';
import type { ClientStore } from '../../../src/clients/client-store.ts';
import { createClient } from '../../../src/registration/create.ts';
import { deleteClient } from '../../../src/registration/delete.ts';
import type { IntentStore } from '../../../src/registration/intent-store.ts';
import { updateClient } from '../../../src/registration/update.ts';
import { createUnfinished } from '../../../src/registration/upstream/unfinished.ts';
import type { Upstream } from '../../../src/registration/upstream.ts';
import type { ScriptedOptions } from './scripted-upstream.ts';
import { agree, PROVIDER, type UpstreamWorld, upstreamAct, upstreamWorld, withKey } from './support.ts';

type Moment = 'before' | 'after';

/** Ends "the process" at one of its calls: that call never returns, and nothing after it happens. */
class Crash {
  calls = 0;
  /** What goes on in the background of the process that ends. */
  readonly works: Promise<unknown>[] = [];
  readonly at: number;
  readonly moment: Moment;
  readonly ended: Promise<'crashed'>;
  #end: (crashed: 'crashed') => void = () => {};

  constructor(at: number, moment: Moment) {
    this.at = at;
    this.moment = moment;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  around<Port extends object>(port: Port): Port {
    const methods = Object.entries(port).map(([name, method]) => {
      if (typeof method !== 'function') return [name, method];
      return [name, (...args: readonly unknown[]) => this.#call(() => method.apply(port, args))];
    });
    return Object.fromEntries(methods);
  }

  async #call(act: () => Promise<unknown>): Promise<unknown> {
    this.calls += 1;
    if (this.calls < this.at) return act();
    // Calls that came after the end are never made; those that run beside it end as they do.
    if (this.calls === this.at && this.moment === 'after') await act().catch(() => {});
    this.#end('crashed');
    return new Promise(() => {});
  }
}

/** The same store and provider, in a process that ends where `crash` says. */
function mortal(world: UpstreamWorld, crash: Crash): UpstreamWorld {
  const { clients, upstream, idp } = world;
  const providers = new Map<string, Upstream>([[PROVIDER, crash.around<Upstream>(idp)]]);
  return {
    ...world,
    clients: crash.around<ClientStore>(clients),
    upstream: {
      ...upstream,
      intents: crash.around<IntentStore>(upstream.intents),
      providers,
      unfinished: createUnfinished(),
      background: (work) => void crash.works.push(work.catch(() => {})),
    },
  };
}

interface Scenario {
  readonly name: string;
  readonly options?: ScriptedOptions;
  /** Whether a lost answer can leave what nobody can know. */
  readonly blind?: boolean;
  prepare?(world: UpstreamWorld): Promise<void>;
  act(world: UpstreamWorld): Promise<unknown>;
  /** What the portal does when it hears nothing; and then the number of clients. */
  retry?(world: UpstreamWorld): Promise<unknown>;
  readonly clients: number | readonly [number, number];
}

let id = '';
const one = async (world: UpstreamWorld) => {
  id = publicIdOf((await createClient(world, upstreamAct(), { client_name: 'first', scope: 'read' })).client);
};
const create = (world: UpstreamWorld) => createClient(world, withKey('k'), { scope: 'read' });
const update = (world: UpstreamWorld) => updateClient(world, upstreamAct(), id, { client_name: 'second' });
const remove = (world: UpstreamWorld) => deleteClient(world, upstreamAct(), id);
const widen = async ({ idp }: UpstreamWorld) => {
  const { grants } = idp;
  idp.grants = (asked) => {
    idp.grants = grants;
    return { ...grants(asked), scope: 'admin' };
  };
};

const SCENARIOS: readonly Scenario[] = [
  { name: 'a create', act: create, retry: create, clients: 1, blind: true },
  {
    name: 'a create at a provider that can be searched',
    act: create,
    retry: create,
    clients: 1,
    options: { searchable: true },
  },
  {
    name: 'a create that nobody repeats',
    act: (world) => createClient(world, upstreamAct(), {}),
    clients: [0, 1],
    options: { searchable: true },
  },
  {
    name: 'a create that is granted wider',
    prepare: widen,
    act: create,
    clients: 0,
    options: { searchable: true },
  },
  { name: 'an update', prepare: one, act: update, retry: update, clients: 1 },
  {
    name: 'an update that is granted wider',
    prepare: async (world) => {
      await one(world);
      await widen(world);
    },
    act: update,
    clients: 1,
  },
  { name: 'a delete', prepare: one, act: remove, retry: remove, clients: 0 },
];

for (const { name, options = {}, prepare, act, retry, clients, blind = false } of SCENARIOS) {
  test(`F-08, F-11 ${name}: the process ends at any of its calls`, async () => {
    const points = await callsOf(options, prepare, act);
    assert.ok(points >= 3, `${points} calls`);
    for (let at = 1; at <= points; at += 1) {
      for (const moment of ['before', 'after'] as const) {
        const where = `${moment} call ${at} of ${points}`;
        const world = await upstreamWorld(options);
        try {
          await prepare?.(world);
          const crash = new Crash(at, moment);
          const outcome = act(mortal(world, crash)).catch(() => 'failed');
          await Promise.race([outcome, crash.ended]);
          await crash.ended;
          for (let minute = 0; minute < 15; minute += 1) {
            world.passes(60);
            await world.recover();
          }
          if (retry !== undefined) await retry(world);
          await world.quiet();
          await check(world, clients, blind, where);
        } finally {
          await world.close();
        }
      }
    }
  });
}

async function callsOf(
  options: ScriptedOptions,
  prepare: Scenario['prepare'],
  act: Scenario['act'],
): Promise<number> {
  const world = await upstreamWorld(options);
  const crash = new Crash(Number.POSITIVE_INFINITY, 'before');
  await prepare?.(world);
  await act(mortal(world, crash)).catch(() => {});
  for (const work of crash.works) await work;
  await world.close();
  return crash.calls;
}

async function check(
  world: UpstreamWorld,
  clients: Scenario['clients'],
  blind: boolean,
  where: string,
): Promise<void> {
  const open = await world.open();
  if (blind && open.length > 0) {
    // At most one client that nobody uses; it is known by its marker, and a person is told.
    assert.deepEqual(
      open.map(({ state }) => state),
      ['unknown'],
      where,
    );
    const spares = [...world.idp.held.values()].filter(({ marker }) => marker === open[0]?.op_id);
    assert.ok(spares.length <= 2 && world.idp.held.size <= 2, where);
    return;
  }
  const [least, most] = [clients].flat() as [number, number?];
  const held = world.idp.held.size;
  assert.ok(held >= least && held <= (most ?? least), `${where}: ${held} clients upstream`);
  await agree(world, held).catch((error: unknown) => assert.fail(`${where}: ${String(error)}`));
}
