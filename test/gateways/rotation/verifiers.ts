/**
 * Verifiers of tokens with the habits of the field. Inside this process: what jose does, and two caches that
 * ask less than it does. Outside: programs of other hands, each as it is installed.
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  importJWK,
  type JWK,
  jwtVerify,
} from 'jose';
import { send } from '../../support/bridge.ts';
import { bearer, call } from '../call.ts';
import type { Gateway } from '../gateway.ts';
import type { Protected } from '../issuer.ts';

/** Rejects when the token is not let in. */
export type Verify = (token: string, api: Protected) => Promise<void>;

/** `cooldownMs`: of jose, for how long it does not ask again for an unknown kid. */
export function inProcess(
  jwksUri: string,
  leadMs: number,
  cooldownMs: number,
): Readonly<Record<string, Verify>> {
  const remote = createRemoteJWKSet(new URL(jwksUri), { cooldownDuration: cooldownMs });
  const fetched = async () => (await send(jwksUri)).body as { keys: JWK[] };
  let heldAtMs = Number.NEGATIVE_INFINITY;
  let held: Promise<ReturnType<typeof createLocalJWKSet>> | undefined;
  const keys = new Map<string, Promise<JWK | undefined>>();
  return {
    'jose, which asks again for an unknown kid but not within the cool-down': async (token) =>
      void (await jwtVerify(token, remote)),
    'a cache of the lead less a second that never asks again': async (token) => {
      if (held === undefined || performance.now() - heldAtMs >= leadMs - 1000) {
        heldAtMs = performance.now();
        held = fetched().then(createLocalJWKSet);
      }
      await jwtVerify(token, await held);
    },
    'one key for a day': async (token) => {
      const { kid = '', alg = '' } = decodeProtectedHeader(token);
      const known = keys.get(kid) ?? fetched().then(({ keys: all }) => all.find((key) => key.kid === kid));
      keys.set(kid, known);
      const key = await known;
      if (key === undefined) throw new Error('the kid of a token that was just issued is not published');
      await jwtVerify(token, await importJWK(key, alg));
    },
  };
}

/**
 * A call of the API behind it, on a connection of its own: one that is kept may be closed by the gateway in
 * the moment in which it is used again, which is no refusal. `current`: the gateway may be another one by now.
 */
export function throughGateway(current: () => Gateway): Verify {
  return async (token, { path }) => {
    const { status } = await call(current().url + path, bearer(token));
    if (status !== 200) throw new Error(`the gateway answers ${status}`);
  };
}
