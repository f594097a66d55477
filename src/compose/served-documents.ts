/** What is published: the metadata, made once of the configuration, and the keys, as the ring has them. */
import { offeredMethods, takesCertificates } from '../config/client-certificates.ts';
import type { Config } from '../config/schema.ts';
import { type Documents, publicDocuments } from '../http/public-routes.ts';
import { CACHE_SECONDS } from '../http/static-body.ts';
import type { ReaderRecorder } from '../keys/reader-recorder.ts';
import { serverMetadata } from '../tokens/server-metadata.ts';
import { nowSeconds, type Parts } from './parts.ts';

/** The second half of the lead is for a cache that revalidates while it still answers with what it has. */
export function keyCacheSecondsOf(config: Config): number {
  return Math.min(CACHE_SECONDS, Math.floor(config.key_publish_lead_seconds / 2));
}

export function servedDocuments(
  { config, resources, ring }: Parts,
  keyCacheSeconds: number,
  readers: ReaderRecorder,
): Documents {
  const served = [...resources.values()];
  const metadata = serverMetadata({
    issuer: config.issuer,
    scopes: [...new Set(served.flatMap(({ scopes }) => scopes))],
    signingAlgs: [...new Set(served.map(({ signing_alg }) => signing_alg))],
    authMethods: offeredMethods(config),
    certificateBoundTokens: takesCertificates(config),
  });
  return publicDocuments({
    metadata,
    jwks: () => ring.jwks(),
    keyCacheSeconds,
    jwksRead: (reader) => readers.saw(reader, ring.version, nowSeconds()),
  });
}
