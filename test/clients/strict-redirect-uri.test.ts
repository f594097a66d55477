/** S-DCR-14, S-DCR-15: where something redirects, a redirect URI can be read in one way only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { strictRedirectUriProblem } from '../../src/clients/strict-redirect-uri.ts';

const problem = (text: string, hosts: readonly string[] = ['*']) => strictRedirectUriProblem(text, hosts);

test('https in its normal form is allowed, and http for this machine on any port (RFC 8252 section 7.3)', () => {
  for (const uri of [
    'https://app.example.com',
    'https://app.example.com/',
    'https://app.example.com:8443/callback?tenant=7&next=%2Fhome',
    'https://xn--bcher-kva.example/callback',
    'http://localhost:3000/callback',
    'http://127.0.0.1:51004/',
    'http://[::1]:51004/callback',
  ]) {
    assert.equal(problem(uri), undefined, uri);
  }
});

const HTTPS = /must be an absolute https URI/;
const NORMAL = /normal form/;
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['a wildcard alone', '*', /wildcard/],
  ['a host without a scheme', 'localhost:3000', HTTPS],
  ['http on another machine', 'http://app.example.com/callback', HTTPS],
  ['http on what only looks like this machine', 'http://localhost.evil.example/', HTTPS],
  ['http on an address of this machine in another notation', 'http://127.1/', NORMAL],
  ['a private-use scheme', 'com.example.app:/callback', HTTPS],
  ['a relative reference', '/callback', HTTPS],
  ['a reference without a scheme', '//app.example.com/', HTTPS],
  ['a fragment', 'https://app.example.com/#state', /fragment/],
  ['an empty fragment', 'https://app.example.com/#', /fragment/],
  ['a user name', 'https://good@evil.example/', /user name/],
  ['several user names', 'https://a@b@evil.example/', /user name/],
  ['an empty user name', 'https://@evil.example/', /user name/],
  ['a password', 'https://a:b@evil.example/', /user name/],
  ['any host', 'https://*.example.com/', /wildcard/],
  ['any path', 'https://app.example.com/*', /wildcard/],
  ['a backslash before the host', 'https:\\\\app.example.com/', /backslash/],
  ['a backslash after the host', 'https://app.example.com\\@evil.example', /backslash/],
  ['an encoded backslash', 'https://app.example.com/%5C..', /backslash/],
  ['an encoded slash', 'https://app.example.com/a%2F..%2fb', /slash/],
  ['dot segments', 'https://app.example.com/a/../b', NORMAL],
  ['a dot segment at the end', 'https://app.example.com/a/.', NORMAL],
  ['encoded dot segments', 'https://app.example.com/a/%2e%2E/b', NORMAL],
  ['a look-alike in another script', 'https://\u0430pple.example/', /ASCII/],
  ['a full-width dot', 'https://app\uff0eexample.com/', /ASCII/],
  ['an encoded host', 'https://ex%61mple.com/', NORMAL],
  ['a host in capitals', 'https://App.Example.com/', NORMAL],
  ['a scheme in capitals', 'HTTPS://app.example.com/', NORMAL],
  ['a default port', 'https://app.example.com:443/', NORMAL],
  ['an address in octal', 'https://0177.0.0.1/', NORMAL],
  ['an address as one number', 'https://2130706433/', NORMAL],
  ['a host that ends in a dot', 'https://app.example.com./', /dot/],
  ['a host that ends in a dot, with a port', 'https://app.example.com.:8443/cb', /dot/],
  ['one slash', 'https:/app.example.com/', NORMAL],
  ['no slash', 'https:app.example.com/', NORMAL],
  ['a blank inside', 'https://app.example.com/a b', /blanks/],
  ['a tab inside', 'https://app.exa\tmple.com/', /blanks/],
  ['no host', 'https://', HTTPS],
];

for (const [what, uri, says] of REFUSED) {
  test(`S-DCR-15 refused where something redirects: ${what}`, () => {
    const message = problem(uri) ?? assert.fail(`allowed: ${uri}`);
    assert.match(message, says);
    assert.ok(!message.includes(uri) || uri === '*', 'repeats what was received');
  });
}

test('S-DCR-14 no scheme but https, and http on this machine, whatever is around it', () => {
  const scheme = fc.constantFrom(
    'javascript',
    'data',
    'vbscript',
    'blob',
    'file',
    'about',
    'intent',
    'ftp',
    'ws',
  );
  const around = fc.stringMatching(/^[\t\n\r @/\\:#?*%.a-z]{0,6}$/);
  fc.assert(
    fc.property(around, scheme, around, (before, name, after) => {
      for (const written of [name, name.toUpperCase()]) {
        assert.notEqual(problem(`${before}${written}:${after}`), undefined);
      }
    }),
  );
});

test('S-DCR-15 what is allowed is read by a browser as it is written, on a host of the list', () => {
  const piece = fc.constantFrom(
    ...[
      'https:',
      'http:',
      '/',
      '//',
      '\\',
      '@',
      ':',
      '.',
      '..',
      '%2e',
      '*',
      '#',
      '?',
      '443',
      '80',
      ' ',
      '\t',
    ],
    ...[
      'app.example.com',
      'evil.example',
      'example.com',
      'localhost',
      '127.0.0.1',
      'a',
      'EXAMPLE',
      'xn--p1ai',
    ],
  );
  const anywhere = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const behindHost = anywhere.map((text) => `https://app.example.com${text}`);
  let allowed = 0;
  fc.assert(
    fc.property(fc.oneof(anywhere, behindHost), (uri) => {
      if (problem(uri, ['*.example.com', 'localhost']) !== undefined) return;
      allowed += 1;
      const url = new URL(uri);
      assert.ok([uri, `${uri}/`].includes(url.href), uri);
      assert.ok(url.protocol === 'https:' || url.hostname === 'localhost', uri);
      assert.ok(url.hostname === 'localhost' || url.hostname.endsWith('.example.com'), uri);
      assert.equal(url.username + url.password + url.hash, '', uri);
    }),
    { numRuns: 3000 },
  );
  assert.ok(allowed > 50, `only ${allowed} were allowed: the property saw too little`);
});

test('S-DCR-33 a host that the policy does not name is refused, by whole labels', () => {
  const hosts = ['*.example.com', 'portal.example.org'];
  for (const uri of ['https://app.example.com/cb', 'https://portal.example.org:8443/']) {
    assert.equal(problem(uri, hosts), undefined, uri);
  }
  for (const uri of [
    ...['https://attackerexample.com/', 'https://example.com/', 'https://app.example.com.evil.example/'],
    ...['https://a.portal.example.org/', 'http://localhost/', 'http://127.0.0.1:8080/', 'https://192.0.2.1/'],
  ]) {
    assert.match(problem(uri, hosts) ?? 'allowed', /policy does not name/, uri);
  }
});
