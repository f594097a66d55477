/**
 * What is wrong with the key ring, for the operator who has to put it right: `code` says which case,
 * the message says where, what, and what to do. It never carries key material; key ids are public.
 */
export type RingErrorCode =
  /** `KEY_ENCRYPTION_KEY` is not 256 random bits in base64url. */
  | 'kek_invalid'
  /** A ring is there and the development key that it was sealed under is not. */
  | 'kek_missing'
  /** The document is sealed under another key-encryption key. */
  | 'kek_wrong'
  /** Truncated, altered, or forged. */
  | 'ring_damaged'
  /** Written by a later version of the service. */
  | 'ring_unsupported'
  /** The store and `keys/` hold rings of different installations. */
  | 'ring_mismatch'
  /** The store and `keys/` hold the same version of one ring with different content. */
  | 'ring_diverged'
  /** The store is in use and its ring is gone, and no replica is here. */
  | 'ring_lost'
  /** The store can't be reached and no replica is here. */
  | 'ring_unreachable'
  /** A file or directory that others could have read or written. */
  | 'file_unsafe'
  /** A file that is there and can't be read. */
  | 'file_unreadable'
  /** The disk is full, read-only or not ours. */
  | 'file_unwritable';

export class RingError extends Error {
  override readonly name = 'RingError';
  readonly code: RingErrorCode;

  constructor(code: RingErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
