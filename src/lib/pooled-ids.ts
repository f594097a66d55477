/**
 * Random ids out of a pool: asking for 16 bytes at a time costs twenty times as much as for 4096 at once.
 * The bytes of an id are overwritten when the pool is filled again, and are given out once only.
 */
import type { RandomBytes } from './random.ts';

const ID_BYTES = 16;
const IDS_IN_POOL = 256;

/** Base64url of 128 random bits each. */
export function pooledIds(random: RandomBytes): () => string {
  let pool = Buffer.alloc(0);
  let next = 0;
  return () => {
    if (next === pool.length) {
      pool = Buffer.from(random(ID_BYTES * IDS_IN_POOL));
      next = 0;
    }
    next += ID_BYTES;
    return pool.toString('base64url', next - ID_BYTES, next);
  };
}
