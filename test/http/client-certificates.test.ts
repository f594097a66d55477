/** Clients that authenticate by a certificate (RFC 8705), on our own TLS and through a proxy. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { run } from '../clients-outside/run.ts';
import { type Answer, claimsOf, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { withoutKey } from '../support/certificate-forgeries.ts';
import { type CertificateFiles, newAuthority, newCertificate } from '../support/certificates.ts';
import { DOMAIN } from '../support/domain.ts';
import { basic } from '../support/inspection.ts';
import { assertRefusal } from '../support/refusal.ts';
import { newKeyEncryptionKey, refusesToStart, startService, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

const authority = newAuthority('authority');
const strangers = newAuthority('authority');
const server = newCertificate({ subject: '/CN=server', altNames: 'DNS:localhost,IP:127.0.0.1' }, authority);
const SUBJECT = '/C=DE/O=Example, Inc./CN=a client';
const ALT_NAMES =
  'DNS:client.example,URI:spiffe://example/client,IP:192.0.2.7,email:client@example.com,DNS:*.wild.example';
const mine = newCertificate({ subject: SUBJECT, altNames: ALT_NAMES }, authority);
const foreign = newCertificate({ subject: SUBJECT, altNames: ALT_NAMES }, strangers);
const another = newCertificate({ subject: '/CN=another', altNames: 'DNS:other.example' }, authority);
const forServers = newCertificate(
  { subject: SUBJECT, extensions: ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth'] },
  authority,
);
const alone = newCertificate({ subject: '/CN=alone' });

const METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
];
const config = {
  ...DOMAIN,
  portals: { '*': { ...DOMAIN.portals['*'], token_endpoint_auth_methods: METHODS } },
};
const SUBJECT_DN = { tls_client_auth_subject_dn: 'CN=a client,O=Example\\, Inc.,C=DE' };

let tls: TestService;
/** Of which the test is the trusted proxy. */
let behind: TestService;
/** Which trusts another proxy. */
let suspicious: TestService;
before(async () => {
  const CLIENT_CA_FILE = authority.certFile;
  const issuer = {
    ISSUER: 'https://auth.example',
    ALLOWED_HOSTS: '*',
    KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
  };
  [tls, behind, suspicious] = await Promise.all([
    startService({
      config,
      env: {
        CLIENT_CA_FILE,
        PUBLIC_TLS_CERT_FILE: server.certFile,
        PUBLIC_TLS_KEY_FILE: server.keyFile,
      },
    }),
    startService({ config, env: { CLIENT_CA_FILE, TRUSTED_PROXIES: '127.0.0.1/32', ...issuer } }),
    startService({ config, env: { CLIENT_CA_FILE, TRUSTED_PROXIES: '10.0.0.0/8', ...issuer } }),
  ]);
});
after(() => Promise.all([tls?.stop(), behind?.stop(), suspicious?.stop()]));

async function register(service: TestService, metadata: Readonly<Record<string, unknown>>): Promise<string> {
  const { status, body, text } = await portal(service).create({ scope: 'read', ...metadata });
  assert.equal(status, 201, text);
  return body.client_id;
}

const byTls = (metadata: Readonly<Record<string, unknown>> = SUBJECT_DN) => ({
  token_endpoint_auth_method: 'tls_client_auth',
  ...metadata,
});

/** A form over TLS, with that certificate or none. */
async function post(
  certificate: CertificateFiles | undefined,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
  path = '/oauth2/token',
): Promise<Answer> {
  const sent = request({
    ...{ host: '127.0.0.1', port: tls.publicPort, path, method: 'POST', ca: authority.cert, agent: false },
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    ...(certificate && { cert: certificate.cert, key: certificate.key }),
  });
  sent.end(new URLSearchParams(form).toString());
  const [response] = await once(sent, 'response');
  const text = (await response.toArray()).join('');
  const answered = new Headers(response.headers);
  return { status: response.statusCode, headers: answered, text, body: text === '' ? {} : JSON.parse(text) };
}

