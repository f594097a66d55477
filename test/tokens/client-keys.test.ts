/** Keys that are fetched: when they are fetched, how long they are believed, and what nobody can make us do. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ClientJwk } from '../../src/clients/client-jwks.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import {
  COOL_DOWN_MS,
  createClientKeys,
  type FetchedKeys,
  type FetchKeys,
} from '../../src/tokens/client-keys.ts';
import { newClientKey } from '../support/assertion.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const URI = 'https://keys.example.com/jwks';
const PORTAL = 'acme' as PortalName;
const OTHER = 'other' as PortalName;

let jwks: readonly ClientJwk[];
before(async () => {
  const keys = await Promise.all(['first', 'second', 'third'].map((kid) => newClientKey('ES256', kid)));
  jwks = keys.map(({ jwk }) => jwk as object as ClientJwk);
});

/** A clock that is set, and a host that does what is said; `held`: it answers when it is let. */
function world(options: { maxStaleMs?: number; maxBytes?: number } = {}) {
  const state = {
    nowMs: 1_000_000,
    answer: (_portal: PortalName): FetchedKeys | 'busy' | Error => ({
      keys: jwks.slice(0, 1),
      maxAgeSeconds: undefined,
    }),
    fetches: [] as string[],
    isAllowed: true,
    held: undefined as Promise<void> | undefined,
  };
  const fetch: FetchKeys = async (uri, portal) => {
    state.fetches.push(uri);
    await state.held;
    const answer = state.answer(portal);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const keys = createClientKeys({
    fetch,
    isAllowed: () => state.isAllowed,
    maxStaleMs: HOUR_MS,
    maxBytes: 1024 * 1024,
    nowMs: () => state.nowMs,
    ...options,
  });
  const ask = async (kid: string, uri = URI, portal = PORTAL) => {
    const client = { portal, metadata: { jwks: undefined, jwks_uri: uri } };
    const found = await keys.keysOf(client, (all) => all.filter((key) => key.kid === kid));
    return found.length > 0;
  };
  const serve = (count: number, maxAgeSeconds?: number) => {
    state.answer = () => ({ keys: jwks.slice(0, count), maxAgeSeconds });
  };
  const fail = () => {
    state.answer = () => new Error('down');
  };
  return { state, keys, ask, serve, fail, fetched: () => state.fetches.length };
}

test('registered keys are taken as they are, and nothing is fetched', async () => {
  const { keys, fetched } = world();
  const client = { portal: PORTAL, metadata: { jwks: { keys: [...jwks] }, jwks_uri: undefined } };
  assert.equal((await keys.keysOf(client, (all) => all)).length, 3);
  const without = { portal: PORTAL, metadata: { jwks: undefined, jwks_uri: undefined } };
  assert.deepEqual(await keys.keysOf(without, (all) => all), []);
  assert.equal(fetched(), 0);
});

test('keys are fetched once, and then kept: five minutes when the answer does not say how long', async () => {
  const { state, ask, fetched } = world();
  assert.ok(await ask('first'));
  for (let minute = 0; minute < 3; minute += 1) {
    state.nowMs += MINUTE_MS;
    assert.ok(await ask('first'));
  }
  assert.equal(fetched(), 1);
});

test('a client that comes often never waits: its keys are fetched anew beside the request, before they end', async () => {
  const { state, ask, serve, fetched } = world();
  serve(1, 600);
  assert.ok(await ask('first'));
  state.nowMs += 0.8 * 600 * SECOND_MS;
  let letGo = () => {};
  state.held = new Promise((resolve) => {
    letGo = resolve;
  });
  assert.ok(await ask('first'), 'answered while the fetch is still under way');
  assert.equal(fetched(), 2);
  letGo();
});

test('L-23: how long keys are kept is between a minute and an hour, whatever the answer says', async () => {
  for (const [said, keptMs] of [
    [0, MINUTE_MS],
    [10 * 365 * 24 * 3600, HOUR_MS],
  ] as const) {
    const { state, ask, serve, fetched } = world();
    serve(1, said);
    assert.ok(await ask('first'));
    state.nowMs += keptMs * 0.7;
    assert.ok(await ask('first'));
    assert.equal(fetched(), 1);
    state.answer = () => ({ keys: jwks.slice(1, 2), maxAgeSeconds: said });
    state.nowMs += keptMs * 0.31;
    assert.equal(await ask('first'), false, 'a key that was taken away is not used any more');
    assert.equal(fetched(), 2);
  }
});

test('S-PKJ-17: a new key works at once when the last fetch is long enough ago, and else within the cool-down', async () => {
  const { state, ask, serve, fetched } = world();
  assert.ok(await ask('first'));
  serve(2);
  state.nowMs += 5 * SECOND_MS;
  assert.equal(await ask('second'), false, 'fetched a moment ago');
  assert.ok(await ask('first'), 'the old key goes on');
  state.nowMs += COOL_DOWN_MS - 5 * SECOND_MS;
  assert.ok(await ask('second'));
  assert.equal(fetched(), 2);
  assert.ok(COOL_DOWN_MS <= MINUTE_MS);
});

test('S-PKJ-17: nor can a stranger keep it out by asking for keys that do not exist', async () => {
  const { state, ask, serve, fetched } = world();
  assert.ok(await ask('first'));
  const beganMs = state.nowMs;
  let workedAfterMs: number | undefined;
  while (workedAfterMs === undefined && state.nowMs < beganMs + HOUR_MS) {
    state.nowMs += SECOND_MS;
    if (state.nowMs - beganMs === 10 * SECOND_MS) serve(2);
    await ask('of nobody');
    if (state.nowMs - beganMs > 10 * SECOND_MS && (await ask('second')))
      workedAfterMs = state.nowMs - beganMs;
  }
  assert.ok((workedAfterMs ?? HOUR_MS) <= 10 * SECOND_MS + COOL_DOWN_MS, String(workedAfterMs));
  assert.equal(fetched(), 2);
});

test('S-SSRF-10: a thousand unknown kids at once are one fetch, and in a quarter of an hour one each cool-down', async () => {
  const { state, ask, fetched } = world();
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, index) => ask(`unknown ${index}`)));
  assert.deepEqual([...new Set(answers)], [false]);
  assert.equal(fetched(), 1);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => ask(`later ${index}`)));
  assert.equal(fetched(), 1);
  for (let second = 0; second < 15 * 60; second += 1) {
    state.nowMs += SECOND_MS;
    await ask('unknown');
  }
  assert.equal(fetched(), 1 + (15 * MINUTE_MS) / COOL_DOWN_MS);
});

