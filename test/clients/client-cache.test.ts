/** What the cache of clients may answer, and for how long: over a store and a feed of changes as values. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type ClientCache, createClientCache, forgetting, TRUST_MS } from '../../src/clients/client-cache.ts';
import { type ClientId, newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { bytesOf, sharing, type TokenClient, tokenClient } from '../../src/clients/token-client.ts';
import { createByteCache } from '../../src/lib/byte-cache.ts';
import { returnMemory } from '../../src/lib/return-memory.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { judgedAnew } from '../../src/tokens/judged-anew.ts';
import { below } from '../support/in-time.ts';
import { aClient } from '../tokens/support.ts';

const MAX_STALE_MS = 60_000;
const SECRET = {
  secret_id: 'sec_1',
  hash: Buffer.alloc(32, 7).toString('base64url'),
  created_at: 0,
  expires_at: 0,
};

function world({ maxBytes = 1_000_000 } = {}) {
  const stored = new Map<string, ClientRecord>();
  const waiting: (() => void)[] = [];
  const state = {
    ...{ nowMs: 10_000, toldUntilMs: 10_000, away: false, held: false, reads: 0, unheard: false },
    broken: false,
  };
  let tell: (id: ClientId | undefined) => void = () => {};
  const store = {
    read: async (id: ClientId) => {
      state.reads += 1;
      if (state.broken) throw new TypeError('a mistake of ours');
      if (state.away) throw new StoreUnavailable('clients.read', 'not_done');
      const record = stored.get(id);
      if (state.held) await new Promise<void>((resolve) => void waiting.push(resolve));
      return record;
    },
  };
  const cache = createClientCache({
    read: store.read,
    changes: {
      follow: async (changed) => {
        tell = changed;
      },
      toldUntilMs: () => {
        if (state.unheard) tell(undefined);
        state.unheard = false;
        return state.toldUntilMs;
      },
      storeIsAway: () => state.away,
    },
    maxBytes,
    maxStaleMs: MAX_STALE_MS,
    nowMs: () => state.nowMs,
  });
  const put = (record: ClientRecord): ClientRecord => {
    stored.set(record.client_id, record);
    return record;
  };
  return {
    cache,
    state,
    put,
    remove: (id: string) => stored.delete(id),
    tell: (id: ClientId | undefined) => tell(id),
    /** All look-ups that wait, or the last of them. */
    release: (from = 0) => {
      for (const go of waiting.splice(from)) go();
    },
    /** Time passes, with word from the store that nothing has changed, or without. */
    pass: (ms: number, told: boolean) => {
      state.nowMs += ms;
      if (told) state.toldUntilMs = state.nowMs;
    },
  };
}

const CLIENT = aClient({}, { secrets: [SECRET] });
const { client_id: ID } = CLIENT;

/** By a look-up that begins after now. */
const anew = (cache: ClientCache) => cache.readAnew(ID, cache.lookUps());

test('a client is read once and then no more, for as long as the store says that nothing has changed', async () => {
  const { cache, state, put, pass } = world();
  put(CLIENT);
  assert.equal(cache.warm(ID, state.nowMs), undefined, 'nothing is there before it is read');
  for (let hour = 0; hour < 100; hour += 1) {
    assert.equal((await cache.read(ID))?.client_id, ID);
    pass(3_600_000, true);
  }
  assert.equal(state.reads, 1);
  assert.equal(cache.state().oldestAgeSeconds, 0);
});

test('it is ready: hashes are bytes, and what a token does not need is not kept', async () => {
  const { cache, put } = world();
  put({ ...CLIENT, metadata: { ...CLIENT.metadata, description: 'x'.repeat(900) } });
  const client = await cache.read(ID);
  assert.deepEqual(client?.secrets[0]?.hash, new Uint8Array(Buffer.alloc(32, 7)));
  assert.ok(!JSON.stringify(client).includes('xxx'));
});

test('an unknown client is asked for each time: nobody waits for a cache to learn of a new one', async () => {
  const { cache, state, put } = world();
  assert.equal(await cache.read(ID), undefined);
  put(CLIENT);
  assert.equal((await cache.read(ID))?.client_id, ID);
  assert.equal(state.reads, 2);
});