const grant = (client_id: string) => ({ grant_type: 'client_credentials', client_id });
const FAILED = { status: 401, error: 'invalid_client', says: /^client authentication failed$/ } as const;
const thumbprint = ({ cert }: CertificateFiles) =>
  Buffer.from(new X509Certificate(cert).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
const inHeader = ({ cert }: CertificateFiles) => `:${new X509Certificate(cert).raw.toString('base64')}:`;
const jwkOf = ({ cert }: CertificateFiles) => new X509Certificate(cert).publicKey.export({ format: 'jwk' });

describe('on our own TLS', () => {
  for (const [member, value, wrong] of [
    ['tls_client_auth_subject_dn', SUBJECT_DN.tls_client_auth_subject_dn, 'CN=a client,O=Example'],
    ['tls_client_auth_san_dns', 'client.example', 'a.wild.example'],
    ['tls_client_auth_san_uri', 'spiffe://example/client', 'spiffe://example/other'],
    ['tls_client_auth_san_ip', '192.0.2.7', '192.0.2.8'],
    ['tls_client_auth_san_email', 'client@example.com', 'other@example.com'],
  ] as const) {
    test(`${member} names the one certificate that gets a token`, async () => {
      const client_id = await register(tls, byTls({ [member]: value }));
      const { status, text, body } = await post(mine, grant(client_id));
      assert.equal(status, 200, text);
      assert.equal(claimsOf(body.access_token).client_id, client_id);
      assert.equal(claimsOf(body.access_token).cnf, undefined, 'bound only for who wants it');
      await refuses(tls, FAILED, () => post(another, grant(client_id)));
      const wronged = await register(tls, byTls({ [member]: wrong }));
      await refuses(tls, FAILED, () => post(mine, grant(wronged)));
    });
  }

  test('S-POP-02: no certificate, one of another authority, for servers, for nobody, by a header: all fail alike', async () => {
    const client_id = await register(tls, byTls());
    const secretive = (await portal(tls).create({ scope: 'read' })).body.client_id;
    for (const [certificate, id] of [
      [undefined, client_id],
      [foreign, client_id],
      [forServers, client_id],
      [alone, client_id],
      [mine, 'cl_0000000000000000000000'],
      [mine, 'nobody'],
      [mine, secretive],
    ] as const) {
      const answer = await refuses(tls, FAILED, () => post(certificate, grant(id)));
      assert.equal(answer.headers.get('www-authenticate'), null);
    }
    const header = { 'client-cert': inHeader(mine) };
    await refuses(tls, FAILED, () => post(undefined, grant(client_id), header));
  });

  test('S-POP-02: exactly one name is registered, and a later one takes its place', async () => {
    const two = { ...SUBJECT_DN, tls_client_auth_san_dns: 'client.example' };
    for (const wrong of [{}, two]) {
      assertRefusal(await portal(tls).create(byTls(wrong)), {
        status: 400,
        error: 'invalid_client_metadata',
      });
    }
    for (const tls_client_auth_san_dns of ['*.example', '.example', '']) {
      assert.equal((await portal(tls).create(byTls({ tls_client_auth_san_dns }))).status, 400);
    }
    for (const tls_client_auth_subject_dn of ['a client', 'CN=', 'CN="a"', 'CN=a\\', ',']) {
      assert.equal((await portal(tls).create(byTls({ tls_client_auth_subject_dn }))).status, 400);
    }
    const client_id = await register(tls, byTls());
    const moved = { tls_client_auth_san_dns: 'other.example' };
    assert.equal((await portal(tls).update(client_id, moved)).status, 200);
    await refuses(tls, FAILED, () => post(mine, grant(client_id)));
    assert.equal((await post(another, grant(client_id))).status, 200);
  });

  test('S-POP-03: a self-signed certificate is known by its key, until the key is taken out of the registration', async () => {
    const method = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };
    const client_id = await register(tls, { ...method, jwks: { keys: [jwkOf(alone)] } });
    assert.equal((await post(alone, grant(client_id))).status, 200);
    await refuses(tls, FAILED, () => post(mine, grant(client_id)));
    await refuses(tls, FAILED, () => post(undefined, grant(client_id)));
    const jwks = { keys: [jwkOf(another)] };
    assert.equal((await portal(tls).update(client_id, { jwks })).status, 200);
    await refuses(tls, FAILED, () => post(alone, grant(client_id)));
    assert.equal((await portal(tls).create(method)).status, 400, 'without keys');
  });

  test('S-POP-02: a self-signed certificate is good for as long as it says', async () => {
    const over = newCertificate({ subject: '/CN=over', days: -1 });
    const method = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };
    const client_id = await register(tls, { ...method, jwks: { keys: [jwkOf(over), jwkOf(alone)] } });
    assert.equal((await post(alone, grant(client_id))).status, 200);
    await refuses(tls, FAILED, () => post(over, grant(client_id)));
  });

  test('a certificate that is registered itself (x5c) is the only one of its key', async () => {
    const method = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };
    const raw = (files: CertificateFiles) => new X509Certificate(files.cert).raw.toString('base64');
    const client_id = await register(tls, {
      ...method,
      jwks: { keys: [{ ...jwkOf(alone), x5c: [raw(alone)] }] },
    });
    assert.equal((await post(alone, grant(client_id))).status, 200);
    const twin = newCertificate({ subject: '/CN=alone', sameKey: alone });
    await refuses(tls, FAILED, () => post(twin, grant(client_id)));
    const byKey = await register(tls, { ...method, jwks: { keys: [jwkOf(alone)] } });
    assert.equal((await post(twin, grant(byKey))).status, 200, 'where only the key is registered');
    const ofAnotherKey = { keys: [{ ...jwkOf(alone), x5c: [raw(mine)] }] };
    assert.equal((await portal(tls).create({ ...method, jwks: ofAnotherKey })).status, 400);
  });

  test('S-POP-04: a bound token says whose certificate it is bound to, and without one there is none', async () => {
    const bound = { tls_client_certificate_bound_access_tokens: true };
    const client_id = await register(tls, byTls({ ...SUBJECT_DN, ...bound }));
    const { body } = await post(mine, grant(client_id));
    assert.equal(body.token_type, 'Bearer');
    assert.deepEqual(claimsOf(body.access_token).cnf, { 'x5t#S256': thumbprint(mine) });
    const { body: secretive } = await portal(tls).create({ scope: 'read', ...bound });
    const form = { grant_type: 'client_credentials' };
    const bySecret = await post(alone, form, basic(secretive));
    assert.deepEqual(claimsOf(bySecret.body.access_token).cnf, { 'x5t#S256': thumbprint(alone) });
    const none = { status: 400, error: 'invalid_request', says: /show a client certificate/ };
    await refuses(tls, none, () => post(undefined, form, basic(secretive)));
  });

  test('a client revokes its own token by its certificate', async () => {
    const client_id = await register(tls, byTls());
    const { body } = await post(mine, grant(client_id));
    const form = { client_id, token: body.access_token };
    await refuses(tls, FAILED, () => post(another, form, {}, '/oauth2/revoke'));
    assert.equal((await post(mine, form, {}, '/oauth2/revoke')).status, 200);
  });

  test('curl fetches a token by its certificate', async () => {
    const client_id = await register(tls, byTls());
    const { output, complaint } = await run('/usr/bin/curl', [
      ...['-sS', '--cacert', authority.certFile, '--cert', mine.certFile, '--key', mine.keyFile],
      ...['-d', `grant_type=client_credentials&client_id=${client_id}`],
      `https://localhost:${tls.publicPort}/oauth2/token`,
    ]);
    assert.equal(JSON.parse(output ?? '').token_type, 'Bearer', complaint);
  });
});