test('S-SSRF-10: a URI that fails is left alone for as long, also when nothing was ever fetched from it', async () => {
  const { state, ask, fail, fetched } = world();
  fail();
  for (let second = 0; second < 60; second += 1) {
    assert.equal(await ask('first'), false);
    state.nowMs += SECOND_MS;
  }
  assert.equal(fetched(), MINUTE_MS / COOL_DOWN_MS);
});

test('S-PKJ-16: while the URI fails the last good keys go on, not beyond their bound, and then come back', async () => {
  const { state, ask, fail, serve, fetched } = world({ maxStaleMs: HOUR_MS });
  assert.ok(await ask('first'));
  const beganMs = state.nowMs;
  fail();
  while (state.nowMs < beganMs + HOUR_MS) {
    assert.ok(await ask('first'), `after ${(state.nowMs - beganMs) / MINUTE_MS} minutes`);
    state.nowMs += 20 * SECOND_MS;
  }
  state.nowMs = beganMs + HOUR_MS + SECOND_MS;
  assert.equal(await ask('first'), false, 'and not for ever');
  assert.ok(fetched() > 50, 'it was tried again all the time');
  serve(1);
  state.nowMs += COOL_DOWN_MS;
  assert.ok(await ask('first'));
});

test('S-PKJ-16: while the URI fails, nobody waits for it who has keys', async () => {
  const { state, ask, fail } = world();
  assert.ok(await ask('first'));
  fail();
  state.nowMs += 10 * MINUTE_MS;
  assert.ok(await ask('first'), 'the first one finds out');
  state.nowMs += COOL_DOWN_MS;
  state.held = new Promise(() => {});
  assert.ok(await ask('first'), 'the next ones are told at once');
});

