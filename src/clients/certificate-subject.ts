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
const name = (pattern: RegExp, error: string) => z.string().max(255).regex(pattern, { error }).optional();

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
  const [first, ...others] = Object.entries(subjectsOf(registered)) as [keyof CertificateSubjects, string][];
  if (first === undefined || others.length > 0) return false;
  const [member, value] = first;
  if (member === 'tls_client_auth_subject_dn') {
    const presented = subjectOf(certificate);
    return presented !== undefined && presented === registeredSubject(registered);
  }
  return MATCHES[member](certificate, value);
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
    Exclude<keyof CertificateSubjects, 'tls_client_auth_subject_dn'>,
    (certificate: X509Certificate, value: string) => boolean
  >
> = {
  tls_client_auth_san_dns: (certificate, value) => certificate.checkHost(value, EXACT) !== undefined,
  tls_client_auth_san_uri: ({ subjectAltName }, value) => urisIn(subjectAltName ?? '').includes(value),
  tls_client_auth_san_ip: (certificate, value) => certificate.checkIP(value) !== undefined,
  tls_client_auth_san_email: (certificate, value) =>
    certificate.checkEmail(value, { subject: 'never' }) !== undefined,
};

/** Node.js writes a value that could be taken for more than one as a JSON string. */
function urisIn(subjectAltName: string): readonly string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g);
  return [...entries].flatMap(([, kind, value = '']) =>
    kind === 'URI' ? [value.startsWith('"') ? String(JSON.parse(value)) : value] : [],
  );
}