describe('behind a proxy', () => {
  const OURS = { 'x-forwarded-proto': 'https' };
  const by = (certificate: CertificateFiles) => ({ ...OURS, 'client-cert': inHeader(certificate) });

  test('S-POP-01: the certificate in the header counts from a trusted proxy, and from nobody else', async () => {
    const client_id = await register(behind, byTls());
    assert.equal((await postToken(behind, grant(client_id), by(mine))).status, 200);
    for (const certificate of [foreign, another, forServers, alone]) {
      await refuses(behind, FAILED, () => postToken(behind, grant(client_id), by(certificate)));
    }
    const raw = new X509Certificate(mine.cert).raw.toString('base64');
    const unreadable: readonly Record<string, string>[] = [
      { ...OURS, 'client-cert': raw },
      { ...OURS, 'client-cert': ':AAAA:' },
      { ...OURS, 'client-cert': `${inHeader(another)}, ${inHeader(mine)}` },
      { ...OURS, 'x-ssl-client-cert': inHeader(mine) },
      { ...OURS, 'x-forwarded-tls-client-cert': raw },
    ];
    for (const headers of unreadable) {
      await refuses(behind, FAILED, () => postToken(behind, grant(client_id), headers));
    }
    for (const unusable of [withoutKey(mine), withoutKey(alone)]) {
      const chain = {
        ...by(mine),
        'client-cert': inHeader(another),
        'client-cert-chain': inHeader(unusable),
      };
      await refuses(behind, FAILED, () => postToken(behind, grant(client_id), by(unusable)));
      await refuses(behind, FAILED, () => postToken(behind, grant(client_id), chain));
    }
    const elsewhere = await register(suspicious, byTls());
    await refuses(suspicious, FAILED, () => postToken(suspicious, grant(elsewhere), by(mine)));
  });

  test('a certificate from below an intermediate authority needs the chain', async () => {
    const between = newCertificate(
      { subject: '/CN=between', extensions: ['basicConstraints=critical,CA:TRUE'] },
      authority,
    );
    const leaf = newCertificate({ subject: SUBJECT }, between);
    const client_id = await register(behind, byTls());
    await refuses(behind, FAILED, () => postToken(behind, grant(client_id), by(leaf)));
    const withChain = { ...by(leaf), 'client-cert-chain': inHeader(between) };
    assert.equal((await postToken(behind, grant(client_id), withChain)).status, 200);
    const underLeaf = newCertificate({ subject: SUBJECT }, mine);
    const noAuthority = { ...by(underLeaf), 'client-cert-chain': inHeader(mine) };
    await refuses(behind, FAILED, () => postToken(behind, grant(client_id), noAuthority));
  });

  test('S-TOK-23: what came to the proxy without TLS is refused, and not redirected', async () => {
    const { body } = await portal(behind).create({ scope: 'read' });
    const form = { grant_type: 'client_credentials' };
    for (const proto of ['http', 'https, http', 'HTTP', 'ftp']) {
      const headers = { ...basic(body), 'x-forwarded-proto': proto };
      const answer = await refuses(behind, { status: 403, error: 'forbidden', says: /without TLS/ }, () =>
        postToken(behind, form, headers),
      );
      assert.equal(answer.headers.get('location'), null);
    }
    assert.equal((await postToken(behind, form, { ...basic(body), ...OURS })).status, 200);
    assert.equal((await fetchToken(behind, body)).status, 200, 'a proxy that says nothing of it');
    const keys = `${behind.publicUrl}/.well-known/jwks.json`;
    assert.equal((await send(keys, { headers: { 'x-forwarded-proto': 'http' } })).status, 200);
    const { body: there } = await portal(suspicious).create({ scope: 'read' });
    const unbelieved = { ...basic(there), 'x-forwarded-proto': 'http' };
    assert.equal((await postToken(suspicious, form, unbelieved)).status, 200, 'not from a trusted proxy');
  });

  test('S-TEN-07: failures are counted for the address that the trusted proxy saw, whatever stands left of it', async () => {
    const form = { grant_type: 'client_credentials' };
    const guess = (service: TestService, forwardedFor: string) =>
      postToken(service, form, { ...OURS, 'x-forwarded-for': forwardedFor });
    for (let made = 0; made < 600; made += 1) {
      const { status } = await guess(behind, `203.0.113.${made % 250}, 198.51.100.1`);
      assert.equal(status, 401);
    }
    assert.equal((await guess(behind, '203.0.113.9, 198.51.100.1')).status, 429);
    assert.equal((await guess(behind, '203.0.113.9, 198.51.100.1, 127.0.0.1')).status, 429);
    assert.equal((await guess(behind, '198.51.100.1, 198.51.100.2')).status, 401, 'another caller');
  });
});

