/**
 * What a gateway does with our tokens: one story, told of every gateway. Each refusal asserts that the API
 * behind heard nothing, and that the genuine token of the same moment is let in: a gateway that refuses
 * everything is of no use either.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchToken, portal } from '../support/bridge.ts';
import { bearer, call } from './call.ts';
import { type Genuine, reminted, secondsFromNow } from './forge.ts';
import { FORGERIES } from './forgeries.ts';
import type { StartGateway } from './gateway.ts';
import { genuine, issued, PROTECTED, type Protected } from './issuer.ts';
import { parts } from './jws.ts';
import { createWorld, type World } from './world.ts';

type Headers = Parameters<typeof call>[1];

export function behavesAsGateway(startGateway: StartGateway): void {
  let world: World;
  before(async () => {
    world = await createWorld(startGateway);
  });
  after(async () => {
    // Undefined when the world could not be created, which has been said then.
    await world?.end();
  });
  // What one test let through is not the next one's fault.
  beforeEach(() => void world.api.heard());

  const url = (path: string) => world.gateway.url + path;

  async function letsIn(wanted: Protected, token: string): Promise<void> {
    const { status } = await call(url(`${wanted.path}/1`), bearer(token));
    assert.equal(status, 200);
    assert.deepEqual(
      world.api.heard().map(({ path }) => path),
      [`${wanted.path}/1`],
    );
  }

  async function refuses(status: number, path: string, headers?: Headers) {
    const answer = await call(url(path), headers);
    assert.equal(answer.status, status);
    assert.deepEqual(world.api.heard(), []);
    return answer;
  }

  for (const wanted of PROTECTED) {
    describe(`${wanted.path}, an API of ${wanted.alg} tokens`, () => {
      let ours: Genuine;
      before(async () => {
        ours = await genuine(world, wanted, world.api.url);
      });

      test('a token that the service issued is let in, and the API hears who calls', async () => {
        assert.equal(parts(ours.token).header.alg, wanted.alg);
        const answer = await call(url(`${wanted.path}/1?page=2`), bearer(ours.token));
        assert.equal(answer.status, 200);
        const [heard, ...others] = world.api.heard();
        assert.deepEqual(others, []);
        assert.equal(heard?.path, `${wanted.path}/1?page=2`);
        assert.equal(heard?.headers['x-client-id'], world.client.client_id);
      });

      test('what the API hears of the caller is not for the caller to say', async () => {
        await call(url(wanted.path), { ...bearer(ours.token), 'X-Client-Id': 'somebody-else' });
        const [heard] = world.api.heard();
        assert.equal(heard?.headers['x-client-id'], world.client.client_id);
      });

      for (const [what, forge] of FORGERIES) {
        test(`a token ${what} is refused`, async () => {
          const answer = await refuses(401, `${wanted.path}/1`, bearer(await forge(ours)));
          assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer\b/);
          await letsIn(wanted, ours.token);
        });
      }

      test('a request without a token is refused', async () => {
        const answer = await refuses(401, `${wanted.path}/1`);
        assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer\b/);
      });

      test('a token anywhere else than in the header is not looked for', async () => {
        await refuses(401, `${wanted.path}/1?access_token=${ours.token}`);
        await refuses(401, `${wanted.path}/1`, { Cookie: `access_token=${ours.token}` });
        await refuses(401, `${wanted.path}/1`, { Authorization: `Basic ${btoa(`:${ours.token}`)}` });
      });

      test('two tokens are refused, in either order: the API might read the other one', async () => {
        const tokens = [bearer(ours.token).Authorization, bearer(ours.forOtherApi).Authorization];
        await refuses(401, `${wanted.path}/1`, { Authorization: tokens });
        await refuses(401, `${wanted.path}/1`, { Authorization: tokens.toReversed() });
      });

      test('a token without the scope is refused, and one with only that scope is let in', async () => {
        await refuses(403, `${wanted.path}/1`, bearer(await issued(world, wanted, { scope: 'write' })));
        await refuses(403, `${wanted.path}/1`, bearer(await reminted(ours, { scope: 'readonly spread' })));
        await refuses(403, `${wanted.path}/1`, bearer(await reminted(ours, { scope: '' })));
        await letsIn(wanted, await issued(world, wanted, { scope: 'read' }));
      });

      test('a token that was let in is refused once it has ended', async () => {
        const token = await reminted(ours, { exp: secondsFromNow(3) });
        await letsIn(wanted, token);
        // One gateway takes it until the second of `exp` is over.
        await sleep(4100);
        await refuses(401, `${wanted.path}/1`, bearer(token));
      });

      test('S-MGT-18: after a delete no new token is issued; the old one is let in until it ends', async () => {
        const { body: client } = await portal(world.service).create();
        const token = await issued({ ...world, client }, wanted);
        assert.equal((await portal(world.service).delete(client.client_id)).status, 204);
        const refused = await fetchToken(world.service, client, { resource: wanted.resource });
        assert.equal(refused.status, 401);
        assert.equal(refused.body.error, 'invalid_client');
        // R-12: a gateway looks at the signature and asks nobody.
        await letsIn(wanted, token);
      });
    });
  }

  test('a path that is not configured reaches nothing, whatever the token', async () => {
    const token = await issued(world, PROTECTED[0]);
    for (const path of ['/', '/other', '/orders-and-more', '/ORDERS'])
      await refuses(404, path, bearer(token));
  });

  test('the gateway goes on, and goes on refusing, when the token service is gone', async () => {
    const ours = await genuine(world, PROTECTED[0], world.api.url);
    await letsIn(PROTECTED[0], ours.token);
    await world.service.kill();
    for (const [, forge] of FORGERIES) await refuses(401, '/orders/1', bearer(await forge(ours)));
    await letsIn(PROTECTED[0], ours.token);
  });
}
