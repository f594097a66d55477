/**
 * What an operator may do to the key ring: each act is a change of the ring in force, or a refusal in words. It
 * does what the plan would do, earlier or other than the plan; where that costs failures it wants `force`.
 */
import type { KeyObject } from 'node:crypto';
import { nextAnnounced } from './due-steps.ts';
import { generateKey, sealedKey } from './generate-ring.ts';
import { activated, announced, ended, leadSeconds } from './key-life.ts';
import type { OpenedRing } from './opened-ring.ts';
import { isPublished, nextVersion, type RingKey } from './ring.ts';
import type { RingContext } from './ring-context.ts';
import { sealPrivateKey, sealRootKey, unsealPrivateKey } from './seal.ts';
import type { SigningAlg } from './signing-alg.ts';
import type { Change } from './synchronise.ts';

type Act = (context: RingContext, current: OpenedRing) => Promise<Change>;

export const announce =
  (alg: SigningAlg): Act =>
  async ({ now, life }, { ring, kek }) => {
    const waiting = nextAnnounced(ring).find((key) => key.alg === alg);
    if (waiting !== undefined) return refused(`${waiting.kid} is announced for ${alg} already; activate it`);
    const keys = announced(ring.keys, await generateKey(kek, alg), now(), life, ring.version + 1);
    return { ring: nextVersion(ring, keys), kek };
  };

/** A key of the operator's own: announced like any other, because verifiers have never seen it. */
export const importKey =
  (alg: SigningAlg, privateKey: KeyObject): Act =>
  async ({ now, life }, { ring, kek }) => {
    const key = await sealedKey(kek, alg, privateKey);
    if (ring.keys.some(({ kid }) => kid === key.kid)) {
      return refused(`${key.kid} is or was in the ring: a key is used once`);
    }
    return { ring: nextVersion(ring, announced(ring.keys, key, now(), life, ring.version + 1)), kek };
  };

export const activate =
  (named: string, { force }: { readonly force: boolean }): Act =>
  async ({ now, life }, { ring, kek }) => {
    const key = find(ring.keys, named, 'announced');
    if (typeof key === 'string') return refused(key);
    const waits = key.activates_at - now();
    if (waits > 0 && !force) {
      return refused(
        `${key.kid} may sign in ${waits} seconds: it has to be published for ${leadSeconds(life)} first. With --force it signs at once, and verifiers that keep an older JWKS refuse its tokens`,
      );
    }
    return { ring: nextVersion(ring, activated(ring.keys, key.kid, now(), life, { forced: force })), kek };
  };

/** Takes a key out of the JWKS that no token needs: an announced one, or one whose time is over. */
export const retire =
  (named: string, { force }: { readonly force: boolean }): Act =>
  async ({ now }, { ring, kek }) => {
    const key = find(ring.keys, named, 'retiring');
    if (typeof key === 'string') return refused(key);
    if (key.state === 'active') return refused(`${key.kid} signs: activate the next key of ${key.alg} first`);
    const waits = key.state === 'retiring' ? (key.retires_at ?? now()) - now() : 0;
    if (waits > 0 && !force) {
      return refused(
        `tokens of ${key.kid} may still be in use; it retires by itself in ${waits} seconds. With --force it goes at once, and they are refused`,
      );
    }
    return { ring: nextVersion(ring, ended(ring.keys, key.kid, 'retired', now())), kek };
  };

/** The emergency: out of the JWKS at once, and the next key signs at once, known to verifiers or not (S-KEY-10). */
export const taint =
  (named: string): Act =>
  async ({ now, life }, { ring, kek }) => {
    const key = find(ring.keys, named, 'active');
    if (typeof key === 'string') return refused(key);
    const tainted = ended(ring.keys, key.kid, 'tainted', now());
    if (key.state !== 'active') return { ring: nextVersion(ring, tainted), kek };
    const waiting = nextAnnounced(ring).find(({ alg }) => alg === key.alg);
    const fresh = waiting === undefined ? await generateKey(kek, key.alg) : undefined;
    const keys = fresh === undefined ? tainted : announced(tainted, fresh, now(), life, ring.version + 1);
    const next = waiting?.kid ?? fresh?.kid ?? '';
    return { ring: nextVersion(ring, activated(keys, next, now(), life, { forced: true })), kek };
  };

/** Seals everything under the key-encryption key that is set now (S-KEY-07). */
export const rewrap: Act = async ({ kek }, { ring, kek: before, root }) => {
  if (before === kek) return refused('the key ring is sealed under KEY_ENCRYPTION_KEY already');
  const keys = await Promise.all(
    ring.keys.map(async (key): Promise<RingKey> => {
      const { kid, sealed_private_key: sealed } = key;
      if (sealed === undefined) return key;
      const privateKey = await unsealPrivateKey(before, kid, sealed);
      return { ...key, sealed_private_key: await sealPrivateKey(kek, kid, privateKey) };
    }),
  );
  return { ring: { ...nextVersion(ring, keys), sealed_root: await sealRootKey(kek, root) }, kek };
};

function refused(reason: string): Change {
  return { refused: reason };
}

const PREFIX = /^[\w-]{6,43}$/;

/** By kid, by six or more of its first characters, or by algorithm: then its key in `state`. */
function find(keys: readonly RingKey[], named: string, state: RingKey['state']): RingKey | string {
  const published = keys.filter(isPublished);
  const ofAlg = published.filter((key) => key.alg === named && key.state === state);
  const byKid = PREFIX.test(named) ? published.filter(({ kid }) => kid.startsWith(named)) : [];
  const [found, ...others] = ofAlg.length > 0 ? ofAlg : byKid;
  if (others.length > 0) return 'that names more than one key: give the whole kid; keys list shows them';
  if (found === undefined && published.some(({ alg }) => alg === named))
    return `no key of ${named} is ${state}; keys list shows what they are`;
  if (found === undefined) return 'there is no such key in use; keys list shows them';
  if (state === 'announced' && found.state !== 'announced')
    return `${found.kid} is ${found.state}, not announced`;
  return found;
}
