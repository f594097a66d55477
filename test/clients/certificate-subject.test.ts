/** A name in a certificate is one name: nothing that is written into it makes it look like another. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { type CertificateSubjects, hasSubject } from '../../src/clients/certificate-subject.ts';
import { newCertificate } from '../support/certificates.ts';

/** As openssl takes a subject, with the name that is registered for it. */
const SUBJECTS: readonly (readonly [subject: string, registered: string, isTheirs: boolean])[] = [
  ['/O=Example/CN=a client', 'CN=a client,O=Example', true],
  ['/O=Example/CN=a client', 'cn = a client , o = Example', true],
  ['/O=Example/CN=a client', 'O=Example,CN=a client', false],
  ['/O=Example/CN=a client', 'CN=a client', false],
  ['/O=Example/CN=a client', 'CN=A Client,O=Example', false],
  ['/CN=a client,O=Example', 'CN=a client,O=Example', false],
  ['/CN=a client\nO=Example', 'O=Example,CN=a client', false],
  ['/CN=x+O=y', 'O=y+CN=x', true],
  ['/CN=x+O=y', 'CN=x\\+O=y', false],
  ['/CN= x ', 'CN=\\ x\\ ', true],
  ['/CN= x ', 'CN=x', false],
  ['/CN=a"b\\\\c', 'CN=a\\"b\\\\c', true],
];

test('S-POP-02: a subject is the one that is registered, whatever its values look like', () => {
  for (const [subject, tls_client_auth_subject_dn, isTheirs] of SUBJECTS) {
    const certificate = new X509Certificate(newCertificate({ subject }).cert);
    const label = `${JSON.stringify(certificate.subject)} for ${tls_client_auth_subject_dn}`;
    assert.equal(hasSubject(certificate, { tls_client_auth_subject_dn }), isTheirs, label);
  }
});

test('S-POP-02: a name of one kind is none of another', () => {
  const altNames =
    'DNS:one.example,URI:https://two.example/,email:URI:https://x.example/@y.example,IP:192.0.2.1';
  const { cert } = newCertificate({ subject: '/CN=three.example', altNames });
  const certificate = new X509Certificate(cert);
  const has = (registered: CertificateSubjects) => hasSubject(certificate, registered);
  assert.ok(has({ tls_client_auth_san_dns: 'one.example' }));
  assert.ok(has({ tls_client_auth_san_uri: 'https://two.example/' }));
  assert.ok(has({ tls_client_auth_san_ip: '192.0.2.1' }));
  for (const wrong of [
    { tls_client_auth_san_dns: 'two.example' },
    { tls_client_auth_san_dns: 'three.example' },
    { tls_client_auth_san_dns: '192.0.2.1' },
    { tls_client_auth_san_uri: 'https://x.example/' },
    { tls_client_auth_san_uri: 'https://two.example' },
    { tls_client_auth_san_uri: 'one.example' },
    { tls_client_auth_san_ip: '192.0.2.10' },
    { tls_client_auth_san_dns: 'one.example', tls_client_auth_san_uri: 'https://two.example/' },
    {},
  ]) {
    assert.ok(!has(wrong), JSON.stringify(wrong));
  }
});
