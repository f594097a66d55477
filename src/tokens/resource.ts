/** A resource: an API that tokens are for (RFC 8707), as the configuration describes it. */
import type { SigningAlg } from '../keys/signing-alg.ts';

export interface Resource {
  /** What a client names in `resource`; matched as an exact string, never normalised. */
  readonly identifier: string;
  /** The token's `aud`. */
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly token_lifetime_seconds: number;
  readonly signing_alg: SigningAlg;
  /** For which share of its life a token is handed out again; absent or 0: never. */
  readonly token_reuse_share?: number;
  /** Clients that are this API itself: they may ask what its tokens are worth (RFC 7662). */
  readonly introspection_clients?: readonly string[];
  /** Whether its tokens have a place in a Token Status List. */
  readonly status_list?: boolean;
  readonly claims: ClaimMapping;
}

/** Claim name → constant, or a text with `{labels.X}`-like places. Registered claims can't be named. */
export type ClaimMapping = Readonly<Record<string, string | number | boolean>>;

/** The configuration's entry of a resource, keyed by its identifier. */
type ResourceEntry = Omit<Resource, 'identifier' | 'audience'> & { readonly audience?: string | undefined };

/** By identifier, in a map: a name that comes from outside finds only what was configured. */
export function resourcesByIdentifier(
  entries: Readonly<Record<string, ResourceEntry>>,
): ReadonlyMap<string, Resource> {
  return new Map(
    Object.entries(entries).map(([identifier, entry]) => [
      identifier,
      { ...entry, identifier, audience: entry.audience ?? identifier },
    ]),
  );
}
