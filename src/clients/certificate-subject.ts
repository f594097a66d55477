/**
 * Which certificate a client with `tls_client_auth` authenticates by: the one name in it that was registered
 * (RFC 8705 section 2.1.2). A name is compared as a whole and to the letter; no wildcard, no common name in
 * the place of another.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { onceEach } from '../lib/once-each.ts';
import { printableText } from '../lib/text.ts';
import { parseDistinguishedName } from './distinguished-name.ts';

const MAX_CHARACTERS = 1024;
const name = (pattern: RegExp, error: string) =>
  z.string().max(255, { abort: true }).regex(pattern, { error }).optional();

export const certificateSubjects = {
  tls_client_auth_subject_dn: printableText(MAX_CHARACTERS)
    .refine((text) => parseDistinguishedName(text) !== undefined, {
      error: 'must be a distinguished name as in RFC 4514: CN=a client,O=Example,C=DE',
    })
    .optional()
    .describe('Subject of its certificate as in RFC 4514.'),
  tls_client_auth_san_dns: name(
    /^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$/,
    'must be a host name without wildcard',
  ).describe('DNS name in its certificate.'),
  tls_client_auth_san_uri: name(/^[a-zA-Z][a-zA-Z0-9+.-]*:[\x21-\x7e]+$/, 'must be a URI').describe(
    'URI in its certificate.',
  ),
  tls_client_auth_san_ip: z
    .string()
    .refine((text) => isIP(text) !== 0, { error: 'must be an IP address' })
    .optional()
    .describe('IP address in its certificate.'),
  tls_client_auth_san_email: z.email().max(254).optional().describe('E-mail address in its certificate.'),
} as const;

export type CertificateSubjects = {
  readonly [Member in keyof typeof certificateSubjects]?: string | undefined;
};

export const CERTIFICATE_SUBJECTS = Object.keys(certificateSubjects) as (keyof CertificateSubjects)[];

export function subjectsOf(metadata: CertificateSubjects): CertificateSubjects {
  return Object.fromEntries(
    CERTIFICATE_SUBJECTS.flatMap((member) =>
      metadata[member] === undefined ? [] : [[member, metadata[member]]],
    ),
  );
}

/** Whether it has the one name that is registered: none and two are no registration. */
export function hasSubject(certificate: X509Certificate, registered: CertificateSubjects): boolean {
  const [member, ...others] = CERTIFICATE_SUBJECTS.filter((name) => registered[name] !== undefined);
  return member !== undefined && others.length === 0 && MATCHES[member](certificate, registered);
}

/** In the form that two are compared in. */
export const subjectOf = onceEach(({ subject }: X509Certificate) =>
  // One relative name a line, in the certificate's order, which is RFC 4514's the other way round.
  parseDistinguishedName((subject ?? '').split('\n').reverse().join(',')),
);
const registeredSubject = onceEach(({ tls_client_auth_subject_dn = '' }: CertificateSubjects) =>
  parseDistinguishedName(tls_client_auth_subject_dn),
);

const EXACT = { subject: 'never', wildcards: false } as const;

const MATCHES: Readonly<
  Record<
    keyof CertificateSubjects,
    (certificate: X509Certificate, registered: CertificateSubjects) => boolean
  >
> = {
  tls_client_auth_subject_dn: (certificate, registered) => {
    const presented = subjectOf(certificate);
    return presented !== undefined && presented === registeredSubject(registered);
  },
  tls_client_auth_san_dns: (certificate, { tls_client_auth_san_dns: host = '' }) =>
    certificate.checkHost(host, EXACT) !== undefined,
  tls_client_auth_san_uri: ({ subjectAltName }, { tls_client_auth_san_uri: uri = '' }) =>
    urisIn(subjectAltName ?? '').includes(uri),
  tls_client_auth_san_ip: (certificate, { tls_client_auth_san_ip: ip = '' }) =>
    certificate.checkIP(ip) !== undefined,
  tls_client_auth_san_email: (certificate, { tls_client_auth_san_email: email = '' }) =>
    certificate.checkEmail(email, { subject: 'never' }) !== undefined,
};

/** Node.js writes a value that could be taken for more than one as a JSON string. */
function urisIn(subjectAltName: string): readonly string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g);
  return [...entries].flatMap(([, kind, value = '']) =>
    kind === 'URI' ? [value.startsWith('"') ? String(JSON.parse(value)) : value] : [],
  );
}
