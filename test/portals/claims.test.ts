/** A portal's own claims: in its clients' tokens, by whichever road they were fetched, and in nobody else's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CaseBridge, EVERY_PORTAL, startBridge } from '../cases/support/bridge.ts';
import { type Answer, claimsOf, fetchToken, portal, send } from '../support/bridge.ts';

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge({
    portals: {
      '*': { ...EVERY_PORTAL, claims: { seats: 3 } },
      acme: { claims: { tenant: '{portal}', plan: 'acme-{labels.plan}' } },
    },
  });
});
after(async () => {
  await bridge.service.stop();
});

/** A body that does not say how long it is goes to the engine. */
function fetchThroughEngine({ body }: Answer): Promise<Answer> {
  const form = new TextEncoder().encode('grant_type=client_credentials');
  return send(`${bridge.service.publicUrl}/oauth2/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`${body.client_id}:${body.client_secret}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: ReadableStream.from([form]),
    duplex: 'half',
  } as RequestInit);
}

async function mapped(client: Answer) {
  const tokens = [await fetchToken(bridge.service, client.body), await fetchThroughEngine(client)];
  const [short, engine] = tokens.map(({ body }) => {
    const { tenant, plan, seats } = claimsOf(body.access_token);
    return { tenant, plan, seats };
  });
  assert.deepEqual(engine, short, 'both roads');
  return short;
}

test("a portal's claims are added to those of the resource, and replace one of the same name", async () => {
  const acme = portal(bridge.service, { key: await bridge.addPortal('acme') });
  const labelled = await acme.create({ labels: { plan: 'gold' }, plan: 'free' });
  assert.deepEqual(await mapped(labelled), { tenant: 'acme', plan: 'acme-gold', seats: undefined });
  // Without its label the claim is left out: the resource's is not used instead, it was replaced.
  assert.deepEqual(await mapped(await acme.create({ plan: 'free' })), {
    tenant: 'acme',
    plan: undefined,
    seats: undefined,
  });
});

test("another portal's clients have the claims of the resource and of its own policy", async () => {
  const client = await portal(bridge.service).create({ plan: 'free', tenant: 'acme' });
  assert.deepEqual(await mapped(client), { tenant: undefined, plan: 'free', seats: 3 });
});
