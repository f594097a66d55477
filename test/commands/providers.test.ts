/** `dcr-bridge providers check` as an operator runs it, against a real provider. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { domain } from '../config/support.ts';
import { tempDir } from '../support/temp.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { run } from './support.ts';

let real: Upstream;
before(async () => {
  real = await startUpstream();
});
after(() => real.stop());

function check(token: string, words: readonly string[] = [], issuer = real.issuer) {
  const cwd = tempDir('providers-check');
  const acme = { type: 'oidc', issuer, initial_access_token: '{env:IAT}', allow_insecure_loopback: true };
  const file = { ...domain(), providers: { local: { type: 'local' }, acme } };
  writeFileSync(join(cwd, 'bridge.json'), JSON.stringify(file));
  return run(['providers', 'check', ...words], { cwd, env: { CONFIG_FILE: 'bridge.json', IAT: token } });
}

test('all is well: every step, exit code 0, and the probe is gone', async () => {
  const { code, stdout, stderr } = await check(real.initialAccessToken, ['acme', '--json']);
  assert.deepEqual([code, stderr], [0, '']);
  const { providers } = JSON.parse(stdout);
  assert.deepEqual(
    providers.map(({ provider, step, result }: Record<string, string>) => [provider, step, result]),
    ['discovery', 'credential', 'create', 'delete'].map((step) => ['acme', step, 'ok']),
  );
  assert.deepEqual(await real.clients(), []);
});

test('a wrong token: the step that fails is named with the reason, exit code 1, and no secret', async () => {
  const { code, stdout, stderr } = await check('wrong-f7Kq2mX9bT4wZ8');
  assert.equal(code, 1, stderr);
  assert.match(stdout, /^PROVIDER +STEP +RESULT/);
  assert.match(stdout, /^acme +create +failed .*upstream_credential_refused \(POST .* 401 REFUSED\)/m);
  assert.ok(!`${stdout}${stderr}`.includes('f7Kq2mX9bT4wZ8'));
});

test('a provider that is not there: discovery fails, and nothing else is tried', async () => {
  const { code, stdout } = await check('any', [], 'http://127.0.0.1:1');
  assert.equal(code, 1);
  assert.equal(stdout.trimEnd().split('\n').length, 2);
  assert.match(
    stdout,
    /^acme +discovery +failed .*upstream_unreachable \(GET 127\.0\.0\.1:1 ECONNREFUSED\)/m,
  );
});
