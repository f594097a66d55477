import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerNetwork } from '../../src/lib/caller-network.ts';

test('S-DOS-02: whoever has a network of IPv6 is one caller, however the addresses in it are written', () => {
  for (const address of [
    '2001:db8:0:7::1',
    '2001:db8:0:7:ffff:ffff:ffff:ffff',
    '2001:0DB8:0000:0007::',
    '2001:db8:0:7:0:0:0:1',
    '2001:db8::7:1:2:3:4',
  ]) {
    assert.equal(callerNetwork(address), '2001:db8:0:7::/64', address);
  }
  assert.equal(callerNetwork('2001:db8:0:8::1'), '2001:db8:0:8::/64');
  assert.equal(callerNetwork('::1'), '0:0:0:0::/64');
  assert.equal(callerNetwork('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('an IPv4 address is a caller of its own, also where a socket for both tells of it', () => {
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '']) assert.equal(callerNetwork(address), address);
});
