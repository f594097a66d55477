/**
 * Runs the README's shell blocks, each as the comment before it says, so that none can rot:
 *
 *   sh: start              in a clean copy of the checkout, on the default ports, until Ctrl-C
 *   sh: with the service   as pasted into a shell, while the block before runs
 *   sh: alone              as pasted into a shell, in a clean copy
 *   sh: ci                 by `.ci/run`, on a checkout without packages
 *   sh: not run, REASON
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { firstStartText } from '../src/commands/first-start.ts';
import { loadConfig } from '../src/config/load.ts';
import { BLOCKS, PROJECT, README, shellBlocks } from './readme/blocks.ts';
import { type CleanCopy, cleanCopy, paste, SHELLS } from './readme/clean-copy.ts';
import { requireFreePorts, type Started, startBlock } from './readme/started.ts';
import { claimsOf, send } from './support/bridge.ts';

test('every block says what it is, and every shell block how it is run', () => {
  assert.equal(README.match(/^```/gm)?.length, BLOCKS.length * 2, 'a fence that is not understood');
  for (const { language, marker, text } of BLOCKS) {
    assert.match(language, /^(?:sh|text)$/, text);
    if (language === 'sh') {
      assert.match(marker, /^sh: (?:start|ci|alone|with the service|not run, .{10,})$/, text);
    }
  }
});

test('one block starts, and the one that CI runs is the test command', () => {
  assert.deepEqual(shellBlocks('start'), ['npm ci && npm start\n']);
  assert.deepEqual(shellBlocks('ci'), ['npm ci && npm test\n']);
  assert.ok(readFileSync(join(PROJECT, '.ci/run'), 'utf8').includes('<!-- sh: ci -->'));
});

test('what the README says that a first start prints is what it prints', () => {
  const [shown] = BLOCKS.filter(({ marker }) => marker === 'what npm start prints');
  const printed = firstStartText(
    { name: 'dev', key: 'dcrk_YOUR_KEY' },
    { issuer: 'http://localhost:3000', management: { host: '127.0.0.1', port: 3001 } },
  );
  assert.equal(shown?.text.trim(), printed.trim());
});

describe('after the first block', () => {
  let copy: CleanCopy;
  let service: Started;

  before(async () => {
    await requireFreePorts(3000, 3001, 3002);
    copy = cleanCopy();
    const [block = ''] = shellBlocks('start');
    service = await startBlock(block, copy);
  });
  after(() => service?.interrupt());

  for (const shell of SHELLS) {
    test(`the printed lines, pasted into ${shell}, give a client, a token and the keys`, () => {
      const lines = service
        .output()
        .split('\n')
        .filter((line) => /^ +(?:client=\$\()?curl /.test(line));
      assert.equal(lines.length, 3, service.output());
      const { status, stdout, stderr } = paste(`${lines.join('\n')}\n`, shell, copy);
      assert.deepEqual([status, stderr], [0, '']);
      const [client, token, jwks] = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.match(client.client_secret, /^dcrs_/);
      assert.ok(token.access_token !== undefined, stdout);
      assert.equal(claimsOf(token.access_token).azp, client.client_id);
      assert.ok(jwks.keys.some(({ alg }: { alg: string }) => alg === 'RS256'));
    });
  }

  test('the blocks that go with it work as pasted', () => {
    const blocks = shellBlocks('with the service');
    assert.ok(blocks.length > 0);
    for (const text of blocks) {
      const { status, stderr } = paste(text, 'dash', copy);
      assert.equal(status, 0, `${text}\n${stderr}`);
    }
  });

  test('the line for a lost key gives one that works', async () => {
    const [, command = ''] = /^Lost the key\? (.*)$/m.exec(service.output()) ?? [];
    const { status, stdout, stderr } = paste(`${command}\n`, 'dash', copy);
    assert.equal(status, 0, stderr);
    const [key = ''] = /dcrk_\w+/.exec(stdout) ?? [];
    const answer = await send('http://127.0.0.1:3001/bridge/local/clients', {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(answer.status, 201, answer.text);
  });

  test('every path of the checkout that the README names is there', () => {
    const named = README.matchAll(
      /(?:\]\(|`)((?:(?:src|test|config|keys|data|\.ci)\/|docker-compose\.yml|LICENSE)[^)`\s]*)/g,
    );
    const paths = [...named].map(([, path = '']) => path);
    assert.ok(paths.length > 10);
    for (const path of paths) assert.ok(existsSync(join(copy.directory, path)), path);
  });

  test('every path of the service that the README names is served', async () => {
    const paths = new Set([...README.matchAll(/`(\/[a-z0-9._/-]*[a-z])`/g)].map(([, path = '']) => path));
    assert.ok(paths.has('/readyz') && paths.has('/metrics'));
    for (const path of paths) {
      const answers = await Promise.all(
        [3000, 3001, 3002].map((port) => send(`http://127.0.0.1:${port}${path}`)),
      );
      assert.ok(
        answers.some(({ status }) => status !== 404),
        path,
      );
    }
  });

  test('every metric of ours is in the README, and every one in the README is there', async () => {
    const { text } = await send('http://127.0.0.1:3002/metrics');
    const served = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name));
    const named = new Set(
      [...README.matchAll(/`((?:dcr_bridge|nodejs|process)_\w+)`/g)].map(([, name = '']) => name),
    );
    for (const name of named) assert.ok(served.has(name), `${name} is not served`);
    const ours = [...served].filter((name) => name.startsWith('dcr_bridge_'));
    for (const name of ours) assert.ok(named.has(name), `${name} is not in the README`);
  });
});

describe('a block that is run alone', () => {
  for (const shell of SHELLS) {
    test(`works as pasted into ${shell}, and the secrets that it makes are accepted`, () => {
      const copy = cleanCopy();
      const blocks = shellBlocks('alone');
      assert.ok(blocks.length > 0);
      for (const text of blocks) {
        const { status, stderr } = paste(text, shell, copy);
        assert.equal(status, 0, `${text}\n${stderr}`);
      }
      const file = join(copy.directory, '.env');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const { REDIS_PASSWORD, ...env } = Object.fromEntries(
        readFileSync(file, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => line.split('=', 2)),
      );
      const store = { STORE_URL: `redis://:${REDIS_PASSWORD}@redis:6379/0` };
      const { config } = loadConfig({
        env: { ...env, ...store, ISSUER: 'https://auth.example.com' },
        cwd: copy.directory,
      });
      assert.ok(config.key_encryption_key !== undefined && config.bootstrap_portal !== undefined);
      const compose = readFileSync(join(copy.directory, 'docker-compose.yml'), 'utf8');
      for (const name of ['REDIS_PASSWORD', ...Object.keys(env)])
        assert.ok(compose.includes(`\${${name}:?`), name);
    });
  }
});