test('the metadata names what works: the methods that a policy names, and bound tokens', async () => {
  const { body } = await send(`${behind.publicUrl}/.well-known/openid-configuration`);
  assert.deepEqual(body.token_endpoint_auth_methods_supported, METHODS);
  assert.equal(body.tls_client_certificate_bound_access_tokens, true);
});

test('a policy that names a method that can not work, and a proxy network with strangers in it, are refused at start', async () => {
  const CLIENT_CA_FILE = authority.certFile;
  for (const [env, says] of [
    [{ CLIENT_CA_FILE }, /PUBLIC_TLS_CERT_FILE or TRUSTED_PROXIES/],
    [{ TRUSTED_PROXIES: '127.0.0.1/32' }, /CLIENT_CA_FILE/],
    [{ TRUSTED_PROXIES: '127.0.0.1/32', CLIENT_CA_FILE: '/nowhere' }, /CLIENT_CA_FILE/],
    [{ TRUSTED_PROXIES: '127.0.0.1/32', CLIENT_CA_FILE: mine.keyFile }, /CLIENT_CA_FILE/],
    ...['0.0.0.0/0', '::/0', '128.0.0.0/1', '10.0.0.1', 'proxy'].map(
      (TRUSTED_PROXIES) => [{ CLIENT_CA_FILE, TRUSTED_PROXIES }, /TRUSTED_PROXIES/] as const,
    ),
  ] as const) {
    const { code, output } = await refusesToStart({ config, env });
    assert.notEqual(code, 0);
    assert.match(output, says);
  }
});
