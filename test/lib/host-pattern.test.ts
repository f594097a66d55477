import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isHostPattern, matchesHost } from '../../src/lib/host-pattern.ts';

test('S-DCR-33 an allowed host is matched by whole labels, from its end', () => {
  const below = ['*.example.com'];
  for (const host of ['a.example.com', 'b.a.example.com', 'xn--bcher-kva.example.com']) {
    assert.ok(matchesHost(host, below), host);
  }
  for (const host of [
    ...['attackerexample.com', 'example.com', '.example.com', 'example.com.attacker.com', 'a.example.org'],
    ...['a-example.com', 'a.example.com.', 'a.example.com:443', 'A.EXAMPLE.COM', ''],
  ]) {
    assert.ok(!matchesHost(host, below), host);
  }
});

test('a name alone is that name; "*" is any; an empty list is none', () => {
  assert.ok(matchesHost('example.com', ['a.example', 'example.com']));
  for (const host of ['a.example.com', 'example.co', 'xexample.com']) {
    assert.ok(!matchesHost(host, ['example.com']), host);
    assert.ok(matchesHost(host, ['*']), host);
    assert.ok(!matchesHost(host, []), host);
  }
});

test('S-DCR-33 what is matched ends in the pattern and has whole labels before it', () => {
  const label = fc.stringMatching(/^[a-z0-9-]{1,5}$/);
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (labels) => {
      const host = labels.join('.');
      const expected = labels.length > 2 && labels.slice(-2).join('.') === 'example.com';
      assert.equal(matchesHost(host, ['*.example.com']), expected);
      assert.ok(matchesHost(`${host}.example.com`, ['*.example.com']));
      assert.ok(!matchesHost(`${host}example.com`, ['*.example.com']));
    }),
  );
});

test('a pattern has its wildcard as a whole first label or not at all', () => {
  for (const pattern of ['*', 'localhost', 'a.example', '*.example.com', '127.0.0.1', '[::1]', 'xn--p1ai']) {
    assert.ok(isHostPattern(pattern), pattern);
  }
  for (const pattern of [
    ...['', '*.', '.example.com', 'a.', '*example.com', 'a*.example.com', 'a.*.com', '*.*.com', '**'],
    ...['Example.com', 'a.example:443', 'https://a.example', 'bücher.example', 'a b', '-a.example', '::1'],
  ]) {
    assert.ok(!isHostPattern(pattern), pattern);
  }
});
