/** What a create looks at before it stores, in one commit: a kept answer, the id, the quota, the token. */
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import type { Implementation } from '../implementations.ts';
import {
  aClient,
  aKeyHash,
  anAnswer,
  aPortalName,
  aToken,
  aTombstone,
  FREELY,
  next,
  storedOf,
} from '../records.ts';
import { nothingChanges } from './nothing-changes.ts';
import { withStore } from './with-store.ts';

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export function createsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('a portal has as many clients as its quota, over all its providers', async ({ clients }, place) => {
    const portal = aPortalName();
    const conditions = { ...FREELY, maxClients: 2 };
    const first = aClient({ portal });
    assert.equal(await clients.count(portal), 0);
    assert.equal(await clients.create(first, conditions), 'created');
    assert.equal(await clients.create(aClient({ portal, provider: 'other' }), conditions), 'created');
    const refused = aClient({ portal });
    assert.equal(await nothingChanges(place, () => clients.create(refused, conditions)), 'quota_exceeded');
    assert.equal(await clients.count(portal), 2);
    assert.equal(await clients.create(aClient({ portal: aPortalName() }), conditions), 'created');

    await clients.delete(first.client_id, aTombstone(first));
    assert.equal(await clients.count(portal), 1);
    assert.equal(await clients.create(refused, conditions), 'created');
  });

  story('S-DCR-26 all portals together have as many clients as the cap', async ({ clients }, place) => {
    const before = await clients.countAll();
    const conditions = { ...FREELY, maxClientsInAll: before + 2 };
    const first = aClient({ portal: aPortalName() });
    assert.equal(await clients.create(first, conditions), 'created');
    assert.equal(await clients.create(aClient({ portal: aPortalName() }), conditions), 'created');
    const refused = aClient({ portal: aPortalName() });
    assert.equal(await nothingChanges(place, () => clients.create(refused, conditions)), 'store_full');
    const overQuota = { ...conditions, maxClients: 0 };
    assert.equal(await clients.create(refused, overQuota), 'quota_exceeded', 'its own quota is told first');
    assert.equal(await clients.countAll(), before + 2);
    await clients.replace(next(first), 1);
    await clients.delete(aClient().client_id, aTombstone(first));
    assert.equal(await clients.countAll(), before + 2);
    await clients.delete(first.client_id, aTombstone(first));
    await clients.delete(first.client_id, aTombstone(first));
    assert.equal(await clients.countAll(), before + 1);
    assert.equal(await clients.create(refused, conditions), 'created');
  });

  story('a replace, and a delete that finds nothing, leave the count as it is', async ({ clients }) => {
    const client = aClient({ portal: aPortalName() });
    await clients.create(client, FREELY);
    await clients.replace(next(client), 1);
    await clients.delete(aClient().client_id, aTombstone(client));
    assert.equal(await clients.count(client.portal), 1);
    await clients.delete(client.client_id, aTombstone(client));
    await clients.delete(client.client_id, aTombstone(client));
    assert.equal(await clients.count(client.portal), 0);
  });

  story('S-DCR-02 an initial access token registers as many clients as it has uses', async (store, place) => {
    const { clients, portals } = store;
    const token = aToken();
    await portals.addInitialAccessToken(token);
    const conditions = { ...FREELY, initialAccessToken: token.hash };
    assert.deepEqual(await portals.readInitialAccessToken(token.hash, nowSeconds()), token);
    assert.equal(await clients.create(aClient(), conditions), 'created');
    assert.deepEqual(await portals.readInitialAccessToken(token.hash, nowSeconds()), {
      ...token,
      uses_left: 1,
    });
    assert.equal(await clients.create(aClient(), conditions), 'created');
    const spent = await portals.readInitialAccessToken(token.hash, nowSeconds());
    assert.deepEqual(spent, { ...token, uses_left: 0 }, 'known until its end, for a retry');
    assert.equal(await nothingChanges(place, () => clients.create(aClient(), conditions)), 'token_spent');
  });

  story("an unknown token, and another portal's, register nothing", async ({ clients, portals }, place) => {
    const token = aToken({ portal: aPortalName() });
    await portals.addInitialAccessToken(token);
    for (const initialAccessToken of [aKeyHash(), '', token.hash]) {
      const conditions = { ...FREELY, initialAccessToken };
      assert.equal(await nothingChanges(place, () => clients.create(aClient(), conditions)), 'token_spent');
    }
    assert.deepEqual(await portals.readInitialAccessToken(token.hash, nowSeconds()), token);
  });

  story('a token whose end has come registers nothing', async ({ clients, portals }) => {
    const token = aToken({ expires_at: nowSeconds() });
    await portals.addInitialAccessToken(token);
    const conditions = { ...FREELY, initialAccessToken: token.hash };
    assert.equal(await clients.create(aClient(), conditions), 'token_spent');
    assert.equal(await portals.readInitialAccessToken(token.hash, nowSeconds()), undefined);
  });

  story('a token is seen until its end and not a second longer', async ({ portals }) => {
    const token = aToken();
    await portals.addInitialAccessToken(token);
    assert.deepEqual(await portals.readInitialAccessToken(token.hash, token.expires_at - 1), token);
    assert.equal(await portals.readInitialAccessToken(token.hash, token.expires_at), undefined);
    assert.equal(await portals.readInitialAccessToken(aKeyHash(), 0), undefined);
  });

  story(
    'a create with a kept answer returns it and does nothing else',
    async ({ clients, portals }, place) => {
      const client = aClient();
      const answer = anAnswer();
      const token = aToken();
      await portals.addInitialAccessToken(token);
      const conditions = { ...FREELY, answer, initialAccessToken: token.hash };
      assert.equal(await clients.readAnswer(answer.id), undefined);
      assert.equal(await clients.create(client, conditions), 'created');
      assert.deepEqual(await clients.readAnswer(answer.id), storedOf(answer));

      // Another client, another answer, no quota left, and a token that is not there: the first answer comes.
      const retries = [
        [client, conditions],
        [aClient(), { ...conditions, answer: anAnswer({ id: answer.id }) }],
        [aClient(), { ...conditions, maxClients: 0, initialAccessToken: aKeyHash() }],
      ] as const;
      for (const [record, retry] of retries) {
        const outcome = await nothingChanges(place, () => clients.create(record, retry));
        assert.deepEqual(outcome, { replayed: storedOf(answer) });
      }
    },
  );

  story('a create that is refused keeps no answer and takes no use', async ({ clients, portals }, place) => {
    const taken = aClient();
    const deleted = aClient();
    for (const client of [taken, deleted]) await clients.create(client, FREELY);
    await clients.delete(deleted.client_id, aTombstone(deleted));
    const token = aToken();
    await portals.addInitialAccessToken(token);
    const answer = anAnswer();
    const conditions = { ...FREELY, answer, initialAccessToken: token.hash };
    const refusals = [
      ['exists', taken, { ...conditions, maxClients: 0, initialAccessToken: aKeyHash() }],
      ['exists', deleted, conditions],
      ['quota_exceeded', aClient(), { ...conditions, maxClients: 1, initialAccessToken: aKeyHash() }],
      ['store_full', aClient(), { ...conditions, maxClientsInAll: 1, initialAccessToken: aKeyHash() }],
      ['token_spent', aClient(), { ...conditions, initialAccessToken: aKeyHash() }],
    ] as const;
    for (const [outcome, record, refused] of refusals) {
      assert.equal(await nothingChanges(place, () => clients.create(record, refused)), outcome);
    }
    assert.equal(await clients.readAnswer(answer.id), undefined);
    assert.deepEqual(await portals.readInitialAccessToken(token.hash, nowSeconds()), token);
    assert.equal(await clients.create(aClient(), conditions), 'created');
  });

  story('a replace with a kept answer returns it, whatever became of the client', async (store, place) => {
    const { clients } = store;
    const client = aClient();
    await clients.create(client, FREELY);
    const answer = anAnswer();
    const second = next(client);
    assert.equal(await clients.replace(second, 1, { answer }), 'replaced');
    assert.deepEqual(await clients.readAnswer(answer.id), storedOf(answer));
    const again = () => clients.replace(next(second), 2, { answer: anAnswer({ id: answer.id }) });
    assert.deepEqual(await nothingChanges(place, again), { replayed: storedOf(answer) });
    assert.deepEqual(await clients.read(client.client_id), second);
    await clients.delete(client.client_id, aTombstone(client));
    assert.deepEqual(await nothingChanges(place, again), { replayed: storedOf(answer) });
  });

  story('a replace that is refused keeps no answer', async ({ clients }, place) => {
    const client = aClient();
    await clients.create(client, FREELY);
    const answer = anAnswer();
    const refused = (record = client) => clients.replace(next(record), 7, { answer });
    assert.equal(await nothingChanges(place, refused), 'conflict');
    assert.equal(await nothingChanges(place, () => refused(aClient())), 'gone');
    assert.equal(await clients.readAnswer(answer.id), undefined);
  });

  story('answers, their secrets and tokens end by themselves', async ({ clients, portals }) => {
    const short = anAnswer({ answer_seconds: 6, secret_seconds: 2 });
    const token = aToken({ expires_at: nowSeconds() + 2 });
    await portals.addInitialAccessToken(token);
    assert.equal(await clients.create(aClient(), { ...FREELY, answer: short }), 'created');
    assert.deepEqual(await clients.readAnswer(short.id), storedOf(short));

    const withoutSecret = { ...storedOf(short), sealed_secret: undefined };
    await eventually(async () => assert.deepEqual(await clients.readAnswer(short.id), withoutSecret), 3500);
    const replay = await clients.create(aClient(), { ...FREELY, answer: short });
    assert.deepEqual(replay, { replayed: withoutSecret });

    await eventually(async () => assert.equal(await clients.readAnswer(short.id), undefined), 8000);
    assert.equal(await clients.create(aClient(), { ...FREELY, answer: short }), 'created');
    await eventually(async () => assert.ok(nowSeconds() > token.expires_at), 3000);
    const late = { ...FREELY, initialAccessToken: token.hash };
    assert.equal(await clients.create(aClient(), late), 'token_spent');
  });
}
