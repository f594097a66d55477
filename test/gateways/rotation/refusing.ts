/**
 * The other half of "no failure": a verifier that lets everything in would fail nobody. So each is shown the
 * real thing and what only a broken one lets in, for each algorithm that all of them take.
 */
import { byStranger, flipped, withClaims, withSignature } from '../forge.ts';
import { PROTECTED, type Protected } from '../issuer.ts';
import type { Verify } from './verifiers.ts';

/** In this order: who remembers tokens has seen the signature, and must not know a token by that alone. */
const SHOWN: readonly (readonly [
  what: string,
  letIn: boolean,
  made: (token: string) => string | Promise<string>,
])[] = [
  ['as it was issued', true, (token) => token],
  ['with one bit of the signature flipped', false, (token) => withSignature(token, flipped)],
  ['with a claim changed', false, (token) => withClaims(token, { sub: 'somebody-else' })],
  ['of an unpublished key', false, (token) => byStranger({ token }, { kid: 'a-kid-of-its-own' })],
  ['of an unpublished key under a published kid', false, (token) => byStranger({ token }, {})],
];

/** Who decides wrongly about what, by name; empty when all of them decide. */
export async function wrongDecisions(
  verifiers: Readonly<Record<string, Verify>>,
  issued: (api: Protected) => Promise<string>,
): Promise<readonly string[]> {
  const all = PROTECTED.flatMap((api) =>
    Object.entries(verifiers).map(async ([habit, verify]) => {
      const token = await issued(api);
      const wrong: string[] = [];
      for (const [what, letIn, made] of SHOWN) {
        const isLetIn = await verify(await made(token), api).then(
          () => true,
          () => false,
        );
        if (isLetIn !== letIn) wrong.push(`${habit}: a token ${what} (${api.alg})`);
      }
      return wrong;
    }),
  );
  return (await Promise.all(all)).flat();
}
