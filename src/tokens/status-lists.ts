/**
 * Token Status Lists (draft-ietf-oauth-status-list): which tokens of a list are revoked, one bit each,
 * compressed and signed. Any process answers for any list of ours, from the revocations that it has in
 * memory; a list is made again when one of its tokens was revoked, and to stay fresh. While the revocations
 * are too old to vouch for, there is no new list, and verifiers go by the one they have until it ends.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, deflate } from 'node:zlib';
import type { KeyedHash } from '../keys/derive.ts';
import type { StaticDocument } from '../keys/jwks.ts';
import type { ActiveKey } from '../keys/signer.ts';
import { type SigningAlg, signingAlg } from '../keys/signing-alg.ts';
import type { Revocations } from './revocations.ts';
import { openedAtOf } from './status-list-id.ts';
import { STATUS_LIST_OPEN_SECONDS, STATUS_LIST_SIZE } from './status-list-places.ts';

const MINUTE = 60;
/** A verifier may go by its copy for so long: a revocation is known to all within this, a cache and 5 s more. */
const TTL_SECONDS = 30;
/** A list that did not change is signed again after this, so that what verifiers fetch is never near its end. */
const SIGN_AGAIN_SECONDS = 5 * MINUTE;
/** For how long a verifier that can't fetch a new list may go by the old one. */
const VALID_SECONDS = 60 * MINUTE;
/** About 1 KiB each, unless very many tokens of a list are revoked. */
const MAX_KEPT = 1000;

export interface StatusListsContext {
  readonly hash: KeyedHash;
  readonly uriOf: (alg: SigningAlg, id: string) => string;
  readonly activeKey: (alg: SigningAlg, nowSeconds: number) => ActiveKey;
  readonly revocations: Pick<Revocations, 'revokedIn'>;
  /** No token lives longer: a list is served until its last one has expired. */
  readonly maxTokenLifetimeSeconds: number;
}

export interface StatusLists {
  /**
   * The Status List Token; `undefined` when there is no such list, or all its tokens have expired. Throws
   * `StoreUnavailable`, or `Refusal` (`ring_unavailable`).
   */
  read(alg: string, id: string, nowSeconds: number): Promise<StaticDocument | undefined>;
}

interface Kept {
  readonly changes: number;
  readonly signedAt: number;
  readonly kid: string;
  readonly made: Promise<StaticDocument>;
}

export function statusLists(context: StatusListsContext): StatusLists {
  const kept = new Map<string, Kept>();
  const lastsSeconds = STATUS_LIST_OPEN_SECONDS + context.maxTokenLifetimeSeconds + MINUTE;

  return {
    read: async (algName, id, nowSeconds) => {
      const alg = signingAlg.safeParse(algName).data;
      const openedAt = openedAtOf(algName, id, context.hash);
      if (alg === undefined || openedAt === undefined) return undefined;
      if (nowSeconds >= openedAt + lastsSeconds) return undefined;
      const { indexes, changes } = context.revocations.revokedIn(id, nowSeconds);
      const key = context.activeKey(alg, nowSeconds);
      const known = kept.get(id);
      const age = nowSeconds - (known?.signedAt ?? 0);
      if (known?.changes === changes && known.kid === key.kid && age >= 0 && age < SIGN_AGAIN_SECONDS) {
        return known.made;
      }
      const made = sign(key, context.uriOf(alg, id), [...indexes], nowSeconds);
      kept.delete(id);
      kept.set(id, { changes, signedAt: nowSeconds, kid: key.kid, made });
      // A map is in the order of its insertions.
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      made.catch(() => kept.delete(id));
      return made;
    },
  };
}

async function sign(
  key: ActiveKey,
  sub: string,
  revoked: readonly number[],
  iat: number,
): Promise<StaticDocument> {
  const header = { alg: key.alg, typ: 'statuslist+jwt', kid: key.kid };
  const payload = {
    sub,
    iat,
    exp: iat + VALID_SECONDS,
    ttl: TTL_SECONDS,
    status_list: { bits: 1, lst: await compressed(revoked) },
  };
  const signed = `${encoded(header)}.${encoded(payload)}`;
  const signature = Buffer.from(await key.sign(Buffer.from(signed)));
  const body = Buffer.from(`${signed}.${signature.toString('base64url')}`);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const deflateInPool = promisify(deflate) as (
  bytes: Uint8Array,
  options: { readonly level: number },
) => Promise<Buffer>;

/** Section 4.1: the first token of a byte is its lowest bit; ZLIB (RFC 1950) around DEFLATE. */
async function compressed(revoked: readonly number[]): Promise<string> {
  const bytes = new Uint8Array(STATUS_LIST_SIZE / 8);
  for (const index of revoked) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  const packed = await deflateInPool(bytes, { level: constants.Z_BEST_COMPRESSION });
  return packed.toString('base64url');
}
