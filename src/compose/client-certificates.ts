/** Puts together who may show a certificate, and whom we believe about it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import { type PresentedBy, presentedCertificate } from '../http/presented-certificate.ts';
import { type IsInNetworks, networks } from '../lib/networks.ts';
import type { Logger } from '../telemetry/log.ts';
import { termWatch } from './certificate-term.ts';

export interface ClientCertificates {
  readonly isTrustedProxy: IsInNetworks;
  readonly presentedBy: PresentedBy;
  /** PEM, for the listener. */
  readonly ca: string | undefined;
}

/** Throws, in words, when the authorities can't be read. */
export function clientCertificates(
  { client_ca_file, trusted_proxies }: Config,
  log: Pick<Logger, 'warn'>,
): ClientCertificates {
  const ca = client_ca_file === undefined ? undefined : readAuthorities(client_ca_file);
  const isTrustedProxy = networks(trusted_proxies);
  const authorities = certificatesIn(ca ?? '');
  for (const authority of authorities) {
    termWatch(log, client_ca_file ?? '')(authority.toString(), new Date());
  }
  return {
    ca,
    isTrustedProxy,
    presentedBy: presentedCertificate({ isTrustedProxy, authorities, now: () => new Date() }),
  };
}

function readAuthorities(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    if (certificatesIn(pem).length === 0) throw new Error('there is none in it');
    return pem;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new Error(`CLIENT_CA_FILE must hold the certificates of authorities: ${reason}`);
  }
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
