import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { firstStartText } from '../../src/commands/first-start.ts';
import { claimsOf, portal } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { startService } from '../support/service.ts';

const hasCurl = spawnSync('curl', ['--version']).status === 0;

test('the three curl lines of a first start work as pasted: a client, a token, the keys', {
  skip: hasCurl ? false : 'curl is not installed',
}, async (t) => {
  const management = await freePort();
  const service = await startService({
    env: { BOOTSTRAP_PORTAL: undefined, MANAGEMENT_LISTEN: `127.0.0.1:${management}` },
  });
  // In a hook: a service that goes on running after a failure would keep this process from ending.
  t.after(() => service.stop());
  const lines = service.output.filter((line) => /^ +(client=\$\()?curl /.test(line));
  assert.equal(lines.length, 3, service.output.join('\n'));
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', lines.join('\necho\n')], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  const [client, token, keys] = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  assert.equal(client.client_name, 'my first client');
  assert.equal(claimsOf(token.access_token).client_id, client.client_id);
  assert.equal(token.scope, 'read');
  assert.ok(keys.keys.length >= 2);
  const key = /dcrk_\w+/.exec(service.output.join('\n'))?.[0] ?? '';
  assert.equal((await portal(service, { key }).read(client.client_id)).status, 200);
});

test('where we listen everywhere, the lines call this machine', () => {
  const text = (host: string) =>
    firstStartText(
      { name: 'dev', key: 'k' },
      { issuer: 'http://localhost:3000', management: { host, port: 3001 } },
    );
  for (const [host, called] of [
    ['127.0.0.1', '127.0.0.1:3001'],
    ['0.0.0.0', '127.0.0.1:3001'],
    ['::', '127.0.0.1:3001'],
    ['::1', '[::1]:3001'],
    ['bridge.internal', 'bridge.internal:3001'],
  ] as const) {
    assert.ok(text(host).includes(`http://${called}/bridge/local/clients`), host);
  }
});
