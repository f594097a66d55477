/** What is remembered of refused authentications is bounded by what can be a client's id, not by what is sent. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Context } from 'koa';
import { newClientId } from '../../src/clients/client-id.ts';
import { countFailure } from '../../src/http/failed-authentications.ts';

test('S-DOS-02: of a flood from one network, with ids that can be none, one caller is remembered and no id', async () => {
  const counted = { ofAddress: new Set<string>(), ofClient: new Set<string>() };
  const counting = (subjects: Set<string>) => ({
    take: async (subject: string) => void subjects.add(subject),
  });
  const failures = { ofAddress: counting(counted.ofAddress), ofClient: counting(counted.ofClient) };
  const from = (ip: string, id: string | undefined) => countFailure(failures, { ip } as Context, id);
  for (let count = 0; count < 1000; count += 1) {
    await from(`2001:db8::${count.toString(16)}`, `${count}`.padEnd(30_000, 'x'));
  }
  await from('2001:db8::1', undefined);
  assert.deepEqual([...counted.ofAddress], ['2001:db8:0:0::/64']);
  assert.equal(counted.ofClient.size, 0);
  const id = newClientId(randomBytes);
  await from('192.0.2.1', id);
  assert.deepEqual([...counted.ofClient], [id], 'a guess at what can be a client is counted for it');
});
