/** An authority of our own and what it signs, and certificates that nobody signed, made with openssl. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** `/C=DE/CN=name`. */
  readonly subject: string;
  /** `DNS:a.example,URI:https://…`. */
  readonly altNames?: string;
  /** Lines like `extendedKeyUsage=serverAuth`. */
  readonly extensions?: readonly string[];
  /** From now; -1 was over yesterday. */
  readonly days?: number;
  /** As `-newkey` takes it: `rsa:1024`. */
  readonly newKey?: string;
  /** Instead of a new key: the one that another certificate has. */
  readonly sameKey?: CertificateFiles;
  readonly digest?: string;
  /** As `-sigopt` takes it: `rsa_padding_mode:pss`. */
  readonly signatureOptions?: readonly string[];
}

let made = 0;

/** Signed by `authority`, or by itself. */
export function newCertificate(options: CertificateOptions, authority?: CertificateFiles): CertificateFiles {
  const { subject, altNames, extensions = ['basicConstraints=critical,CA:FALSE'], days = 2 } = options;
  const { newKey = 'ec', sameKey, digest = 'sha256', signatureOptions = [] } = options;
  made += 1;
  const at = (name: string) => join(tempDir('certificate'), `${made}-${name}`);
  const [keyFile, certFile] = [sameKey?.keyFile ?? at('key.pem'), at('cert.pem')];
  const curve = newKey === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : [];
  const key = sameKey ? ['-key', keyFile] : ['-newkey', newKey, ...curve, '-nodes', '-keyout', keyFile];
  const all = altNames === undefined ? extensions : [...extensions, `subjectAltName=${altNames}`];
  openssl(
    ...['req', '-x509', ...key, `-${digest}`, ...signatureOptions.flatMap((option) => ['-sigopt', option])],
    ...['-days', String(Math.max(days, 1)), '-subj', subject, '-out', certFile],
    ...all.flatMap((line) => ['-addext', line]),
    ...(authority ? ['-CA', authority.certFile, '-CAkey', authority.keyFile] : []),
  );
  if (days < 0) endEarlier({ certFile, keyFile }, authority, { subject, days, extensions: all });
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** `req` makes no certificate whose time is over; `x509` does. */
function endEarlier(
  { certFile, keyFile }: Pick<CertificateFiles, 'certFile' | 'keyFile'>,
  authority: CertificateFiles | undefined,
  { subject, days, extensions }: { subject: string; days: number; extensions: readonly string[] },
): void {
  const [requestFile, extensionsFile] = [`${certFile}.request`, `${certFile}.extensions`];
  writeFileSync(extensionsFile, extensions.join('\n'));
  openssl('req', '-new', '-key', keyFile, '-subj', subject, '-out', requestFile);
  const by = authority ? ['-CA', authority.certFile, '-CAkey', authority.keyFile] : ['-signkey', keyFile];
  const from = ['-in', requestFile, '-extfile', extensionsFile, '-days', String(days)];
  openssl('x509', '-req', ...from, ...by, '-out', certFile);
}

/** Throws what it complained of. */
export function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
}

export function newAuthority(name: string): CertificateFiles {
  return newCertificate({ subject: `/CN=${name}`, extensions: ['basicConstraints=critical,CA:TRUE'] });
}
