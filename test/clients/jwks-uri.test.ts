/** S-SSRF-01, at registration: which `jwks_uri` is refused before anybody calls anything. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jwksUri, jwksUriProblem } from '../../src/clients/jwks-uri.ts';
import { addressGuard } from '../../src/providers/outbound/address-guard.ts';

function rules({ hosts = ['*'], networks = [] as string[], allowLoopback = false } = {}) {
  return { hosts, allowLoopback, isAllowedAddress: addressGuard({ networks, loopback: allowLoopback }) };
}

describe('its form', () => {
  const wrong = [
    ...[
      '',
      'keys.example.com',
      '/jwks',
      'ftp://keys.example.com/',
      'file:///etc/passwd',
      'data:application/json,',
    ],
    ...['https://user@keys.example.com/', 'https://:pw@keys.example.com/', 'https://@keys.example.com/'],
    ...['https://keys.example.com/#kid', 'https://keys.example.com\\@evil.example/', 'https://a\\b/'],
    ...[' https://keys.example.com/', 'https://keys.example.com/\n', 'ht\ttps://keys.example.com/'],
    ...[
      'https://keys.example.com/\u202e',
      'https://',
      'https://?x',
      'https:keys.example.com',
      'https://a b/',
    ],
    `https://keys.example.com/${'x'.repeat(2048)}`,
    ...[7, {}, ['https://keys.example.com/']],
  ];
  for (const text of wrong)
    test(`${JSON.stringify(text).slice(0, 50)} is refused`, () => {
      assert.equal(jwksUri.safeParse(text).success, false);
    });
  test('what is right is kept to the letter', () => {
    for (const text of [
      'https://keys.example.com/jwks?x=1',
      'HTTPS://Keys.Example.com',
      'https://[2606:4700::1]:8443/',
    ])
      assert.equal(jwksUri.parse(text), text);
  });
});

describe('where it leads', () => {
  const refusedBy = (text: string, given = rules()) => jwksUriProblem(jwksUri.parse(text), given);

  test('S-SSRF-01: every spelling of an address that is not public is refused', () => {
    for (const host of [
      ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
      ...['2130706433', '0x7f000001', '017700000001', '127.1', '0x7f.1', '127.0.0.1.', '①②⑦.0.0.1'],
      ...[
        '[::1]',
        '[::]',
        '[::ffff:127.0.0.1]',
        '[::ffff:7f00:1]',
        '[64:ff9b::7f00:1]',
        '[fd00::1]',
        '[fe80::1]',
      ],
      ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'],
    ])
      assert.equal(refusedBy(`https://${host}/jwks`), 'must not lead into a private network', host);
  });

  test('a public address and a name are taken, over https alone', () => {
    for (const host of ['1.1.1.1', '[2606:4700::1111]', 'keys.example.com', 'keys.example.com:8443'])
      assert.equal(refusedBy(`https://${host}/jwks`), undefined, host);
    assert.equal(refusedBy('http://keys.example.com/jwks'), 'must be an https URL');
  });

  test('a listed network is taken, and http to it is not', () => {
    const given = rules({ networks: ['10.20.0.0/16'] });
    assert.equal(refusedBy('https://10.20.1.1/jwks', given), undefined);
    assert.match(refusedBy('https://10.21.1.1/jwks', given) ?? '', /private network/);
    assert.equal(refusedBy('http://10.20.1.1/jwks', given), 'must be an https URL');
  });

  test('only the hosts of the policy are taken, by whole labels; without one nothing is', () => {
    const given = rules({ hosts: ['keys.example.com', '*.apps.example.com'] });
    for (const host of [
      'keys.example.com',
      'KEYS.example.com',
      'a.apps.example.com',
      'keys.example.com:8443',
    ])
      assert.equal(refusedBy(`https://${host}/jwks`, given), undefined, host);
    for (const host of [
      'apps.example.com',
      'evilkeys.example.com',
      'keys.example.com.evil.example',
      '1.1.1.1',
    ])
      assert.match(refusedBy(`https://${host}/jwks`, given) ?? '', /policy does not name/, host);
    assert.match(refusedBy('https://keys.example.com/', rules({ hosts: [] })) ?? '', /send the keys as jwks/);
  });

  test('in development loopback is taken, http to it too, and to nowhere else', () => {
    const given = rules({ allowLoopback: true });
    for (const text of [
      'http://127.0.0.1:1/',
      'http://[::1]:1/',
      'http://localhost:1/',
      'https://localhost/',
    ])
      assert.equal(refusedBy(text, given), undefined, text);
    for (const text of [
      'http://keys.example.com/',
      'http://1.1.1.1/',
      'https://10.0.0.1/',
      'http://0.0.0.0/',
    ])
      assert.notEqual(refusedBy(text, given), undefined, text);
  });
});