test('S-PKJ-16: with no time for it, keys end when they should have been fetched anew', async () => {
  const { state, ask, fail } = world({ maxStaleMs: 0 });
  assert.ok(await ask('first'));
  fail();
  state.nowMs += 4 * MINUTE_MS;
  assert.ok(await ask('first'));
  state.nowMs += 2 * MINUTE_MS;
  assert.equal(await ask('first'), false);
});

test('a URI whose turn did not come was not asked, and is asked at the next request', async () => {
  const { state, ask, serve, fetched } = world();
  state.answer = () => 'busy';
  assert.equal(await ask('first'), false);
  serve(1);
  assert.ok(await ask('first'));
  assert.equal(fetched(), 2);
});

test('S-SSRF-10: a portal whose turn does not come keeps no other portal from the keys of the same URI', async () => {
  const { state, ask, fetched } = world();
  let letGo = () => {};
  state.held = new Promise((resolve) => {
    letGo = resolve;
  });
  const answer = state.answer;
  state.answer = (portal) => (portal === PORTAL ? 'busy' : answer(portal));
  const [crowded, other] = [ask('first'), ask('first', URI, OTHER)];
  letGo();
  assert.deepEqual(await Promise.all([crowded, other]), [false, true]);
  assert.equal(fetched(), 2);
});

test('what a fetch of one portal brought is not lost by one of another that ends later', async () => {
  const { state, ask, fetched } = world();
  const answer = state.answer;
  for (const late of ['busy', new Error('down')] as const) {
    const uri = `${URI}/${String(late)}`;
    let letGo = () => {};
    state.held = new Promise((resolve) => {
      letGo = resolve;
    });
    state.answer = (portal) => (portal === PORTAL ? late : answer(portal));
    const crowded = ask('first', uri);
    state.held = undefined;
    assert.ok(await ask('first', uri, OTHER));
    letGo();
    await crowded;
    const before = fetched();
    assert.ok(await ask('first', uri, OTHER));
    assert.equal(fetched(), before);
  }
});

test('another URI is other keys: what an update replaces is not used', async () => {
  const { state, ask, serve } = world();
  assert.ok(await ask('first'));
  state.answer = () => ({ keys: jwks.slice(2), maxAgeSeconds: undefined });
  const moved = `${URI}/moved`;
  assert.equal(await ask('first', moved), false);
  assert.ok(await ask('third', moved));
  serve(1);
});

test('a URI that the portal may not have any more is neither fetched nor answered from memory', async () => {
  const { state, ask, fetched } = world();
  assert.ok(await ask('first'));
  state.isAllowed = false;
  assert.equal(await ask('first'), false);
  assert.equal(await ask('first', `${URI}/other`), false);
  assert.equal(fetched(), 1);
});

test('what is kept has a bound in bytes, those of the URIs with it', async () => {
  const { ask, fail, fetched } = world({ maxBytes: 20_000 });
  fail();
  const long = (client: number) => `${URI}/${client}?${'a'.repeat(2000)}`;
  for (let client = 0; client < 10; client += 1) await ask('first', long(client));
  await ask('first', long(9));
  assert.equal(fetched(), 10);
  await ask('first', long(0));
  assert.equal(fetched(), 11, 'ten would be more than that');
});

test('what is kept has a bound in bytes: what fell out is fetched again', async () => {
  const { ask, fetched, state } = world({ maxBytes: 20_000 });
  for (let client = 0; client < 1000; client += 1) assert.ok(await ask('first', `${URI}/${client}`));
  assert.ok(await ask('first', `${URI}/999`));
  assert.equal(fetched(), 1000);
  assert.ok(await ask('first', `${URI}/0`));
  assert.equal(fetched(), 1001);
  assert.equal(state.fetches.at(-1), `${URI}/0`);
});
