/**
 * The answer to an act that carried an idempotency key, kept so that a retry gets the same one. The store
 * sees hashes and sealed texts: whoever reads it learns neither a secret nor which key was used.
 */
export interface IdempotentAnswer {
  /** Keyed hash over portal, route and key, base64url: portals can't reach each other's answers. */
  readonly id: string;
  /** Keyed hash of the request's body, base64url: the same key with another body is refused. */
  readonly request_hash: string;
  /** Sealed: the client as it was answered. */
  readonly sealed_answer: string;
  /** Sealed: the secret that was answered, kept for a shorter time than the rest. */
  readonly sealed_secret: string;
  /** Seconds from the commit on; the store forgets each by itself. */
  readonly answer_seconds: number;
  readonly secret_seconds: number;
}

/** `sealed_secret` is undefined when its time is over. */
export interface StoredAnswer {
  readonly request_hash: string;
  readonly sealed_answer: string;
  readonly sealed_secret: string | undefined;
}
