/** The engine takes memory and time only where a request needs it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { portal, postToken } from '../support/bridge.ts';
import { startService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

const SAID = 'oidc-provider is loaded';

test('oidc-provider is loaded once, by the first requests that need it, and not before', async () => {
  const tells = join(tempDir('hook'), 'tells.cjs');
  writeFileSync(
    tells,
    `require('node:module').registerHooks({
      load(url, context, next) {
        if (url.endsWith('/node_modules/oidc-provider/lib/index.js')) console.error('${SAID}');
        return next(url, context);
      },
    });`,
  );
  const service = await startService({ env: { NODE_OPTIONS: `--require=${tells}` } });
  const loads = () => service.output.filter((line) => line.includes(SAID)).length;
  try {
    const { body: client } = await portal(service).create();
    const authorization = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`;
    const ask = (more: Readonly<Record<string, string>>) =>
      postToken(service, { grant_type: 'client_credentials', ...more }, { authorization });
    assert.equal((await ask({})).status, 200);
    assert.equal((await ask({ scope: 'admin' })).status, 400);
    assert.equal(loads(), 0);

    const answers = await Promise.all(['a', 'b', 'c'].map((nonce) => ask({ nonce })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
  } finally {
    await service.stop();
  }
  assert.equal(loads(), 1);
});
