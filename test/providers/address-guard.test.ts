/** S-SSRF-01, -02, -12: which addresses are called, whatever name or spelling leads there. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { after, before, describe, test } from 'node:test';
import { addressGuard, isListableNetwork } from '../../src/providers/outbound/address-guard.ts';
import { startDeadline } from '../../src/providers/outbound/deadline.ts';
import { OutboundError } from '../../src/providers/outbound/evidence.ts';
import { createOutbound, type Outbound } from '../../src/providers/outbound/outbound.ts';
import { proveGuard } from '../../src/providers/outbound/self-test.ts';
import { startCanary } from '../support/upstream-scripted.ts';
import { failure } from './support.ts';

const REFUSED = [
  ...['0.0.0.0', '0.1.2.3', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
  ...['172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.51.100.1'],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '64:ff9b::808:808', '100::1'],
  ...['2001:db8::1', '2002:7f00:1::', '2001::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'ff02::1'],
  ...['', 'localhost', '127.1.example'],
];
const PUBLIC = ['8.8.8.8', '1.1.1.1', '172.32.0.1', '192.169.0.1', '2606:4700::1111', '2a00:1450::1'];

describe('S-SSRF-01', () => {
  const isAllowed = addressGuard({ networks: [], loopback: false });
  test('every address that is not public is refused', () => {
    for (const address of REFUSED) assert.equal(isAllowed(address), false, address);
  });
  test('public addresses are allowed', () => {
    for (const address of PUBLIC) assert.equal(isAllowed(address), true, address);
  });
  test('a listed network is allowed, and no other; a metadata service never', () => {
    const corporate = addressGuard({ networks: ['10.20.0.0/16', 'fd12::/16'], loopback: false });
    for (const address of ['10.20.0.1', 'fd12::1', ...PUBLIC])
      assert.equal(corporate(address), true, address);
    for (const address of ['10.21.0.1', 'fd13::1', '192.168.0.1', '127.0.0.1', '::ffff:10.20.0.1'])
      assert.equal(corporate(address), false, address);
    const everything = addressGuard({ networks: ['0.0.0.0/0', '::/0'], loopback: true });
    for (const address of ['169.254.169.254', 'fe80::1', 'fd00:ec2::254'])
      assert.equal(everything(address), false, address);
    assert.equal(isListableNetwork('0.0.0.0/0'), false);
  });
  test('loopback in development is loopback only', () => {
    const development = addressGuard({ networks: [], loopback: true });
    assert.ok(development('127.0.0.1') && development('::1'));
    assert.ok(!development('10.0.0.1') && !development('0.0.0.0'));
  });
});

describe('on the way out', () => {
  let canary: Awaited<ReturnType<typeof startCanary>>;
  before(async () => {
    canary = await startCanary();
  });
  after(() => canary.close());

  function outbound(addresses: readonly string[] = [], allowLoopback = false): Outbound {
    return createOutbound({
      networks: [],
      allowLoopback,
      maxConcurrent: 4,
      maxWaitMs: 100,
      tls: {},
      nowMs: () => performance.now(),
      resolve: (_, done) =>
        done(
          null,
          addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
    });
  }

  async function codeOf(way: Outbound, url: string): Promise<string> {
    const { signal, clear } = startDeadline(1000);
    const failed = await failure(way.request({ method: 'GET', url: new URL(url), headers: {} }, signal));
    clear();
    way.close();
    assert.deepEqual([failed.reason, failed.outcome], ['upstream_unreachable', 'not_done']);
    assert.ok(failed.cause instanceof OutboundError);
    return failed.cause.code;
  }

  test('every spelling of loopback is refused before a connection is made', async () => {
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f000001',
      '017700000001',
      '127.1',
      '[::1]',
      '[::ffff:7f00:1]',
    ])
      assert.equal(await codeOf(outbound(), `https://${host}:${canary.port}/`), 'ADDRESS_REFUSED', host);
    assert.equal(canary.reached(), 0);
  });

  test('S-SSRF-02: what is connected to is what was judged; one wrong address condemns a name', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      ['8.8.8.8', '127.0.0.1'],
      ['::ffff:127.0.0.1'],
      ['169.254.169.254'],
      [],
    ]) {
      const code = await codeOf(outbound(addresses), `https://rebound.example:${canary.port}/`);
      assert.equal(code, 'ADDRESS_REFUSED', addresses.join());
    }
    assert.equal(canary.reached(), 0);
  });

  test('S-SSRF-02: the name is resolved once for a connection, so a second answer can not differ', async () => {
    let asked = 0;
    const way = createOutbound({
      networks: [],
      allowLoopback: true,
      maxConcurrent: 1,
      maxWaitMs: 100,
      tls: {},
      nowMs: () => performance.now(),
      resolve: (_, done) => {
        asked += 1;
        done(null, [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
      },
    });
    const { signal, clear } = startDeadline(1000);
    const url = new URL(`http://rebound.example:${canary.port}/`);
    await failure(way.request({ method: 'GET', url, headers: {} }, signal));
    clear();
    way.close();
    assert.deepEqual([asked, canary.reached()], [1, 1]);
  });

  test('plain http is refused but to loopback, where it was asked for', async () => {
    assert.equal(await codeOf(outbound(['8.8.8.8']), 'http://idp.example/'), 'INSECURE');
    assert.equal(await codeOf(outbound(), 'ftp://8.8.8.8/'), 'INSECURE');
  });

  test('S-SSRF-12: the proof holds for a guard that guards, and fails for one that does not', async () => {
    const made = { networks: [], maxConcurrent: 1, maxWaitMs: 100, tls: {}, nowMs: () => performance.now() };
    await proveGuard(() => createOutbound({ ...made, allowLoopback: false }));
    await assert.rejects(
      proveGuard(() => createOutbound({ ...made, allowLoopback: true })),
      /the guard against calls into private networks does not work/,
    );
  });
});
