/** The JWKS remembers who fetched it, a key waits for those that must have seen it, and nobody's name is trusted. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from '../support/bridge.ts';
import { API, ES256_API } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';

let it: Operated;
before(async () => {
  const config = domain({});
  const resources = config.resources as Record<string, object>;
  it = await startOperated({
    env: {
      RING_REFRESH_MS: '100',
      KEY_PUBLISH_LEAD_SECONDS: '1',
      CLOCK_SKEW_SECONDS: '0',
      KEY_ROTATION_DAYS: '0',
      KEY_READER_WAIT_SECONDS: '3600',
    },
    config: {
      ...config,
      resources: { ...resources, [ES256_API]: { ...resources[ES256_API], readers: ['edge-1', 'edge-2'] } },
    },
  });
  assert.ok(resources[API]);
});
after(async () => {
  assert.equal(await it.service.stop(), 0);
});

const jwks = (query = '', headers: Record<string, string> = {}) =>
  send(`${it.service.publicUrl}/.well-known/jwks.json${query}`, {
    headers: { 'user-agent': '', ...headers },
  });

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly state: string;
  readonly seen_by?: string;
  readonly waits_for?: string;
}

const key = async (kid: string): Promise<Key | undefined> =>
  (await it.operate('keys', 'list')).keys.find((each: Key) => each.kid === kid);

test('the bytes, the validator and the headers are the same for everybody', async () => {
  const plain = await jwks();
  for (const other of [
    await jwks('?reader=edge-9'),
    await jwks('?reader=<script>&x=1'),
    await jwks('?reader='),
    await jwks('', { 'x-jwks-reader': 'edge-8' }),
    await jwks('', { 'x-jwks-reader': 'a b\u00e9' }),
  ]) {
    assert.equal(other.status, 200);
    assert.equal(other.text, plain.text);
    for (const header of ['etag', 'cache-control', 'content-type', 'vary']) {
      assert.equal(other.headers.get(header), plain.headers.get(header), header);
    }
  }
});

test('a key signs when its readers have fetched it, and keys list says who has and who has not', async () => {
  const announced: Key[] = (await it.operate('keys', 'announce', 'ES256')).keys;
  const next = announced.at(-1);
  assert.equal(next?.waits_for, 'edge-1,edge-2');
  const kid = next?.kid ?? '';
  await eventually(async () => assert.ok((await jwks()).text.includes(kid)), 5000);
  await jwks('?reader=edge-1');
  await jwks('', { 'user-agent': 'PyJWT/2.8 (linux)' });
  await eventually(async () => {
    const { seen_by, waits_for, state } = (await key(kid)) ?? {};
    assert.deepEqual([seen_by, waits_for, state], ['edge-1,ua:PyJWT', 'edge-2', 'announced']);
  }, 10_000);
  await jwks('', { 'x-jwks-reader': 'edge-2' });
  await eventually(async () => assert.equal((await key(kid))?.state, 'active'), 10_000);
});
