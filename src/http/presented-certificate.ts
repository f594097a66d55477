/**
 * The certificate of who calls: from the TLS connection, or from a trusted proxy that ended it, in the
 * `Client-Cert` header (RFC 9440). From anybody else that header means nothing (S-POP-01). Of a trusted proxy
 * only the header counts: the certificate of its own connection is the proxy's and no client's.
 */
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { IsInNetworks } from '../lib/networks.ts';
import { onceEach } from '../lib/once-each.ts';
import { isIssuedBy } from '../tokens/certificate-chain.ts';
import type { PresentedCertificate } from '../tokens/client-certificate.ts';

export interface PresentedOptions {
  readonly isTrustedProxy: IsInNetworks;
  /** Who issues certificates to clients; none: no certificate is trusted, but it may be known by its key. */
  readonly authorities: readonly X509Certificate[];
  readonly now: () => Date;
}

export type PresentedBy = (req: IncomingMessage) => PresentedCertificate | undefined;

export function presentedCertificate(options: PresentedOptions): PresentedBy {
  const hasAuthorities = options.authorities.length > 0;
  const byConnection = onceEach((socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate();
    // Without authorities of ours OpenSSL asked the ones of all the world.
    return certificate && { certificate, isTrusted: hasAuthorities && socket.authorized };
  });
  // A proxy's connection carries the requests of many, and each is asked about at more than one place.
  const byRequest = onceEach(({ headers }: IncomingMessage) => fromHeaders(headers, options));
  return (req) => {
    if (options.isTrustedProxy(req.socket.remoteAddress)) return byRequest(req);
    return req.socket instanceof TLSSocket ? byConnection(req.socket) : undefined;
  };
}

function fromHeaders(
  { 'client-cert': leaf, 'client-cert-chain': chain }: IncomingMessage['headers'],
  { authorities, now }: PresentedOptions,
): PresentedCertificate | undefined {
  if (typeof leaf !== 'string') return undefined;
  const certificate = decoded(leaf);
  if (certificate === undefined) return undefined;
  const further = (typeof chain === 'string' ? chain.split(',') : []).flatMap((item) => decoded(item) ?? []);
  return { certificate, isTrusted: isIssuedBy(certificate, further, authorities, now()) };
}

/** A byte sequence of RFC 8941. Two headers in one are none. */
function decoded(item: string): X509Certificate | undefined {
  const [, base64] = /^\s*:([A-Za-z0-9+/]+={0,2}):\s*$/.exec(item) ?? [];
  if (base64 === undefined) return undefined;
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}
