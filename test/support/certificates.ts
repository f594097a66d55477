/** An authority of our own and what it signs, and certificates that nobody signed, made with openssl. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
  /** From now; 0 is over at once. */
  readonly days?: number;
  /** As `-newkey` takes it: `rsa:1024`. */
  readonly newKey?: string;
  readonly digest?: string;
}

let made = 0;

/** Signed by `authority`, or by itself. */
export function newCertificate(options: CertificateOptions, authority?: CertificateFiles): CertificateFiles {
  const { subject, altNames, extensions = ['basicConstraints=critical,CA:FALSE'], days = 2 } = options;
  const { newKey = 'ec', digest = 'sha256' } = options;
  made += 1;
  const at = (name: string) => join(tempDir('certificate'), `${made}-${name}`);
  const [keyFile, certFile] = [at('key.pem'), at('cert.pem')];
  const all = altNames === undefined ? extensions : [...extensions, `subjectAltName=${altNames}`];
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', newKey, '-nodes', `-${digest}`],
      ...(newKey === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : []),
      ...['-days', String(days), '-subj', subject, '-keyout', keyFile, '-out', certFile],
      ...all.flatMap((line) => ['-addext', line]),
      ...(authority ? ['-CA', authority.certFile, '-CAkey', authority.keyFile] : []),
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

export function newAuthority(name: string): CertificateFiles {
  return newCertificate({ subject: `/CN=${name}`, extensions: ['basicConstraints=critical,CA:TRUE'] });
}
