/** Which texts of `htu` are our token endpoint: what two writings of one URL may differ in, and nothing more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proofUrl } from '../../src/tokens/proof-url.ts';

const URL_OF_OURS = 'https://auth.example/tenant/oauth2/token';

test('a URL may be written in every way that RFC 3986 calls the same', () => {
  for (const same of [
    'HTTPS://AUTH.example/tenant/oauth2/token',
    'https://auth.example:443/tenant/oauth2/token',
    'https://auth.example:/tenant/oauth2/token',
    'https://auth.example/tenant/oauth2/token?a=b#c',
    'https://auth.example/tenant/oauth2/token?',
    'https://auth.example/tenant/./x/../oauth2/token',
    'https://auth.example/tenant/oauth2/%74oken',
    'https://auth.example/%74enant/oauth2/toke%6E',
    'https://%61uth.example/tenant/oauth2/token',
  ]) {
    assert.equal(proofUrl(same), URL_OF_OURS, same);
  }
  assert.equal(
    proofUrl('http://127.0.0.1:80/a%2fb%2F'),
    'http://127.0.0.1/a%2Fb%2F',
    'an escaped slash stays',
  );
});

test('S-POP-05: another scheme, host, port, path or user is another URL, or none', () => {
  for (const other of [
    'http://auth.example/tenant/oauth2/token',
    'https://auth.example:444/tenant/oauth2/token',
    'https://auth.example.evil.example/tenant/oauth2/token',
    'https://auth.example./tenant/oauth2/token',
    'https://auth.example@evil.example/tenant/oauth2/token',
    'https://evil@auth.example/tenant/oauth2/token',
    'https://:x@auth.example/tenant/oauth2/token',
    'https://auth.example/tenant/oauth2/token/',
    'https://auth.example/tenant//oauth2/token',
    'https://auth.example/Tenant/oauth2/token',
    'https://auth.example/tenant%2Foauth2/token',
    'https://auth.example/tenant/oauth2/%2574oken',
    '/tenant/oauth2/token',
    'tenant/oauth2/token',
    'https:/auth.example/tenant/oauth2/token',
    'https:///auth.example/tenant/oauth2/token',
    'https:\\\\auth.example\\tenant\\oauth2\\token',
    ' https://auth.example/tenant/oauth2/token',
    'https://auth.example/tenant/oauth2/token\n',
    'https://auth.example/ten\tant/oauth2/token',
    'data:https://auth.example/tenant/oauth2/token',
    '',
    undefined,
    null,
    7,
    [URL_OF_OURS],
  ]) {
    assert.notEqual(proofUrl(other), URL_OF_OURS, String(other));
  }
  assert.equal(proofUrl('https://'), undefined);
  assert.equal(proofUrl('https://a b/'), undefined);
});
