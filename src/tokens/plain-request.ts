/**
 * A plain token request: `client_credentials` with a secret, once each, and nothing that wants a second
 * look. Pure. Whatever is not surely plain is left to the authorization-server engine, which knows the rest
 * of the protocol, so this reads less than it could and never decides that a request is wrong.
 */
import { parse } from 'node:querystring';
import type { TokenRequest } from './grant-policy.ts';
import { oneTarget } from './token-target.ts';

export interface SecretCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly method: 'client_secret_basic' | 'client_secret_post';
}

export interface PlainRequest extends SecretCredentials {
  /** Throws `TokenRefusal` `invalid_target` when two targets are named: only who is authenticated hears it. */
  readonly request: () => TokenRequest;
}

const PARAMETERS = new Set(['grant_type', 'scope', 'resource', 'audience', 'client_id', 'client_secret']);
const MAX_PARAMETERS = PARAMETERS.size;

/** RFC 6749 section 3.3; what is no scope is for the engine to refuse. */
export const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;
/** RFC 6749 appendix A: `VSCHAR = %x20-7E`. */
const VSCHARS = /^[\x20-\x7e]+$/;
const BASIC = /^Basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** `form` is the body, `authorization` the header or `''`. `undefined`: not plain. */
export function plainRequest(form: string, authorization: string): PlainRequest | undefined {
  const parameters = parse(form, '&', '=', { maxKeys: MAX_PARAMETERS + 1 });
  for (const name in parameters) {
    // A repeated parameter is a list, and an empty one is for the engine to judge.
    if (!PARAMETERS.has(name) || typeof parameters[name] !== 'string' || parameters[name] === '')
      return undefined;
  }
  if (parameters.grant_type !== 'client_credentials') return undefined;
  const credentials = secretCredentials(parameters, authorization);
  if (credentials === undefined) return undefined;
  const { scope, resource, audience } = parameters as Readonly<Record<string, string | undefined>>;
  if (scope !== undefined && !SCOPE.test(scope)) return undefined;
  return { ...credentials, request: () => ({ resource: oneTarget(resource, audience), scope }) };
}

export type Parameters = ReturnType<typeof parse>;

/** The one secret that a request brings, in its form or its header; `undefined` for none and for both. */
export function secretCredentials(
  parameters: Parameters,
  authorization: string,
): SecretCredentials | undefined {
  return authorization === '' ? postCredentials(parameters) : basicCredentials(parameters, authorization);
}

function postCredentials({
  client_id: clientId,
  client_secret: clientSecret,
}: Parameters): SecretCredentials | undefined {
  if (typeof clientId !== 'string' || typeof clientSecret !== 'string') return undefined;
  return { clientId, clientSecret, method: 'client_secret_post' };
}

function basicCredentials(
  { client_id, client_secret }: Parameters,
  authorization: string,
): SecretCredentials | undefined {
  const [, encoded] = BASIC.exec(authorization) ?? [];
  if (encoded === undefined || client_secret !== undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const clientId = formDecoded(pair.slice(0, Math.max(colon, 0)));
  const clientSecret = formDecoded(pair.slice(colon + 1));
  if (clientId === undefined || clientSecret === undefined) return undefined;
  if (client_id !== undefined && client_id !== clientId) return undefined;
  return { clientId, clientSecret, method: 'client_secret_basic' };
}

/** RFC 6749 section 2.3.1: both are form-encoded before they are joined. `undefined` when they can't be. */
function formDecoded(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', '%20'));
    return VSCHARS.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
