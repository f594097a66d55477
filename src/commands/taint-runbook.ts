/** What is left to do after a key was tainted (S-KEY-10): our part is over, verifiers have copies. */
import type { RingContext } from '../keys/ring-context.ts';

export function taintRunbook({ life }: Pick<RingContext, 'life'>): string {
  return `The key is out of the JWKS and signs nothing on every node within ${life.refreshSeconds} s; the next key signs already.
Until the caches of the verifiers end, they take tokens that were forged with the tainted key, and those that ask for
no unknown kid refuse tokens of the next one. Flush them now:
  Envoy, Istio              restart, or wait 10 to 20 minutes
  Apache mod_auth_openidc   delete its cache, or restart; else up to an hour
  HAProxy                   remove the key's file, fetch the next one, reload
  APISIX, lua-resty-openidc restart the workers: keys are kept for 24 h, and verified tokens until their exp
  jose, PyJWT, Spring       restart, or wait 10 minutes
Every token of the tainted key ends within ${life.longestTokenSeconds} s by itself; a forged one whenever its forger likes.
Find how the key leaked first: if KEY_ENCRYPTION_KEY did, replace it (keys rewrap) and taint every key.`;
}
