/** Which certificates come from an authority of ours, where a proxy passes them on. */
import assert from 'node:assert/strict';
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isIssuedBy } from '../../src/tokens/certificate-chain.ts';
import { isCertificateOf } from '../../src/tokens/client-certificate.ts';
import { withoutKey, withSignature } from '../support/certificate-forgeries.ts';
import { type CertificateFiles, newAuthority, newCertificate, openssl } from '../support/certificates.ts';
import { tempDir } from '../support/temp.ts';
import { aClient, REGISTERED_KEYS } from './support.ts';

const root = newAuthority('root');
const AUTHORITY = ['basicConstraints=critical,CA:TRUE'];
/** Saying neither whose key it is nor whose signed it: only the signature tells. */
const KEYLESS = ['subjectKeyIdentifier=none', 'authorityKeyIdentifier=none'];
const LEAF = { subject: '/CN=leaf' };
const between = (name: string, by: CertificateFiles, more: object = {}) =>
  newCertificate({ subject: `/CN=${name}`, extensions: AUTHORITY, ...more }, by);
const read = ({ cert }: CertificateFiles) => new X509Certificate(cert);
/** When everything below has been made. */
const NOW = new Date(Date.now() + 60_000);
const DAY_MS = 24 * 60 * 60 * 1000;

const isIssued = (leaf: CertificateFiles, further: readonly CertificateFiles[] = [], now = NOW) =>
  isIssuedBy(read(leaf), further.map(read), [read(root)], now);

test('a chain of authorities is followed, in whatever order it comes, up to five certificates', () => {
  const authorities = [root];
  for (const name of ['a', 'b', 'c', 'd', 'e']) authorities.unshift(between(name, authorities[0] ?? root));
  const [, d, c, b, a] = authorities.slice(0, -1) as [CertificateFiles, ...CertificateFiles[]];
  assert.ok(d && c && b && a);
  assert.ok(isIssued(newCertificate(LEAF, root)));
  const leaf = newCertificate(LEAF, d);
  assert.ok(isIssued(leaf, [d, c, b, a]));
  assert.ok(isIssued(leaf, [a, c, d, b]));
  assert.ok(!isIssued(leaf, [d, c, b]), 'a link is missing');
  const deeper = newCertificate(LEAF, authorities[0]);
  assert.ok(!isIssued(deeper, authorities.slice(0, -1)), 'six');
});

test('a chain that leads back to itself ends', () => {
  const one = newAuthority('one');
  assert.ok(!isIssued(newCertificate(LEAF, one), [one, one, one]));
});

test('S-POP-02: a stranger of the same name, and who is no authority, issue nothing', () => {
  const impostor = newAuthority('root');
  assert.ok(!isIssued(newCertificate(LEAF, impostor)));
  assert.ok(!isIssued(newCertificate(LEAF, impostor), [impostor]));
  assert.ok(!isIssued(newCertificate({ ...LEAF, extensions: KEYLESS }, impostor)));
  assert.ok(isIssued(newCertificate({ ...LEAF, extensions: KEYLESS }, root)));
  const client = newCertificate({ subject: '/CN=client' }, root);
  assert.ok(!isIssued(newCertificate(LEAF, client), [client]));
});

test('S-POP-02: a certificate for servers is none of a client, and nor is one from an authority for servers', () => {
  const usage = (...usages: readonly string[]) => [`extendedKeyUsage=${usages.join(',')}`];
  const withUsage = (...usages: readonly string[]) =>
    newCertificate({ ...LEAF, extensions: usage(...usages) }, root);
  assert.ok(!isIssued(withUsage('serverAuth')));
  assert.ok(!isIssued(withUsage('codeSigning', 'emailProtection')));
  assert.ok(isIssued(withUsage('clientAuth')));
  assert.ok(isIssued(withUsage('serverAuth', 'clientAuth')));
  assert.ok(isIssued(withUsage('anyExtendedKeyUsage')));
  const forServers = between('servers', root, { extensions: [...AUTHORITY, ...usage('serverAuth')] });
  assert.ok(!isIssued(newCertificate(LEAF, forServers), [forServers]));
  const forClients = between('clients', root, { extensions: [...AUTHORITY, ...usage('clientAuth')] });
  assert.ok(isIssued(newCertificate(LEAF, forClients), [forClients]));
});

test('a certificate is good from its first to its last moment, and so is each above it', () => {
  const leaf = newCertificate({ ...LEAF, days: 10 }, root);
  const short = between('short', root, { days: 1 });
  const below = newCertificate({ ...LEAF, days: 10 }, short);
  const later = (days: number) => new Date(NOW.getTime() + days * DAY_MS);
  assert.ok(isIssued(below, [short]));
  assert.ok(!isIssued(below, [short], later(1.5)), 'the authority between is over');
  assert.ok(isIssued(leaf, [], later(1.5)));
  assert.ok(!isIssued(leaf, [], later(3)), 'our own authority is over');
  assert.ok(!isIssued(leaf, [], later(-1)), 'not yet');
});

