import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redirectUri } from '../../src/clients/redirect-uri.ts';

const schema = redirectUri(2048);
const accepts = (text: string) => schema.safeParse(text).success;

test('what portals send while nothing redirects is kept as it came', () => {
  const seen = [
    '*',
    'localhost:3000',
    'https://app.example/callback',
    'http://app.example',
    'myapp://cb',
    'x',
  ];
  for (const uri of seen) assert.equal(schema.parse(uri), uri);
});

const SCHEMES = ['javascript', 'data', 'vbscript', 'blob', 'file', 'about', 'intent'];

test('S-DCR-14: a script scheme is refused in any case, behind any white space', () => {
  for (const scheme of SCHEMES) {
    for (const uri of [
      `${scheme}:alert(1)`,
      `${scheme.toUpperCase()}:x`,
      ` ${scheme}:x`,
      `\u00a0\u3000${scheme}:x`,
      `${scheme} :x`,
      `${scheme}://x`,
    ]) {
      assert.ok(!accepts(uri), JSON.stringify(uri));
    }
  }
});

test('S-DCR-14: no mix of case and of what browsers strip brings a script scheme through', () => {
  const stripped = fc.stringMatching(/^[\t\n\r\f\v \u0000-\u001f\u2028\ufeff\u00a0]{0,4}$/);
  const scheme = fc.constantFrom(...SCHEMES);
  const cases = fc.array(fc.boolean(), { minLength: 10, maxLength: 10 });
  const inside = fc.tuple(fc.nat(9), fc.constantFrom('', '\t', '\n', '\r'));
  fc.assert(
    fc.property(stripped, scheme, cases, inside, stripped, (before, name, upper, [at, blank], after) => {
      const mixed = [...name].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join('');
      assert.ok(!accepts(`${before}${mixed.slice(0, at)}${blank}${mixed.slice(at)}${after}:alert(1)`));
    }),
  );
});

test('S-DCR-14: what a browser would read as a script is never accepted', () => {
  const part = fc.string({ unit: 'binary-ascii', maxLength: 6 });
  fc.assert(
    fc.property(part, fc.constantFrom(...SCHEMES), part, (before, scheme, after) => {
      const uri = `${before}${scheme}:${after}`;
      const read = URL.parse(uri)?.protocol;
      assert.ok(!(accepts(uri) && SCHEMES.includes(read?.slice(0, -1) ?? '')), JSON.stringify(uri));
    }),
    { numRuns: 2000 },
  );
});

test('S-DCR-14: control characters and bidirectional overrides are refused anywhere', () => {
  for (const character of ['\0', '\t', '\n', '\r', '\u001b', '\u007f', '\u0085', '\u2028', '\u202e']) {
    for (const uri of [`${character}https://a.example`, `https://a${character}.example`]) {
      assert.ok(!accepts(uri), JSON.stringify(uri));
    }
  }
});

test('a redirect URI is bounded and not empty', () => {
  assert.ok(!accepts(''));
  assert.ok(accepts('x'.repeat(2048)));
  assert.ok(!accepts('x'.repeat(2049)));
});