test('F-05: a change that is told of ends what was kept, of this client alone', async () => {
  const { cache, state, put, remove, tell } = world();
  put(CLIENT);
  const other = put(aClient({}, { client_id: 'cl_0000000000000000000002' as ClientId }));
  await cache.read(ID);
  await cache.read(other.client_id);
  remove(ID);
  tell(ID);
  assert.equal(cache.warm(ID, state.nowMs), undefined);
  assert.equal(await cache.read(ID), undefined);
  assert.equal(cache.warm(other.client_id, state.nowMs)?.client_id, other.client_id);
});

test('F-05: when nothing is heard for a while, a client is asked for again before it is used', async () => {
  const { cache, state, put, pass } = world();
  put(CLIENT);
  await cache.read(ID);
  pass(TRUST_MS, false);
  assert.ok(cache.warm(ID, state.nowMs), 'up to the bound');
  put({ ...CLIENT, version: 2 });
  pass(1, false);
  assert.equal(cache.warm(ID, state.nowMs), undefined);
  assert.equal((await cache.read(ID))?.version, 2);
  assert.equal(state.reads, 2);
  assert.ok(cache.warm(ID, state.nowMs), 'what was just read is certain by itself');
});

test('F-05: after a gap in what was told, everything is asked for again, though changes are told now', async () => {
  const { cache, state, put, tell, pass } = world();
  put(CLIENT);
  await cache.read(ID);
  pass(1, true);
  assert.ok(cache.warm(ID, state.nowMs));
  tell(undefined);
  pass(1, true);
  assert.equal(cache.warm(ID, state.nowMs), undefined);
});

test('a gap before the first clients are read is heard of then, and none of them is read again', async () => {
  const { cache, state, put, pass } = world();
  state.unheard = true;
  put(CLIENT);
  await cache.read(ID);
  pass(1, true);
  assert.ok(cache.warm(ID, state.nowMs));
  assert.equal(state.reads, 1);
});

test('R-02: while the store is away a client that was loaded goes on at no cost, and not beyond the bound', async () => {
  const { cache, state, put, pass } = world();
  put(CLIENT);
  await cache.read(ID);
  state.away = true;
  pass(MAX_STALE_MS, false);
  const { reads } = state;
  assert.equal(cache.warm(ID, state.nowMs)?.client_id, ID);
  assert.equal(state.reads, reads, 'the store was not asked');
  assert.equal(cache.state().oldestAgeSeconds, MAX_STALE_MS / 1000);
  pass(1, false);
  assert.equal(cache.warm(ID, state.nowMs), undefined);
  await assert.rejects(cache.read(ID), StoreUnavailable);
});

test('R-02: a store that fails before it was seen to be away costs one question, not a token', async () => {
  const { cache, state, put, pass } = world();
  put(CLIENT);
  await cache.read(ID);
  pass(TRUST_MS + 1, false);
  state.away = true;
  assert.equal((await cache.read(ID))?.client_id, ID);
});

test('R-04: a client that is not here is never called unknown while the store is away', async () => {
  const { cache, state } = world();
  state.away = true;
  await assert.rejects(cache.read(ID), StoreUnavailable);
});

test('R-02: a client that may have changed in a gap is as old as its look-up, whatever was told since', async () => {
  const { cache, state, put, tell, pass } = world();
  put(CLIENT);
  await cache.read(ID);
  pass(MAX_STALE_MS, false);
  tell(undefined);
  pass(1, true);
  state.away = true;
  assert.equal(cache.warm(ID, state.nowMs), undefined);
  await assert.rejects(cache.read(ID), StoreUnavailable);
});

test('R-03: a client that the store has no more does not come back when the store goes away', async () => {
  const { cache, state, put, remove, pass } = world();
  put(CLIENT);
  await cache.read(ID);
  remove(ID);
  pass(TRUST_MS + 1, false);
  assert.equal(await cache.read(ID), undefined);
  state.away = true;
  assert.equal(cache.warm(ID, state.nowMs), undefined);
  await assert.rejects(cache.read(ID), StoreUnavailable);
});

