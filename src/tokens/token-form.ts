/**
 * The form of a token request that is not plain: read strictly, one value for each name (RFC 6749 section
 * 3.2). Throws `TokenRefusal` for what no authentication could make right.
 */
import { parse } from 'node:querystring';
import type { TokenRequest } from './grant-policy.ts';
import { SCOPE } from './plain-request.ts';
import { TokenRefusal } from './token-refusal.ts';
import { oneTarget, text } from './token-target.ts';

export type TokenForm = Readonly<Record<string, string | undefined>>;

/** The engine's own limit: without one a form of many names would take long to look through. */
const MAX_PARAMETERS = 1000;

/** A parameter without a value is treated as if it were omitted. */
export function tokenForm(form: string): TokenForm {
  const parameters: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of Object.entries(parse(form, '&', '=', { maxKeys: MAX_PARAMETERS }))) {
    if (Array.isArray(value)) throw new TokenRefusal('invalid_request', 'no parameter may be provided twice');
    parameters[name] = text(value);
  }
  return parameters;
}

/** What an authenticated client asks for. */
export function askedFor({ grant_type, scope, resource, audience }: TokenForm): TokenRequest {
  if (grant_type === undefined) {
    throw new TokenRefusal('invalid_request', 'the parameter grant_type is missing');
  }
  if (grant_type !== 'client_credentials') {
    throw new TokenRefusal('unsupported_grant_type', 'the only grant is client_credentials');
  }
  if (scope !== undefined && !SCOPE.test(scope)) {
    throw new TokenRefusal('invalid_scope', 'scope must be scope tokens separated by single spaces');
  }
  return { resource: oneTarget(resource, audience), scope };
}
