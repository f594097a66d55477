/**
 * A form that a client sends about a token of its own or of another (RFC 7009, RFC 7662): who it is first,
 * how often it has asked, and only then what. Every refused authentication looks the same and says how to
 * authenticate.
 */
import { parse } from 'node:querystring';
import type { Context } from 'koa';
import type { TokenClient } from '../clients/token-client.ts';
import { callerNetwork } from '../lib/caller-network.ts';
import { Refusal } from '../lib/refusal.ts';
import type { RateLimiter } from '../portals/rate-limiter.ts';
import { bringsKey, type KeyCredentials } from '../tokens/authenticate-key.ts';
import { type Parameters, type SecretCredentials, secretCredentials } from '../tokens/plain-request.ts';
import type { TokenForm as ParsedForm } from '../tokens/token-form.ts';
import { authenticationFailed, TokenRefusal } from '../tokens/token-refusal.ts';
import { requireForm } from './form-request.ts';
import { type BodyLimits, readBytes } from './middleware/json-body.ts';
import type { PresentedBy } from './presented-certificate.ts';

export interface AuthenticatedFormOptions {
  /** Throws `TokenRefusal` `invalid_client`, or `StoreUnavailable`. */
  readonly authenticate: (credentials: SecretCredentials) => Promise<TokenClient>;
  /** The same for a client that proves a key. */
  readonly authenticateByKey: (credentials: KeyCredentials) => Promise<TokenClient>;
  readonly presentedBy: PresentedBy;
  /** Of each client's calls. */
  readonly calls: RateLimiter;
  /** Of each address's refused authentications. */
  readonly failures: RateLimiter;
  readonly bodyLimits: BodyLimits;
}

export interface TokenForm {
  readonly caller: TokenClient;
  readonly token: string;
}

/** A form has a token, a hint and credentials; one with very many parameters is none. */
const MAX_PARAMETERS = 50;

/** Throws `TokenRefusal`, `Refusal` or `StoreUnavailable`. */
export async function readTokenForm(ctx: Context, options: AuthenticatedFormOptions): Promise<TokenForm> {
  // RFC 6749 section 5.1, of a refusal too: what is told of a token is as secret as the token.
  ctx.set('Pragma', 'no-cache');
  requireForm(ctx, options.bodyLimits.bytes);
  const body = await readBytes(ctx, options.bodyLimits);
  const parameters = parse(body.toString('latin1'), '&', '=', { maxKeys: MAX_PARAMETERS });
  const caller = await authenticated(ctx, parameters, options);
  refuseOverLimit(await options.calls.take(caller.client_id, 1));
  return { caller, token: tokenOf(parameters) };
}

async function authenticated(
  ctx: Context,
  parameters: Parameters,
  { authenticate, authenticateByKey, presentedBy, failures }: AuthenticatedFormOptions,
): Promise<TokenClient> {
  try {
    const key = { form: keyForm(parameters, ctx.get('authorization')), certificate: presentedBy(ctx.req) };
    if (bringsKey(key)) return await authenticateByKey(key);
    const credentials = secretCredentials(parameters, ctx.get('authorization'));
    if (credentials === undefined) throw authenticationFailed('no credentials, or more than one', true);
    return await authenticate(credentials);
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    refuseOverLimit(await failures.take(callerNetwork(ctx.ip), 1));
    // The challenge says how to do better whatever was tried (RFC 9110 section 11.6.1).
    throw authenticationFailed(error.reason ?? error.message, true);
  }
}

/** What proves a key, where there is no secret beside it. */
function keyForm(parameters: Parameters, authorization: string): ParsedForm {
  const { client_assertion, client_assertion_type: type, client_id, client_secret } = parameters;
  if (client_secret !== undefined || authorization !== '') return {};
  if ([client_assertion, type, client_id].some(Array.isArray)) return {};
  return { client_assertion, client_assertion_type: type, client_id } as ParsedForm;
}

/** `token_type_hint` is not read: there is one type of token, whatever the hint says (RFC 7009 section 2.1). */
function tokenOf(parameters: Parameters): string {
  const repeated = Object.values(parameters).some(Array.isArray);
  if (repeated) throw new TokenRefusal('invalid_request', 'no parameter may be provided twice');
  const { token } = parameters;
  if (typeof token !== 'string' || token === '') {
    throw new TokenRefusal('invalid_request', 'send the token in the parameter token');
  }
  return token;
}

function refuseOverLimit(retryAfterSeconds: number | undefined): void {
  if (retryAfterSeconds === undefined) return;
  throw new Refusal('rate_limited', { headers: { 'retry-after': String(retryAfterSeconds) } });
}