test('a key or a signature that others can make is not believed', () => {
  assert.ok(isIssued(newCertificate({ ...LEAF, newKey: 'rsa:2048' }, root)));
  assert.ok(isIssued(newCertificate({ ...LEAF, newKey: 'ed25519' }, root)));
  assert.ok(!isIssued(newCertificate({ ...LEAF, newKey: 'rsa:1024' }, root)));
  assert.ok(!isIssued(newCertificate({ ...LEAF, digest: 'sha1' }, root)));
  const weakly = between('weakly signed', root, { digest: 'sha1' });
  assert.ok(!isIssued(newCertificate(LEAF, weakly), [weakly]));
  const weak = between('weak', root, { newKey: 'rsa:1024' });
  assert.ok(!isIssued(newCertificate(LEAF, weak), [weak]));
});

function cpuMs(times: number, act: () => void): number {
  const { user, system } = process.cpuUsage();
  for (let made = 0; made < times; made += 1) act();
  const now = process.cpuUsage();
  return (now.user + now.system - user - system) / 1000;
}

test('of a signature by RSASSA-PSS it is seen over which digest it is: SHA-1 where nothing is said', () => {
  const rsa = newCertificate({ subject: '/CN=rsa', extensions: AUTHORITY, newKey: 'rsa:2048' });
  const isSound = (digest: string) => {
    const signatureOptions = ['rsa_padding_mode:pss'];
    const leaf = read(newCertificate({ ...LEAF, digest, signatureOptions }, rsa));
    return isIssuedBy(leaf, [], [read(rsa)], NOW);
  };
  assert.deepEqual(['sha224', 'sha256', 'sha384', 'sha512'].map(isSound), [true, true, true, true]);
  assert.equal(isSound('sha1'), false);
});

test('a key that is made to be slow is not even tried', () => {
  const modulus = randomBytes(2048);
  for (const index of [0, 2047]) modulus[index] = 0xff;
  const jwk = {
    kty: 'RSA',
    n: modulus.toString('base64url'),
    e: Buffer.alloc(8, 0xff).toString('base64url'),
  };
  const at = (name: string) => join(tempDir('certificate'), name);
  const [publicFile, requestFile, certFile] = [at('public.pem'), at('request.pem'), at('huge.pem')];
  writeFileSync(
    publicFile,
    createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
  );
  const anyKey = newCertificate(LEAF);
  const extensionsFile = at('extensions.cnf');
  writeFileSync(extensionsFile, [...AUTHORITY, ...KEYLESS].join('\n'));
  openssl('req', '-new', '-key', anyKey.keyFile, '-subj', '/CN=slow', '-out', requestFile);
  openssl(
    ...['x509', '-req', '-in', requestFile, '-force_pubkey', publicFile, '-out', certFile],
    ...['-CA', root.certFile, '-CAkey', root.keyFile, '-extfile', extensionsFile],
  );
  const slow = { ...anyKey, cert: readFileSync(certFile, 'utf8') };
  const namesake = newCertificate({ subject: '/CN=slow', extensions: AUTHORITY, newKey: 'rsa:2048' });
  const below = withSignature(newCertificate({ ...LEAF, extensions: KEYLESS }, namesake), modulus.length);
  assert.ok(read(below).checkIssued(read(slow)), 'else its key would not be tried anyway');
  const chain = [slow, slow, slow, slow, slow];
  assert.ok(!isIssued(slow, chain));
  const [leaf, further, { publicKey }] = [read(below), chain.map(read), read(slow)];
  // Of the processor, because others are at work here: the five together cost less than to try one of them.
  const refusing = cpuMs(20, () => assert.ok(!isIssuedBy(leaf, further, [read(root)], NOW)));
  const trying = cpuMs(20, () => assert.ok(!leaf.verify(publicKey)));
  assert.ok(refusing < trying, `${refusing} ms, ${trying} ms`);
});

test('a certificate whose key is none is no client’s, no authority’s, and no error', async () => {
  const keyless = withoutKey(newCertificate(LEAF, root));
  assert.throws(() => read(keyless).publicKey);
  assert.ok(!isIssued(keyless));
  const namesake = newCertificate({ subject: '/CN=keyless', extensions: AUTHORITY });
  const leaf = newCertificate({ ...LEAF, extensions: KEYLESS }, namesake);
  const above = withoutKey(namesake);
  assert.ok(!isIssued(leaf, [above]));
  const { portal, metadata: registered } = aClient();
  const metadata = { ...registered, token_endpoint_auth_method: 'self_signed_tls_client_auth' };
  const presented = { certificate: read(keyless), isTrusted: true };
  for (const client of [undefined, { portal, metadata }])
    assert.equal(await isCertificateOf(client, presented, NOW, REGISTERED_KEYS), false);
});
