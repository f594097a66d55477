/**
 * The short road without a step aside: a plain request, a client that is in memory, a secret that is right, a
 * grant that is given. It answers with a token or with `undefined`, which is no refusal: whoever is asked
 * next looks at the request anew, and finds the words for it.
 */
import { getsTokensHere } from '../clients/client-record.ts';
import type { ComparedSecret } from '../clients/secret.ts';
import type { TokenClient } from '../clients/token-client.ts';
import { isBy } from './authenticate-client.ts';
import type { TokenRequest } from './grant-policy.ts';
import type { TokenResponse } from './issue.ts';
import { plainRequest } from './plain-request.ts';

export interface QuickTokenContext {
  /** `undefined` when it is not in memory, or may not be used without asking the store. */
  readonly warm: (clientId: string) => TokenClient | undefined;
  /** Must cost the same for `undefined`, the client that may not use it. */
  readonly findSecret: (client: TokenClient | undefined, presented: string) => ComparedSecret | undefined;
  readonly issue: (client: TokenClient, request: TokenRequest) => TokenResponse | Promise<TokenResponse>;
  readonly used: (client: TokenClient, secret: ComparedSecret) => void;
}

export function quickToken(
  { warm, findSecret, issue, used }: QuickTokenContext,
  form: string,
  authorization: string,
): string | Promise<string> | undefined {
  const plain = plainRequest(form, authorization);
  if (plain === undefined) return undefined;
  const known = warm(plain.clientId);
  const client = known && getsTokensHere(known) && isBy(known, plain.method) ? known : undefined;
  // Also for nobody: else a known client's refusal, which is made further on, would take a hash more (S-TOK-11).
  const secret = findSecret(client, plain.clientSecret);
  if (client === undefined || secret === undefined) return undefined;
  let response: TokenResponse | Promise<TokenResponse>;
  try {
    response = issue(client, plain.request());
  } catch {
    return undefined;
  }
  const counted = (answer: TokenResponse): string => {
    used(client, secret);
    return JSON.stringify(answer);
  };
  return response instanceof Promise ? response.then(counted) : counted(response);
}
