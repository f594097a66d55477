/**
 * F-13 on a running service, time made short by its settings: every algorithm rotates by itself while tokens are
 * asked for all the time, and verifiers of different habits check each of them. `rotations.test.ts` has the same
 * story with three nodes and the times of the field.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  type JWK,
  jwtVerify,
} from 'jose';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { domain, startOperated } from '../support/operated-service.ts';

const LEAD_SECONDS = 4;
/** The lead, one second of refresh; no skew on one machine. */
const ROTATION_SECONDS = 5;
const ROTATIONS = 20;

type Verify = (token: string, atMs: number) => Promise<void>;

function verifiers(jwksUri: string): Readonly<Record<string, Verify>> {
  const remote = createRemoteJWKSet(new URL(jwksUri), { cooldownDuration: (LEAD_SECONDS - 1) * 1000 });
  let held: { readonly atMs: number; readonly set: ReturnType<typeof createLocalJWKSet> } | undefined;
  const keys = new Map<string, JWK>();
  const fetched = async () => (await send(jwksUri)).body as { keys: JWK[] };
  return {
    'jose, which asks again for an unknown kid but not within the cool-down': async (token, atMs) =>
      void (await jwtVerify(token, remote, { currentDate: new Date(atMs) })),
    'a cache of the lead less a second that never asks again': async (token, atMs) => {
      if (held === undefined || Date.now() - held.atMs >= (LEAD_SECONDS - 1) * 1000) {
        held = { atMs: Date.now(), set: createLocalJWKSet(await fetched()) };
      }
      await jwtVerify(token, held.set, { currentDate: new Date(atMs) });
    },
    'one key for a day': async (token, atMs) => {
      const { kid = '', alg } = decodeProtectedHeader(token);
      const known = keys.get(kid) ?? (await fetched()).keys.find((key) => key.kid === kid);
      assert.ok(known, 'the kid of a token that was just issued is published');
      keys.set(kid, known);
      await jwtVerify(token, await importJWK(known, alg ?? ''), { currentDate: new Date(atMs) });
    },
  };
}

test('F-13: 20 rotations under load, every token verifies at once and to its end, and no kid comes back', async () => {
  const config = domain({});
  const resources = Object.keys(config.resources as object);
  const { service, operate } = await startOperated({
    config,
    env: {
      RING_REFRESH_MS: '200',
      CLOCK_SKEW_SECONDS: '0',
      KEY_PUBLISH_LEAD_SECONDS: String(LEAD_SECONDS),
      KEY_ROTATION_DAYS: (ROTATION_SECONDS / 86_400).toFixed(9),
    },
  });
  const jwksUri = `${service.publicUrl}/.well-known/jwks.json`;
  const created = await portal(service).create({ client_name: 'load', scope: 'read es:write' });
  const client: Credentials = created.body;
  const checks = Object.entries(verifiers(jwksUri));
  const failures: string[] = [];
  const signedBy = new Map<string, string>();
  const kept: string[] = [];
  const deadline = Date.now() + 90_000;

  while (signedBy.size < ROTATIONS / 2 + 2 && Date.now() < deadline) {
    for (const resource of resources) {
      const { status, body, text } = await fetchToken(service, client, { resource });
      if (status !== 200) {
        if (!text.includes('invalid_target')) failures.push(text);
        continue;
      }
      const token: string = body.access_token;
      const { kid = '', alg = '' } = decodeProtectedHeader(token);
      if (!signedBy.has(kid)) kept.push(token);
      signedBy.set(kid, alg);
      for (const [habit, verify] of checks) {
        await verify(token, Date.now()).catch((error: Error) => failures.push(`${habit}: ${error.message}`));
      }
    }
    await sleep(50);
  }

  assert.deepEqual(failures, []);
  // Two of the four algorithms sign for this client; the others rotate beside them.
  let keys: readonly { readonly kid: string; readonly state: string }[] = [];
  await eventually(async () => {
    keys = (await operate('keys', 'list')).keys;
    const switched = keys.filter(({ state }) => state === 'retiring').length;
    assert.ok(switched >= ROTATIONS, `${switched} rotations`);
  }, 15_000);
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
  // The first token of each key, just before it ends: its key is still published.
  const { body } = await send(jwksUri);
  for (const token of kept) {
    const { exp = 0 } = decodeJwt(token);
    await jwtVerify(token, createLocalJWKSet(body), { currentDate: new Date((exp - 1) * 1000) });
  }
  assert.equal(await service.stop(), 0);
});
