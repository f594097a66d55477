/** Who proves a key: by what is in memory, by what the store has now, and in a time that tells nothing. */
import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { before, describe, test } from 'node:test';
import type { TokenClient } from '../../src/clients/token-client.ts';
import { authenticateByKey } from '../../src/tokens/authenticate-key.ts';
import { decoyKeys } from '../../src/tokens/decoy-keys.ts';
import type { TokenForm } from '../../src/tokens/token-form.ts';
import { TokenRefusal } from '../../src/tokens/token-refusal.ts';
import { ASSERTION_TYPE, assertionOf, type ClientKey, epoch, newClientKey } from '../support/assertion.ts';
import { newAuthority, newCertificate } from '../support/certificates.ts';
import { measuredAgain } from '../support/in-time.ts';
import { aClient, REGISTERED_KEYS } from './support.ts';

const issuer = 'https://auth.example';
const decoys = decoyKeys(randomBytes);
const authority = newAuthority('authority');
const certificateOf = (name: string) =>
  new X509Certificate(newCertificate({ subject: `/CN=${name}` }, authority).cert);
const [own, new_] = [certificateOf('old'), certificateOf('new')];
const jwkOf = (certificate: X509Certificate) => certificate.publicKey.export({ format: 'jwk' });

let oldKey: ClientKey;
let newKey: ClientKey;
before(async () => {
  [oldKey, newKey] = [await newClientKey(), await newClientKey()];
});

/** A node that has `inMemory` while the store has `stored`; counts what it asks the store for, and claims. */
function node(inMemory: TokenClient | undefined, stored: TokenClient | undefined) {
  const asked = { anew: 0, claims: 0 };
  const context = {
    ...{ issuer, decoys, keys: REGISTERED_KEYS, now: epoch },
    clients: {
      lookUps: () => 0,
      read: async () => inMemory,
      readAnew: async () => {
        asked.anew += 1;
        return stored;
      },
    },
    replays: {
      claim: async () => {
        asked.claims += 1;
        return 'claimed' as const;
      },
    },
  };
  const certificate = (presented: X509Certificate, isTrusted = true) =>
    authenticateByKey(context, {
      form: { client_id: aClient().client_id },
      certificate: { certificate: presented, isTrusted },
    });
  const assertion = async (key: ClientKey) => {
    const client_assertion = await assertionOf(key, { client_id: aClient().client_id, issuer });
    const form = { client_assertion_type: ASSERTION_TYPE, client_assertion };
    return byForm(form);
  };
  const byForm = (form: TokenForm) => authenticateByKey(context, { form, certificate: undefined });
  return { asked, certificate, assertion, byForm };
}

const changed = (client: TokenClient, metadata: object): TokenClient => ({
  ...client,
  version: client.version + 1,
  metadata: { ...client.metadata, ...metadata },
});

describe('R-09: what another node has just registered works before this one has heard of it', () => {
  test('a key for assertions', async () => {
    const known = aClient({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [oldKey.jwk] } });
    const stored = changed(known, { jwks: { keys: [newKey.jwk] } });
    const { asked, assertion } = node(known, stored);
    assert.equal(await assertion(newKey), stored);
    assert.deepEqual(asked, { anew: 1, claims: 1 });
    const before = node(known, known);
    await before.assertion(oldKey);
    assert.equal(before.asked.anew, 0, 'who is right from memory costs no look-up');
  });

  test('a self-signed certificate', async () => {
    const method = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };
    const known = aClient({ ...method, jwks: { keys: [jwkOf(own)] } });
    const stored = changed(known, { jwks: { keys: [jwkOf(new_)] } });
    assert.equal(await node(known, stored).certificate(new_, false), stored);
  });

  test('the name in a certificate, and the method itself', async () => {
    const known = aClient({
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=old',
    });
    const stored = changed(known, { tls_client_auth_subject_dn: 'CN=new' });
    assert.equal(await node(known, stored).certificate(new_), stored);
    const moved = { ...known, version: 2 };
    assert.equal(await node(aClient(), moved).certificate(own), moved);
  });
});

