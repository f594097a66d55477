/** A portal as the store keeps it. Its policy is configuration and is not in here. */
import type { PortalName } from './portal-name.ts';

export interface PortalKey {
  readonly key_id: string;
  /** Base64url of HMAC-SHA-256 over the whole key, under the API keys' pepper. The key itself is never kept. */
  readonly hash: string;
  /** Epoch seconds. */
  readonly created_at: number;
  /** Epoch seconds from which the key is refused; 0 = never. */
  readonly expires_at: number;
}

export interface PortalRecord {
  readonly name: PortalName;
  /** A disabled portal's keys, and its clients' registration access tokens, are refused; the clients keep fetching tokens. */
  readonly state: 'active' | 'disabled';
  /** Counts the writes of this record, from 1; what a replace compares. */
  readonly version: number;
  readonly created_at: number;
  /** Several at once, so that one can be rolled without a gap. */
  readonly keys: readonly PortalKey[];
}

/** The end is judged at use, like a secret's: no cleaner has to come by first. */
export function isKeyValidAt({ expires_at }: PortalKey, nowSeconds: number): boolean {
  return expires_at === 0 || nowSeconds < expires_at;
}
