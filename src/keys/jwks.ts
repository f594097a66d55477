/**
 * What the world sees of a ring, made once per version and then only handed out: serving it takes no work,
 * no store and no disk, so it withstands every gateway refetching it at once (S-META-07). Every node on one
 * version serves the same bytes under the same ETag.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { type PublishedJwk, publishedKeys, type Ring } from './ring.ts';

export interface StaticDocument {
  readonly body: Buffer;
  /** Strong (RFC 9110 section 8.8.3), with its quotes. */
  readonly etag: string;
}

export interface Publication {
  readonly keys: readonly PublishedJwk[];
  /** `application/jwk-set+json` (RFC 7517 section 5). */
  readonly jwks: StaticDocument;
  /** SPKI in PEM by kid, for gateways that read no JWKS. */
  readonly pems: ReadonlyMap<string, StaticDocument>;
}

export function publish(ring: Ring): Publication {
  const keys = publishedKeys(ring);
  return {
    keys,
    jwks: staticDocument(JSON.stringify({ keys })),
    pems: new Map(keys.map((key) => [key.kid, staticDocument(pemOf(key))])),
  };
}

function pemOf(key: PublishedJwk): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

function staticDocument(text: string): StaticDocument {
  const body = Buffer.from(text);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
