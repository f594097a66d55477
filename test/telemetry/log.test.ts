import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Refusal } from '../../src/lib/refusal.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { UpstreamFailure } from '../../src/registration/upstream.ts';
import { errorFields, inFull } from '../../src/telemetry/error-fields.ts';

/** What a logger writes, line by line: it writes to stdout, so it runs in a process of its own. */
function logged(statements: string, level = 'trace'): string[] {
  const source = `
    import { createLogger } from './src/telemetry/log.ts';
    const log = createLogger(${JSON.stringify(level)});
    ${statements}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    cwd: new URL('../..', import.meta.url),
  });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter(Boolean);
}

test('L-26, S-LOG-02: of an error only type, message, stack, code and causes are logged', () => {
  const cause = Object.assign(new Error('inner'), {
    code: 'ECONNREFUSED',
    command: { args: ['canary-in-cause'] },
  });
  const error = Object.assign(new Error('outer', { cause }), {
    command: { name: 'set', args: ['canary-in-command'] },
    headers: { authorization: 'canary-in-header' },
    code: { toString: () => 'canary-in-code' },
  });
  const safe = errorFields(error) as Record<string, unknown>;
  assert.deepEqual(Object.keys(safe).sort(), ['cause', 'message', 'stack', 'type']);
  assert.equal((safe.cause as Record<string, unknown>).code, 'ECONNREFUSED');
  assert.ok(!JSON.stringify(safe).includes('canary'));
});

test('S-LOG-04: what is thrown and is no error is named by its type, not shown', () => {
  for (const thrown of ['canary', { secret: 'canary' }, 7, null, undefined]) {
    assert.deepEqual(errorFields(thrown), { type: typeof thrown });
  }
});

test('a chain of causes that never ends is cut', () => {
  const error = new Error('round');
  error.cause = error;
  assert.ok(JSON.stringify(errorFields(error)).length < 20_000);
  const expected = new StoreUnavailable('round', 'unknown');
  expected.cause = expected;
  assert.ok(JSON.stringify(errorFields(expected)).length < 1000);
});

test('an expected failure is one short line with its causes and their code, and no stack; so too by the logger', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const ours = new TypeError('x is not a function');
  const cases = [
    [
      new StoreUnavailable('durability', 'not_done', refused),
      {
        type: 'StoreUnavailable',
        message: 'store unavailable: durability: connect ECONNREFUSED 127.0.0.1:1',
        code: 'ECONNREFUSED',
      },
    ],
    [
      new StoreUnavailable('clients.read', 'not_done', ours),
      {
        type: 'StoreUnavailable',
        message: 'store unavailable: clients.read: TypeError: x is not a function',
      },
    ],
    [
      new UpstreamFailure('upstream_timeout', 'unknown', { cause: refused }),
      {
        type: 'UpstreamFailure',
        message: 'upstream_timeout: connect ECONNREFUSED 127.0.0.1:1',
        code: 'ECONNREFUSED',
      },
    ],
    [new Refusal('ring_unavailable'), { type: 'Refusal', message: 'ring_unavailable' }],
  ] as const;
  for (const [error, fields] of cases) assert.deepEqual(errorFields(error), fields);
  assert.match(JSON.stringify(inFull(cases[0][0])), /"stack".*"cause".*"stack"/, 'but what nobody caught');
  const [line = ''] = logged(`
    import { StoreUnavailable } from './src/lib/store-unavailable.ts';
    log.warn({ request_id: 'r', err: new StoreUnavailable('x', 'unknown', new Error('y')) }, 'z');`);
  assert.deepEqual(
    Object.entries(JSON.parse(line)).filter(([name]) => name !== 'time'),
    [
      ['level', 'warn'],
      ['request_id', 'r'],
      ['err', { type: 'StoreUnavailable', message: 'store unavailable: x: y' }],
      ['msg', 'z'],
    ],
  );
});

test('what nobody expected keeps its stack', () => {
  assert.match((errorFields(new TypeError('x')) as { stack: string }).stack, /log\.test\.ts/);
});

test('S-LOG-05: one JSON object per line, whatever is in a field', () => {
  const lines = logged(
    String.raw`log.info({ name: 'a\r\n{"level":"fatal"}\u2028\u001b[31m' }, 'x\ny'); log.warn({ err: new Error('a\nb') }, 'z');`,
  );
  assert.equal(lines.length, 2);
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.equal(first.msg, 'x\ny');
  assert.equal(second.err.message, 'a\nb');
  assert.ok(!/[\u0000-\u001f]/.test(lines.join('')), 'no raw control character reaches a terminal');
});

test('S-LOG-04: members that hold secrets are masked even where one is passed by mistake', () => {
  const [line] = logged(
    `log.info({ client_secret: 'canary', api_key: 'canary', authorization: 'canary', 'x-api-key': 'canary',
       access_token: 'canary', key_encryption_key: 'canary', body: { client_secret: 'canary' } }, 'oops');`,
  );
  assert.ok(line?.includes('[redacted]'));
  assert.ok(!line?.includes('canary'));
});

test('the level decides what is written', () => {
  const all = `for (const level of ['error', 'warn', 'info', 'debug']) log[level]({}, level);`;
  assert.deepEqual(
    logged(all, 'warn').map((line) => JSON.parse(line).level),
    ['error', 'warn'],
  );
  assert.deepEqual(logged(all, 'silent'), []);
});
