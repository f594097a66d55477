/** S-MGT: what was deleted is gone, for its tokens, its portal and everybody else. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClientId } from '../../src/clients/client-id.ts';
import { deleteClient } from '../../src/registration/delete.ts';
import { fetchToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { shapeOf } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { call, DIALECTS, through } from './support/dialects.ts';
import { CLIENT_ROUTES, urlOf } from './support/routes.ts';
import { NOT_FOUND } from './support/stored.ts';
import { startTwoNodes } from './support/two-nodes.ts';

/** What the contract promises. */
const INVALIDATION_BOUND_MS = 5000;

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge();
});
after(async () => {
  await bridge.service.stop();
});

test('S-MGT-18 after a delete the right secret opens nothing on any node, and nothing brings the client back', async () => {
  const nodes = await startTwoNodes();
  try {
    const [one, other] = [nodes.one.service, nodes.other.service];
    for (const dialect of DIALECTS) {
      const { body } = await through(dialect, one).create();
      for (const service of [one, other]) assert.equal((await fetchToken(service, body)).status, 200);
      assert.equal((await through(dialect, one).delete(body.client_id)).status, 204);
      // At the node that answered at once, at the other within the bound.
      const refused = await fetchToken(one, body);
      assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client']);
      await eventually(async () => {
        const late = await fetchToken(other, body);
        assert.deepEqual([late.status, late.body.error], [401, 'invalid_client']);
      }, INVALIDATION_BOUND_MS);
      for (const service of [other, one]) {
        const { update, rotate } = through(dialect, service);
        assert.equal((await update(body.client_id, { client_name: 'again' })).status, 404);
        assert.equal((await rotate(body.client_id)).status, 404);
        assert.equal((await fetchToken(service, body)).status, 401);
      }
      assert.deepEqual(await nodes.keys(`client:${body.client_id}`), []);
      assert.equal((await nodes.keys(`tombstone:${body.client_id}`)).length, 1);
    }
  } finally {
    await nodes.stop();
  }
});

for (const [index, dialect] of DIALECTS.entries()) {
  test(`S-MGT-19 a delete may be repeated; unknown and foreign ids are unknown alike (${dialect.name})`, async () => {
    const { service } = bridge;
    const own = through(dialect, service);
    const stranger = through(dialect, service, await bridge.addPortal(`stranger${index}`));
    const { body } = await own.create();
    const gone = (await own.create()).body.client_id;
    assert.equal((await own.delete(gone)).status, 204);
    for (let time = 0; time < 3; time += 1) {
      const again = await own.delete(gone);
      assert.equal(again.status, 204);
      assert.equal(again.text, '');
    }
    const shapes: unknown[] = [];
    for (const id of [`cl_${'0'.repeat(22)}`, body.client_id, gone, 'no-id-at-all', `cl_${'0'.repeat(23)}`]) {
      shapes.push(shapeOf(await refuses(service, NOT_FOUND, () => stranger.delete(id))));
    }
    for (const shape of shapes) assert.deepEqual(shape, shapes[0]);
    assert.equal((await fetchToken(service, body)).status, 200);
    assert.equal((await own.delete(body.client_id)).status, 204);
  });
}

test('S-MGT-19 every route of a client takes an unknown and a foreign one alike', async () => {
  const { service } = bridge;
  const stranger = await bridge.addPortal('stranger');
  const { body } = await through(DIALECTS[0] ?? assert.fail(), service).create();
  for (const route of CLIENT_ROUTES) {
    const shapes: unknown[] = [];
    for (const client_id of [body.client_id, `cl_${'0'.repeat(22)}`]) {
      const url = urlOf(service, route, { client_id, secret_id: 'sec_x' });
      const act = () => call(route.method, url, { key: stranger, body: route.example });
      shapes.push(shapeOf(await refuses(service, NOT_FOUND, act)));
    }
    assert.deepEqual(shapes[0], shapes[1], `${route.method} ${route.path}`);
  }
  assert.equal(
    (await through(DIALECTS[0] ?? assert.fail(), service, API_KEY).read(body.client_id)).status,
    200,
  );
});

test('S-MGT-19 a foreign client costs a delete as many looks into the store as an unknown one', async () => {
  const looks: string[] = [];
  const seen = <T>(look: string, result: T): T => {
    looks.push(look);
    return result;
  };
  const foreign = { portal: 'theirs', provider: 'local' };
  const context = (client: object | undefined, tombstone: object | undefined) =>
    ({
      policyOf: () => ({ providers: ['local'] }),
      providers: new Map([['local', { type: 'local' }]]),
      clients: {
        read: async () => seen('read', client),
        readTombstone: async () => seen('tombstone', tombstone),
        delete: async () => seen('delete', 'deleted'),
      },
    }) as unknown as Parameters<typeof deleteClient>[0];
  const act = { portal: 'ours', provider: 'local', nowSeconds: 0 } as Parameters<typeof deleteClient>[1];
  const id = `cl_${'0'.repeat(22)}` as ClientId;
  for (const [client, tombstone] of [
    [undefined, undefined],
    [foreign, undefined],
    [undefined, foreign],
  ]) {
    looks.length = 0;
    await assert.rejects(deleteClient(context(client, tombstone), act, id), { reason: 'client_unknown' });
    assert.deepEqual(looks, ['read', 'tombstone']);
  }
  looks.length = 0;
  await deleteClient(context({ portal: 'ours', provider: 'local' }, undefined), act, id);
  assert.deepEqual(looks, ['read', 'delete']);
});
