/**
 * What the token road needs of a client, ready for use: the hashes of its secrets decoded, what no token
 * asks for left out, and texts that many clients have in common kept once. So that a token costs no parsing,
 * and that as many clients as possible fit into the cache's bytes.
 */
import { usesKeySet, usesSecret } from './auth-method.ts';
import { type CertificateSubjects, subjectsOf } from './certificate-subject.ts';
import type { ClientJwk } from './client-jwks.ts';
import type { ClientRecord } from './client-record.ts';
import type { ClientMetadata } from './metadata.ts';
import type { ComparedSecret } from './secret.ts';

export interface TokenClient
  extends Pick<
    ClientRecord,
    'client_id' | 'portal' | 'version' | 'state' | 'upstream' | 'granted_resources'
  > {
  readonly metadata: Pick<
    ClientMetadata,
    | 'client_name'
    | 'grant_types'
    | 'scope'
    | 'token_endpoint_auth_method'
    | 'token_endpoint_auth_signing_alg'
    | 'jwks'
    | 'jwks_uri'
    | 'dpop_bound_access_tokens'
    | 'tls_client_certificate_bound_access_tokens'
    | keyof CertificateSubjects
    | 'labels'
    | 'extension'
  >;
  readonly secrets: readonly ComparedSecret[];
}

/** Keeps one of each text and list that is equal to one seen before. */
export interface Shared {
  text(text: string): string;
  list(texts: readonly string[]): readonly string[];
}

/** Portals give their clients much the same; what is never seen again must not fill the memory. */
const MAX_SHARED = 1000;

export function sharing(): Shared {
  const texts = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  return {
    text: (text) => known(texts, text, text),
    list: (list) => known(lists, JSON.stringify(list), list),
  };
}

function known<T>(all: Map<string, T>, key: string, fresh: T): T {
  const found = all.get(key);
  if (found !== undefined) return found;
  if (all.size >= MAX_SHARED) all.clear();
  all.set(key, fresh);
  return fresh;
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze({});

export function tokenClient(record: ClientRecord, shared: Shared): TokenClient {
  const { metadata } = record;
  const { client_name, grant_types, scope, token_endpoint_auth_method, labels, extension } = metadata;
  return {
    client_id: record.client_id,
    portal: shared.text(record.portal) as ClientRecord['portal'],
    version: record.version,
    state: record.state,
    upstream: record.upstream,
    granted_resources: shared.list(record.granted_resources),
    metadata: {
      client_name,
      grant_types: [...shared.list(grant_types)],
      scope: scope === undefined ? undefined : shared.text(scope),
      token_endpoint_auth_method: shared.text(token_endpoint_auth_method),
      token_endpoint_auth_signing_alg: metadata.token_endpoint_auth_signing_alg,
      dpop_bound_access_tokens: metadata.dpop_bound_access_tokens,
      tls_client_certificate_bound_access_tokens: metadata.tls_client_certificate_bound_access_tokens,
      ...(token_endpoint_auth_method === 'tls_client_auth' ? subjectsOf(metadata) : undefined),
      // Of a client with a secret they would only take up room.
      jwks: usesSecret(metadata) ? undefined : metadata.jwks,
      jwks_uri: usesKeySet(metadata) ? metadata.jwks_uri : undefined,
      labels: orNothing(labels),
      extension: orNothing(extension),
    },
    secrets: record.secrets.map(({ secret_id, hash, expires_at }) => ({
      secret_id,
      expires_at,
      // Not out of Node.js's pool: a hash of 32 bytes would keep 8 KiB of it.
      hash: Uint8Array.from(Buffer.from(hash, 'base64url')),
    })),
  };
}

function orNothing<T>(members: Record<string, T>): Record<string, T> {
  return Object.keys(members).length === 0 ? NOTHING : members;
}

/** Measured, with the cache's own place for it; a test compares it with what a heap really takes. */
const CLIENT_BYTES = 560;
const SECRET_BYTES = 300;
/** With what jose keeps of a key that it has used once. */
const KEY_BYTES = 2000;

/** About what a client takes of memory. */
export function bytesOf({ secrets, metadata }: TokenClient): number {
  const { client_name, labels, extension, jwks, jwks_uri } = metadata;
  const own =
    labels === NOTHING && extension === NOTHING ? 0 : 2 * JSON.stringify([labels, extension]).length;
  const keys = bytesOfKeys(jwks?.keys ?? []) + (jwks_uri?.length ?? 0);
  return CLIENT_BYTES + secrets.length * SECRET_BYTES + own + keys + (client_name?.length ?? 0);
}

export function bytesOfKeys(keys: readonly ClientJwk[]): number {
  return keys.length === 0 ? 0 : keys.length * KEY_BYTES + 2 * JSON.stringify(keys).length;
}
