/**
 * TLS on the public listener: certificate and key from two files, read again every few seconds, so that
 * whatever renews them has nothing else to do. A pair that can't be served is told once and the one in use
 * stays: a renewal that is half written, or went wrong, takes nobody off the net.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/schema.ts';
import type { TlsIdentity } from '../http/listener.ts';
import type { Logger } from '../telemetry/log.ts';
import { termWatch } from './certificate-term.ts';

export interface PublicTls {
  readonly identity: TlsIdentity;
  /** Looks at the files again; `serve` is given what has changed for the better. */
  refresh(serve: (identity: TlsIdentity) => void): Promise<void>;
}

/** `undefined` without the two settings. Throws, in words, when there is nothing to start with. */
export function publicTls(
  { public_tls_cert_file: cert, public_tls_key_file: key }: Config,
  log: Logger,
): PublicTls | undefined {
  if (cert === undefined || key === undefined) return undefined;
  const identity = load(cert, key);
  const watchTerm = termWatch(log, cert);
  watchTerm(identity.cert, new Date());
  let served = identity.cert;
  let seen = textOf(identity);
  return {
    identity,
    async refresh(serve) {
      watchTerm(served, new Date());
      let found = '';
      try {
        const read = readPair(cert, key);
        found = textOf(read);
        if (found === seen) return;
        requireUsable(read);
        serve(read);
        served = read.cert;
        log.info({ file: cert }, 'the certificate of the public listener was renewed');
      } catch (error) {
        if (found === seen) return;
        const reason = error instanceof Error ? error.message : 'unknown';
        log.warn({ file: cert, reason }, 'the certificate or its key can not be used; the old one is kept');
      }
      seen = found;
    },
  };
}

function load(cert: string, key: string): TlsIdentity {
  try {
    const identity = readPair(cert, key);
    requireUsable(identity);
    return identity;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new Error(
      `PUBLIC_TLS_CERT_FILE and PUBLIC_TLS_KEY_FILE must be a certificate and its key: ${reason}`,
    );
  }
}

const readPair = (cert: string, key: string): TlsIdentity => ({
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});

/** Throws when one of them is no PEM, or the key is another certificate's. */
function requireUsable({ cert, key }: TlsIdentity): void {
  createSecureContext({ cert, key });
}

function textOf({ cert, key }: TlsIdentity): string {
  return `${cert}\n${key}`;
}
