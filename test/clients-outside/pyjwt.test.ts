/** PyJWT, from Debian's package, as an API in Python would verify our tokens: by issuer, audience and JWKS URL. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { requirePackages } from '../gateways/debian-packages.ts';
import { FORGERIES } from '../gateways/forgeries.ts';
import { genuine, type Issuer, issued, PROTECTED, startIssuer } from '../gateways/issuer.ts';
import { runPython } from './run.ts';

/** Nobody listens on this port, and PyJWT does not ask. */
const NOWHERE = 'http://127.0.0.1:9';

let issuer: Issuer;
before(async () => {
  requirePackages('python3-jwt', 'python3-cryptography');
  issuer = await startIssuer();
});
after(() => issuer?.service.stop());

async function verify(audience: string, tokens: readonly string[]) {
  const { issuer: iss } = issuer.service;
  const args = [`${iss}/.well-known/jwks.json`, iss, audience];
  const { output, complaint } = await runPython('verify_tokens.py', args, `${tokens.join('\n')}\n`);
  assert.ok(output, complaint);
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

for (const wanted of PROTECTED) {
  test(`PyJWT verifies a token signed with ${wanted.alg}`, async () => {
    const [{ claims }] = await verify(wanted.resource, [await issued(issuer, wanted)]);
    assert.equal(claims.aud, wanted.resource);
    assert.equal(claims.azp, issuer.client.client_id);
    assert.equal(claims.scope, 'read write');
  });

  test(`PyJWT refuses every forgery of a token signed with ${wanted.alg}`, async () => {
    const ours = await genuine(issuer, wanted, NOWHERE);
    const forged = await Promise.all(FORGERIES.map(([, forge]) => forge(ours)));
    const results = await verify(wanted.resource, [...forged, ours.token]);
    assert.equal(results.length, FORGERIES.length + 1);
    assert.ok(results.pop().claims, 'the genuine token is refused, too');
    for (const [at, [what]] of FORGERIES.entries())
      assert.ok(results[at].refused, `a token ${what} is let in`);
  });
}
