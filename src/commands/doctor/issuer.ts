/** The issuer as verifiers see it: whether its keys can be fetched from here, and are the ring's. */
import { isDevelopmentIssuer } from '../../config/issuer.ts';
import { publishedKeys } from '../../keys/ring.ts';
import { ok, warning } from '../../lib/finding.ts';
import type { Check } from './check.ts';

const CHECK = 'issuer';
const TIMEOUT_MS = 3000;

export const issuer: Check = async ({ config, ring }) => {
  const url = `${config.issuer}/.well-known/jwks.json`;
  let kids: readonly unknown[];
  try {
    // As a verifier does it: the certificate counts, and a redirect is none of the issuer's answers.
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { keys } = (await response.json()) as { readonly keys: readonly { readonly kid: unknown }[] };
    kids = keys.map(({ kid }) => kid);
  } catch (error) {
    if (isDevelopmentIssuer(config.issuer)) return [ok(CHECK, `${config.issuer}: does not answer now`)];
    const remedy = 'see that ISSUER leads to PUBLIC_LISTEN, unless this machine may not call it';
    return [warning(CHECK, `${url} can't be read from here (${reasonOf(error)})`, remedy)];
  }
  if (ring === undefined) return [];
  const ours = publishedKeys(ring).map(({ kid }) => kid);
  const same = kids.length === ours.length && ours.every((kid) => kids.includes(kid));
  if (same) return [ok(CHECK, `${config.issuer}: publishes the ${ours.length} keys of the ring`)];
  const remedy =
    'see that ISSUER leads to nodes of this STORE_URL; within RING_REFRESH_MS and a cache they agree';
  return [warning(CHECK, `${url} has other keys than the ring`, remedy)];
};

/** Of an error of fetch: the code of what is under it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
}