test('a store that fails once is asked again by the next; what is no failure of the store is not hidden', async () => {
  const { cache, state, put, pass } = world();
  put(CLIENT);
  state.away = true;
  await assert.rejects(cache.read(ID), StoreUnavailable);
  state.away = false;
  assert.equal((await cache.read(ID))?.client_id, ID);
  pass(TRUST_MS + 1, false);
  state.broken = true;
  await assert.rejects(cache.read(ID), TypeError);
  state.broken = false;
  assert.equal((await cache.read(ID))?.client_id, ID);
});

test('R-02: who insists on the store hears what is here when the store just went away', async () => {
  const { cache, state, put } = world();
  put(CLIENT);
  await cache.read(ID);
  state.away = true;
  const { reads } = state;
  assert.equal((await anew(cache))?.client_id, ID);
  assert.equal(state.reads, reads + 1);
});

test('an empty cache is behind nothing, nor is one that was told ahead of its clock', async () => {
  const { cache, state, put, pass } = world();
  pass(MAX_STALE_MS, false);
  assert.equal(cache.state().oldestAgeSeconds, 0);
  put(CLIENT);
  await cache.read(ID);
  state.toldUntilMs = state.nowMs + 1000;
  assert.equal(cache.state().oldestAgeSeconds, 0);
});

test('R-03: where no change could be followed yet, nothing is older than the cache itself', async () => {
  const { cache, state, put, pass } = world();
  state.toldUntilMs = Number.NEGATIVE_INFINITY;
  put(CLIENT);
  await cache.read(ID);
  pass(3000, false);
  assert.equal(cache.state().oldestAgeSeconds, 3);
});

test('S-RACE-08: a look-up that began before a change was told is not kept, and nobody joins it', async () => {
  for (const told of [ID, undefined]) {
    const { cache, state, put, tell, release, pass } = world();
    put(CLIENT);
    state.held = true;
    const early = cache.read(ID);
    put({ ...CLIENT, version: 2 });
    pass(1, true);
    tell(told);
    const late = cache.read(ID);
    release(1);
    assert.equal((await late)?.version, 2);
    release();
    assert.equal((await early)?.version, 1, 'who asked before may be answered from before');
    assert.equal(cache.warm(ID, state.nowMs)?.version, 2);
  }
});

test('many that ask for one client at once are one question to the store', async () => {
  const { cache, state, put } = world();
  put(CLIENT);
  await Promise.all(Array.from({ length: 20 }, () => cache.read(ID)));
  assert.equal(state.reads, 1);
});

test('R-09: a refusal goes by a look-up that began after it was asked, and those who ask meanwhile share it', async () => {
  const { cache, state, put, release } = world();
  put(CLIENT);
  await cache.read(ID);
  state.held = true;
  const older = anew(cache);
  put({ ...CLIENT, version: CLIENT.version + 1 });
  const asked = [anew(cache), anew(cache)];
  state.held = false;
  release();
  assert.equal((await older)?.version, CLIENT.version);
  for (const client of await Promise.all(asked)) assert.equal(client?.version, CLIENT.version + 1);
  assert.equal(state.reads, 3);
  assert.equal(cache.warm(ID, state.nowMs)?.version, CLIENT.version + 1);
});

test('R-09: who meets a look-up that finds nobody asks again: the client may be younger', async () => {
  const { cache, state, put, release } = world();
  state.held = true;
  const older = cache.read(ID);
  put(CLIENT);
  const asked = cache.read(ID);
  state.held = false;
  release();
  assert.equal(await older, undefined);
  assert.equal((await asked)?.client_id, ID);
});

test('F-31: a refusal costs one look-up, whether the client is unknown, in memory or not there yet', async () => {
  const { cache, state, put } = world();
  const refuse = () => judgedAnew(cache, ID, () => undefined);
  const costs: number[] = [];
  for (const begin of [() => {}, () => put(CLIENT), () => {}, () => cache.forget(ID)]) {
    begin();
    const before = state.reads;
    assert.equal(await refuse(), undefined);
    costs.push(state.reads - before);
  }
  assert.deepEqual(costs, [1, 1, 1, 1]);
});

test('F-31: refusals that come while one is looked up cost one more look-up, whether the client is unknown or in memory', async () => {
  const { cache, state, put, release } = world();
  const refuse = () => judgedAnew(cache, ID, () => undefined);
  const costs: number[] = [];
  for (const begin of [() => {}, () => put(CLIENT), () => {}]) {
    begin();
    const before = state.reads;
    state.held = true;
    const refused = [refuse()];
    await turn();
    refused.push(refuse(), refuse(), refuse());
    state.held = false;
    release();
    await Promise.all(refused);
    costs.push(state.reads - before);
  }
  assert.deepEqual(costs, [2, 2, 2]);
});

