import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { compactVerify, createLocalJWKSet, importSPKI, jwtVerify } from 'jose';
import { publish } from '../../src/keys/jwks.ts';
import { openRing } from '../../src/keys/opened-ring.ts';
import { sealRing } from '../../src/keys/ring-document.ts';
import { type SigningAlg, signerOf, signingAlg } from '../../src/keys/signing-alg.ts';
import { KEK, NOW, newRing } from './support.ts';

const ALGS = signingAlg.options;
const place = { name: 'the test', remedy: '' };

test('a token of every algorithm verifies with jose, by JWKS and by PEM', async () => {
  const ring = await newRing(ALGS);
  const opened = await openRing({ kek: KEK }, sealRing(KEK, ring), place);
  const jwks = createLocalJWKSet(JSON.parse(opened.publication.jwks.body.toString()));
  for (const alg of ALGS) {
    const key = opened.signer.key(opened.signing.get(alg)?.[0]?.kid ?? '');
    assert.ok(key);
    const { kid, sign } = key;
    const signed = `${encode({ alg, kid, typ: 'at+jwt' })}.${encode({ sub: 'client', exp: NOW })}`;
    const signature = Buffer.from(await sign(Buffer.from(signed))).toString('base64url');
    const token = `${signed}.${signature}`;

    const { payload } = await jwtVerify(token, jwks, { algorithms: [alg], currentDate: new Date(0) });
    assert.equal(payload.sub, 'client', alg);
    const pem = opened.publication.pems.get(kid)?.body.toString() ?? '';
    await compactVerify(token, await importSPKI(pem, alg));
    await assert.rejects(
      jwtVerify(`${encode({ alg, kid })}.${encode({ sub: 'other' })}.${signature}`, jwks),
      { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
      alg,
    );
  }
});

test('keys are of the size that each algorithm wants', async () => {
  const keys = publish(await newRing(ALGS)).keys.map((key) => createPublicKey({ key, format: 'jwk' }));
  const [rs256, ps256, es256, edDsa] = keys.map((key) => key.asymmetricKeyDetails);
  assert.equal(rs256?.modulusLength, 2048);
  assert.equal(rs256?.publicExponent, 65537n);
  assert.equal(ps256?.modulusLength, 2048);
  assert.equal(es256?.namedCurve, 'prime256v1');
  assert.deepEqual(edDsa, {});
  assert.deepEqual(
    keys.slice(4).map((key) => key.asymmetricKeyType),
    ['ml-dsa-44', 'ml-dsa-65'],
  );
});

test('S-JWT-07: a configuration can name no algorithm that is symmetric, absent or weak', () => {
  const refused = ['none', 'HS256', 'hs256', 'HS512', 'RS1', 'rs256', 'Ed25519', 'ES256K', '', 'toString'];
  for (const name of refused) assert.ok(!signingAlg.safeParse(name).success, name);
  const accepted: SigningAlg[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'ML-DSA-44', 'ML-DSA-65'];
  for (const name of accepted) assert.ok(signingAlg.safeParse(name).success, name);
});

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

test('S-DOS-06: a burst of RSA-4096 signatures is made beside the event loop, which has its turn all the while', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
  for (const alg of ['RS256', 'PS256'] as const) {
    const sign = signerOf(alg, privateKey);
    const burst = (count: number) =>
      Promise.all(Array.from({ length: count }, () => sign(Buffer.alloc(200))));
    await burst(8);
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    const [ofLoop, ofAll] = [process.threadCpuUsage(), process.cpuUsage()];
    const signing = burst(64);
    const loop = process.threadCpuUsage(ofLoop);
    turn();
    await signing;
    isOver = true;
    const all = process.cpuUsage(ofAll);
    // CPU time, not the clock: to hand 64 of them over costs the loop less than eight of them take.
    const oneOfThem = (all.user + all.system) / 64;
    assert.ok(loop.user + loop.system < 8 * oneOfThem, `${loop.user + loop.system} µs for ${alg}`);
    assert.ok(turns > 64, `${turns} turns of the loop while ${alg} signed`);
  }
});