test('a refusal costs one look-up, uses nothing up, and asks nothing about who is unknown', async () => {
  const jwks = { keys: [oldKey.jwk] };
  const byAssertion = aClient({ token_endpoint_auth_method: 'private_key_jwt', jwks });
  const byName = aClient({
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=old',
  });
  for (const stored of [undefined, byAssertion, changed(byAssertion, {})]) {
    const { asked, assertion } = node(byAssertion, stored);
    await assert.rejects(assertion(newKey), TokenRefusal);
    assert.deepEqual(asked, { anew: 1, claims: 0 });
  }
  for (const stored of [undefined, byName, changed(byName, {})]) {
    const { asked, certificate } = node(byName, stored);
    await assert.rejects(certificate(new_), TokenRefusal);
    assert.deepEqual(asked, { anew: 1, claims: 0 });
  }
  const nobody = node(undefined, undefined);
  await assert.rejects(nobody.assertion(newKey), TokenRefusal);
  await assert.rejects(nobody.certificate(own), TokenRefusal);
  assert.deepEqual(nobody.asked, { anew: 0, claims: 0 });
});

/** The medians of what refusing each takes, in microseconds, by turns so that a busy machine slows all alike. */
async function mediansOf(refusals: Readonly<Record<string, () => Promise<unknown>>>) {
  const took = new Map(Object.keys(refusals).map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < 1200; round += 1) {
    for (const [name, refuse] of Object.entries(refusals)) {
      const startedAt = performance.now();
      await assert.rejects(refuse);
      // The first rounds are for the compiler.
      if (round >= 200) took.get(name)?.push((performance.now() - startedAt) * 1000);
    }
  }
  return Object.fromEntries([...took].map(([name, all]) => [name, all.sort((a, b) => a - b)[500] ?? 0]));
}

async function assertAlike(refusals: Parameters<typeof mediansOf>[0]): Promise<void> {
  await measuredAgain(
    () => mediansOf(refusals),
    (medians) => {
      const all = Object.values(medians);
      return Math.max(...all) < 1.25 * Math.min(...all) ? undefined : JSON.stringify(medians);
    },
  );
}

test('S-TOK-11: a certificate is refused in one time, whether the client is known, and by whatever it is known', async () => {
  const keys = await Promise.all(Array.from({ length: 10 }, () => newClientKey()));
  const jwks = { keys: keys.map(({ jwk }) => jwk) };
  const clients = {
    unknown: undefined,
    'known by a name': aClient({
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=another,O=Example,C=DE',
    }),
    'known by a host': aClient({
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'client.example',
    }),
    'known by ten keys': aClient({ token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks }),
    'of another method': aClient(),
    disabled: aClient({}, { state: 'disabled' }),
  };
  // Anew each time, as a proxy passes it on.
  const fresh = () => new X509Certificate(own.raw);
  await assertAlike(
    Object.fromEntries(
      Object.entries(clients).map(([name, client]) => {
        const { certificate } = node(client, client);
        return [name, () => certificate(fresh())];
      }),
    ),
  );
});

test('S-TOK-11: an assertion is refused in one time, whether the client is known or not', async () => {
  const jwks = { keys: [oldKey.jwk] };
  const forger = await newClientKey('ES256', oldKey.jwk.kid);
  const client_assertion = await assertionOf(forger, { client_id: aClient().client_id, issuer });
  const form = { client_assertion_type: ASSERTION_TYPE, client_assertion };
  const clients = {
    unknown: undefined,
    known: aClient({ token_endpoint_auth_method: 'private_key_jwt', jwks }),
    'of another method': aClient(),
  };
  await assertAlike(
    Object.fromEntries(
      Object.entries(clients).map(([name, client]) => [name, () => node(client, client).byForm(form)]),
    ),
  );
});
