/** Revoked tokens in Redis: two sorted sets of `<expires_at> <jti>[ <list> <index>]`. */
import type { Revocation, RevocationStore } from '../../tokens/revocation-store.ts';
import { damaged } from '../parse-record.ts';
import type { Commit } from './commit.ts';
import type { Reads } from './reads.ts';
import { revokedAfter, revokeToken } from './revocation-scripts.ts';
import type { StorageKeys } from './storage-schema.ts';

/** Read at a time. */
const PAGE = 1000;

export function redisRevocations(commit: Commit, reads: Reads, keys: StorageKeys): RevocationStore {
  return {
    async revoke(revocation) {
      await commit(
        'revocations.revoke',
        revokeToken,
        [keys.revocations, keys.revocationEnds, keys.revocationCount],
        [pack(revocation), revocation.expires_at],
      );
    },

    async readAfter(from) {
      const [start, found] = (await reads.script(
        'revocations.readAfter',
        revokedAfter,
        [keys.revocations, keys.revocationCount],
        [from, PAGE],
      )) as [number, readonly string[]];
      const revocations: Revocation[] = [];
      let cursor = start;
      for (let at = 0; at < found.length; at += 2) {
        revocations.push(unpack(found[at] ?? ''));
        cursor = Number(found[at + 1]);
      }
      return { revocations, cursor, more: revocations.length === PAGE };
    },
  };
}

function pack({ jti, expires_at, entry }: Revocation): string {
  const words = [expires_at, jti, ...(entry === undefined ? [] : [entry.list, entry.index])];
  return words.join(' ');
}

const PACKED = /^(\d+) (\S+)(?: (\S+) (\d+))?$/;

function unpack(text: string): Revocation {
  const [, expires_at, jti, list, index] = PACKED.exec(text) ?? [];
  if (jti === undefined) throw damaged('revocations.readAfter', 'a revocation', 'has no token');
  return {
    jti,
    expires_at: Number(expires_at),
    ...(list === undefined ? {} : { entry: { list, index: Number(index) } }),
  };
}
