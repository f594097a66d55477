/** Keys that are changed at one node of two: the new one is good at the other at once, the old one not for long. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertionOf, type ClientKey, newClientKey, tokenByAssertion } from '../support/assertion.ts';
import { type Answer, portal, postToken } from '../support/bridge.ts';
import { newCertificate } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { EVERY_PORTAL } from './support/bridge.ts';
import { startTwoNodes, type TwoNodes } from './support/two-nodes.ts';

/** The contract's `invalidation_bound`. */
const BOUND_MS = 5000;
const METHODS = ['private_key_jwt', 'self_signed_tls_client_auth'];

let nodes: TwoNodes;
before(async () => {
  nodes = await startTwoNodes({
    // The test is the trusted proxy of both.
    env: { TRUSTED_PROXIES: '127.0.0.1/32' },
    portals: { '*': { ...EVERY_PORTAL, token_endpoint_auth_methods: METHODS } },
  });
  await nodes.remembers();
});
after(() => nodes?.stop());

interface Way {
  readonly method: string;
  /** One of several, each with its key and what the token is asked for by. */
  readonly newKey: () => Promise<{ readonly jwk: object; ask(client_id: string): Promise<Answer> }>;
}

const WAYS: readonly Way[] = [
  {
    method: 'private_key_jwt',
    newKey: async () => {
      const key: ClientKey = await newClientKey();
      const { issuer } = nodes.one.service;
      const ask = async (client_id: string) =>
        tokenByAssertion(nodes.other.service, await assertionOf(key, { client_id, issuer }));
      return { jwk: key.jwk, ask };
    },
  },
  {
    method: 'self_signed_tls_client_auth',
    newKey: async () => {
      const { raw, publicKey } = new X509Certificate(newCertificate({ subject: '/CN=client' }).cert);
      const form = (client_id: string) => ({ grant_type: 'client_credentials', client_id });
      const shown = { 'client-cert': `:${raw.toString('base64')}:` };
      const ask = (client_id: string) => postToken(nodes.other.service, form(client_id), shown);
      return { jwk: publicKey.export({ format: 'jwk' }), ask };
    },
  },
];

for (const { method, newKey } of WAYS) {
  test(`S-POP-03, S-RACE-08: of a client by ${method} the other node takes a new key at once, and soon not the old`, async () => {
    const { one } = nodes;
    let old = await newKey();
    const { body, status, text } = await portal(one.service).create({
      scope: 'read',
      token_endpoint_auth_method: method,
      jwks: { keys: [old.jwk] },
    });
    assert.equal(status, 201, text);
    for (let times = 0; times < 10; times += 1) {
      assert.equal((await old.ask(body.client_id)).status, 200, 'in memory there');
      const fresh = await newKey();
      assert.equal(
        (await portal(one.service).update(body.client_id, { jwks: { keys: [fresh.jwk] } })).status,
        200,
      );
      const { ask } = old;
      const takesNew = async () => assert.equal((await fresh.ask(body.client_id)).status, 200);
      const refusesOld = () =>
        eventually(async () => assert.equal((await ask(body.client_id)).status, 401), BOUND_MS);
      // The new key makes the other node look; without it only the news of the change does.
      for (const step of times % 2 === 0 ? [takesNew, refusesOld] : [refusesOld, takesNew]) await step();
      old = fresh;
    }
  });
}