test('R-04: what waits for a look-up that fails is refused with it, and asks no second time', async () => {
  const { cache, state } = world();
  state.away = true;
  const asked = [anew(cache), anew(cache), cache.read(ID)];
  for (const refused of await Promise.allSettled(asked)) {
    assert.ok(refused.status === 'rejected' && refused.reason instanceof StoreUnavailable);
  }
  assert.equal(state.reads, 1);
  state.away = false;
  assert.equal(await anew(cache), undefined);
});

test('R-03: what this node has changed it forgets before the change is acknowledged', async () => {
  const { cache, state, put } = world();
  put(CLIENT);
  const seen: unknown[] = [];
  const done = async <T>(outcome: T) => {
    seen.push(cache.warm(ID, state.nowMs));
    return outcome;
  };
  // biome-ignore lint/suspicious/noExplicitAny: only what is called
  const store: any = { replace: () => done('replaced'), delete: () => done('deleted') };
  const clients = forgetting(store, cache);
  for (const act of [() => clients.replace(CLIENT, 1), () => clients.delete(ID, {} as never)]) {
    await cache.read(ID);
    await act();
    assert.equal(cache.warm(ID, state.nowMs), undefined);
  }
  assert.ok(seen.every(Boolean), 'not before it was done either');
});

test('it keeps to its bytes, and what does not fit is read each time', async () => {
  const { cache, state, put } = world({ maxBytes: 20_000 });
  const ids = Array.from({ length: 100 }, (_, n) => `cl_${String(n).padStart(22, '0')}` as ClientId);
  for (const client_id of ids) await cache.read(put({ ...CLIENT, client_id }).client_id);
  const { bytes, clients } = cache.state();
  assert.ok(bytes <= 20_000 && bytes > 18_000, `${bytes}`);
  assert.ok(clients >= 15 && clients < 40, `${clients}`);
  assert.equal(cache.warm(ids[0] as ClientId, state.nowMs), undefined);
  assert.ok(cache.warm(ids.at(-1) as ClientId, state.nowMs));
});

test('what a client is said to take is about what it takes', () => {
  const labels = { application_id: 'app-123456', team: 'payments' };
  for (const members of [{}, { labels, extension: { plan: 'gold', tags: ['a', 'b', 'c'] } }]) {
    const shared = sharing();
    const kept = createByteCache<{ client: TokenClient; readAtMs: number }>(1e9, ({ client }) =>
      bytesOf(client),
    );
    const fill = (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        const client_id = `cl_${String(n).padStart(22, '0')}`;
        const secret = { ...SECRET, secret_id: `sec_${n}` };
        const record = {
          ...aClient({ client_name: `client ${n}`, ...members }, { secrets: [secret] }),
          client_id,
        };
        const client = tokenClient(JSON.parse(JSON.stringify(record)), shared);
        kept.set(client_id, { client, readAtMs: n + 0.5 });
      }
    };
    fill(0, 100);
    const before = takenBytes() - kept.bytes;
    fill(100, 20_000);
    const taken = takenBytes() - before;
    const share = kept.bytes / taken;
    assert.ok(share > 0.75 && share < 1.35, `${share} of what it takes`);
  }
});

test('S-DOS-02: a hundred thousand ids that are nobody leave nothing in memory', async () => {
  const { cache, state } = world();
  const guess = async (count: number) => {
    for (let n = 0; n < count; n += 1) await cache.read(newClientId(randomBytes));
  };
  await guess(1000);
  let guesses = 1000;
  // Bytes of each. An id alone, kept, would take 40, every time; what else the process takes or gives back, once.
  await below(20, async () => {
    const before = takenBytes();
    await guess(100_000);
    guesses += 100_000;
    return { measured: (takenBytes() - before) / 100_000 };
  });
  assert.deepEqual([cache.state().clients, cache.state().bytes, state.reads], [0, 0, guesses]);
});

function takenBytes(): number {
  returnMemory();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
