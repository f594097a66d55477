/**
 * The live key ring as the rest of the service sees it: all of it answers from memory, except `refresh`.
 */
import type { StaticDocument } from './jwks.ts';
import type { PublishedJwk } from './ring.ts';
import type { Signer } from './signer.ts';

export interface KeyRing extends Signer {
  readonly ringId: string;
  /** Another number means other keys: what was made from them is to be made again. */
  readonly version: number;
  /** `replica` until the store has been seen. */
  readonly source: 'store' | 'replica';
  jwks(): StaticDocument;
  pem(kid: string): StaticDocument | undefined;
  publishedKeys(): readonly PublishedJwk[];
  /** Never rejects. Calls that overlap share one refresh. */
  refresh(): Promise<Refreshed>;
}

export type Refreshed =
  | { readonly outcome: 'unchanged' | 'swapped' }
  /** The ring from before goes on; `error` was logged. */
  | { readonly outcome: 'kept'; readonly error: unknown };
