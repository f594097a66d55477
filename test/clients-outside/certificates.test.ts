/** Clients of other hands that authenticate by a certificate: openid-client, and Python without any library. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { claimsOf, portal } from '../support/bridge.ts';
import { type CertificateFiles, newAuthority, newCertificate } from '../support/certificates.ts';
import { DOMAIN } from '../support/domain.ts';
import { freePort } from '../support/free-port.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Outcome, run, runPython } from './run.ts';

const authority = newAuthority('authority');
const server = newCertificate({ subject: '/CN=server', altNames: 'DNS:localhost' }, authority);
const issued = newCertificate({ subject: '/CN=a client' }, authority);
const another = newCertificate({ subject: '/CN=another' }, authority);
const [alone, stranger] = [
  newCertificate({ subject: '/CN=alone' }),
  newCertificate({ subject: '/CN=alone' }),
];
const jwkOf = ({ cert }: CertificateFiles) => new X509Certificate(cert).publicKey.export({ format: 'jwk' });

const METHODS = {
  tls_client_auth: { right: issued, wrong: another, metadata: { tls_client_auth_subject_dn: 'CN=a client' } },
  self_signed_tls_client_auth: {
    right: alone,
    wrong: stranger,
    metadata: { jwks: { keys: [jwkOf(alone)] } },
  },
} as const;

let service: TestService;
before(async () => {
  const publicPort = await freePort();
  const policy = { ...DOMAIN.portals['*'], token_endpoint_auth_methods: Object.keys(METHODS) };
  service = await startService({
    publicPort,
    config: { ...DOMAIN, portals: { '*': policy } },
    env: {
      ISSUER: `https://localhost:${publicPort}`,
      CLIENT_CA_FILE: authority.certFile,
      PUBLIC_TLS_CERT_FILE: server.certFile,
      PUBLIC_TLS_KEY_FILE: server.keyFile,
    },
  });
});
after(() => service?.stop());

const argumentsFor = (client_id: string, { certFile, keyFile }: CertificateFiles) => [
  ...[service.issuer, client_id],
  ...[authority.certFile, certFile, keyFile],
];
const SCRIPT = join(import.meta.dirname, 'fetch-token-by-certificate.ts');
const CLIENTS: Readonly<Record<string, (client_id: string, shown: CertificateFiles) => Promise<Outcome>>> = {
  'openid-client': (id, shown) => run(process.execPath, [SCRIPT, ...argumentsFor(id, shown)]),
  Python: (id, shown) => runPython('fetch_token_by_certificate.py', argumentsFor(id, shown)),
};

for (const [name, fetchBy] of Object.entries(CLIENTS)) {
  for (const [method, { right, wrong, metadata }] of Object.entries(METHODS)) {
    test(`${name} fetches a token by ${method}, which is bound to its certificate`, async () => {
      const { body, status, text } = await portal(service).create({
        ...{ scope: 'read', token_endpoint_auth_method: method, ...metadata },
        tls_client_certificate_bound_access_tokens: true,
      });
      assert.equal(status, 201, text);
      const { output, complaint } = await fetchBy(body.client_id, right);
      assert.ok(output, complaint);
      const claims = claimsOf(JSON.parse(output).access_token);
      assert.equal(claims.client_id, body.client_id);
      const { raw } = new X509Certificate(right.cert);
      assert.equal(claims.cnf['x5t#S256'], createHash('sha256').update(raw).digest('base64url'));
      const refused = await fetchBy(body.client_id, wrong);
      assert.equal(refused.output, undefined);
      assert.match(refused.complaint, /invalid_client/);
    });
  }
}
