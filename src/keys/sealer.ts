/**
 * Seals short texts for the store: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. `context` says
 * what the text belongs to and is authenticated, so that a sealed text moved elsewhere does not open.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { RandomBytes } from '../lib/random.ts';

export interface Sealer {
  seal(text: string, context: string): string;
  /** Throws when the text was changed, moved, or sealed under another key. */
  open(sealed: string, context: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `key`: 32 bytes, derived for this one purpose. */
export function createSealer(key: Uint8Array, random: RandomBytes): Sealer {
  return {
    seal(text, context) {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return sealed.toString('base64url');
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    },
  };
}
