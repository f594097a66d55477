/**
 * Every refusal and what the caller is told: status, code, and a sentence that says what to do. The one
 * table that joins our reasons to the wire (`contract/portals.md`, "Errors, everywhere").
 */
import type { RefusalReason } from '../lib/refusal.ts';
import type { UpstreamFailureReason } from '../registration/upstream.ts';

export interface PublicError {
  readonly status: number;
  readonly error: string;
  readonly error_description: string;
  /** Seconds for `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** RFC 9110 section 11.6.1 wants a challenge on every 401. */
export const KEY_CHALLENGE = 'Bearer realm="dcr-bridge"';

export const ERROR_CATALOGUE: Readonly<Record<RefusalReason, PublicError>> = {
  body_malformed: {
    status: 400,
    error: 'invalid_request',
    error_description:
      'The body must be one JSON object in UTF-8: no byte-order mark, nested at most 16 deep, no number beyond a double, no half of a surrogate pair.',
  },
  body_too_large: {
    status: 413,
    error: 'request_too_large',
    error_description: 'The body is larger than this service accepts; send less.',
  },
  body_timeout: {
    status: 408,
    error: 'request_timeout',
    error_description: 'The body did not arrive in time; send the request again.',
  },
  media_type_unsupported: {
    status: 415,
    error: 'unsupported_media_type',
    error_description: 'Send the body as application/json, uncompressed.',
  },
  request_malformed: {
    status: 400,
    error: 'invalid_request',
    error_description:
      'The request is malformed: send one Host header that names this service, one Content-Type, and one API key.',
  },
  host_unknown: {
    status: 421,
    error: 'misdirected_request',
    error_description:
      'This service does not answer to this host name. Call it by the host of its ISSUER or MANAGEMENT_URL, or have its operator add the name to ALLOWED_HOSTS.',
  },
  transport_insecure: {
    status: 403,
    error: 'forbidden',
    error_description:
      'The request came without TLS. Send it by https; and make a new secret or key, because this one was seen on the way.',
  },
  route_unknown: {
    status: 404,
    error: 'not_found',
    error_description: 'There is nothing at this path; check the base URL that the portal was given.',
  },
  method_unsupported: {
    status: 405,
    error: 'method_not_allowed',
    error_description: 'This path does not take this method; the Allow header lists those it takes.',
  },
  key_missing: {
    status: 401,
    error: 'unauthorized',
    error_description: 'Send the API key of a portal in the X-API-KEY header, or as a Bearer token.',
  },
  key_unknown: {
    status: 401,
    error: 'unauthorized',
    error_description: 'The API key is not valid; ask the operator of this service for a new one.',
  },
  portal_disabled: {
    status: 401,
    error: 'unauthorized',
    error_description: 'The API key is not valid; ask the operator of this service for a new one.',
  },
  provider_unknown: {
    status: 404,
    error: 'not_found',
    error_description: 'There is no provider of this name; check the base URL that the portal was given.',
  },
  provider_not_allowed: {
    status: 403,
    error: 'access_denied',
    error_description: "This portal's policy does not name this provider; ask the operator to add it.",
  },
  client_unknown: {
    status: 404,
    error: 'not_found',
    error_description: 'There is no client of this id.',
  },
  client_conflict: {
    status: 409,
    error: 'conflict',
    error_description: 'Other requests are changing this client at the same time; read it and try again.',
  },
  metadata_invalid: {
    status: 400,
    error: 'invalid_client_metadata',
    error_description: 'The client metadata is not acceptable.',
  },
  redirect_uri_invalid: {
    status: 400,
    error: 'invalid_redirect_uri',
    error_description: 'A redirect URI is not acceptable.',
  },
  rotation_unsupported: {
    status: 409,
    error: 'rotation_not_supported',
    error_description: 'This provider does not rotate secrets. The secret in use stays valid.',
  },
  secret_unknown: {
    status: 404,
    error: 'not_found',
    error_description: 'This client has no secret of this id.',
  },
  secret_last: {
    status: 409,
    error: 'conflict',
    error_description:
      'This is the only secret that works; add another first, rotate it, or delete the client.',
  },
  secret_limit: {
    status: 409,
    error: 'conflict',
    error_description: 'This client has as many valid secrets as it may have; delete one first.',
  },
  secret_unused: {
    status: 409,
    error: 'conflict',
    error_description:
      'This client authenticates by its keys and has no secret; change its token_endpoint_auth_method first.',
  },
  quota_exceeded: {
    status: 403,
    error: 'quota_exceeded',
    error_description:
      'This portal has as many clients as it may have; delete some, or ask the operator for more.',
  },
  rate_limited: {
    status: 429,
    error: 'too_many_requests',
    error_description: 'This caller makes more calls than it may; wait for as long as Retry-After says.',
  },
  overloaded: {
    status: 503,
    error: 'temporarily_unavailable',
    error_description:
      'More requests are waiting than can be answered in time. Nothing of this one was read; send it again after Retry-After.',
    retryAfterSeconds: 1,
  },
  cursor_invalid: {
    status: 400,
    error: 'invalid_request',
    error_description: 'The cursor is not of this listing; begin again without it.',
  },
  query_invalid: {
    status: 400,
    error: 'invalid_request',
    error_description: 'The query is not acceptable.',
  },
  idempotency_key_invalid: {
    status: 400,
    error: 'invalid_request',
    error_description: 'Idempotency-Key must be 1 to 255 visible ASCII characters.',
  },
  idempotency_key_reused: {
    status: 422,
    error: 'idempotency_key_reused',
    error_description: 'This Idempotency-Key came with another body before; use a new key for a new request.',
  },
  idempotency_key_in_flight: {
    status: 409,
    error: 'conflict',
    error_description: 'A request with this Idempotency-Key is under way; send it again after Retry-After.',
    retryAfterSeconds: 5,
  },
  idempotency_key_unsettled: {
    status: 409,
    error: 'conflict',
    error_description:
      'The identity provider did not answer two requests with this Idempotency-Key; the operator has to settle them with reconcile before another is sent.',
  },
  client_busy: {
    status: 409,
    error: 'conflict',
    error_description:
      'Another change of this client is under way at the identity provider; try again shortly.',
    retryAfterSeconds: 5,
  },
  client_unmanageable: {
    status: 409,
    error: 'conflict',
    error_description:
      'The identity provider takes no changes of this client from us; ask the operator. The client itself is as it was.',
  },
  upstream_not_acceptable: {
    status: 502,
    error: 'upstream_not_acceptable',
    error_description:
      'The identity provider granted something else than it was asked for, and it is taken back; ask the operator.',
  },
  registration_token_invalid: {
    status: 401,
    error: 'invalid_token',
    error_description: 'The registration access token is not valid for this client.',
  },
  replay_memory_new: {
    status: 503,
    error: 'temporarily_unavailable',
    error_description:
      'The store has only just begun to remember what was used; make a new assertion or proof after Retry-After.',
    retryAfterSeconds: 2,
  },
  ring_unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    error_description: 'No signing key is in force yet; try again shortly.',
    retryAfterSeconds: 5,
  },
};

/** What became of a call on an upstream provider. Its own error, when it sent one, goes beside ours. */
export const UPSTREAM_CATALOGUE: Readonly<Record<UpstreamFailureReason, PublicError>> = {
  upstream_refused: {
    status: 502,
    error: 'upstream_refused',
    error_description:
      'The identity provider refused; its own error, if it gave one, is in upstream_error and upstream_error_description.',
  },
  upstream_busy: {
    status: 503,
    error: 'temporarily_unavailable',
    error_description: 'The identity provider asks for patience; try again after Retry-After.',
    retryAfterSeconds: 5,
  },
  upstream_credential_refused: {
    status: 502,
    error: 'upstream_credential_refused',
    error_description:
      'The identity provider does not accept the credential of this service; give its operator the error_id.',
  },
  upstream_timeout: {
    status: 504,
    error: 'upstream_timeout',
    error_description:
      'The identity provider did not answer in time. What was asked may have been done; try again with the same Idempotency-Key.',
  },
  upstream_malformed: {
    status: 502,
    error: 'upstream_malformed',
    error_description:
      'The answer of the identity provider can not be used; give the operator of this service the error_id.',
  },
  upstream_unreachable: {
    status: 502,
    error: 'upstream_unreachable',
    error_description: 'The identity provider can not be reached; try again later.',
  },
  upstream_unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    error_description:
      'The identity provider does not answer at present, and was not asked; try again after Retry-After.',
    retryAfterSeconds: 5,
  },
};

export const STORE_UNAVAILABLE: PublicError = {
  status: 503,
  error: 'temporarily_unavailable',
  error_description: 'The store does not answer. Nothing was acknowledged; try again shortly.',
  retryAfterSeconds: 5,
};

/** Never expected: a defect of ours. The caller gets the id under which the log has the rest. */
export const INTERNAL_ERROR: PublicError = {
  status: 500,
  error: 'server_error',
  error_description: 'Something went wrong in this service; give its operator the error_id.',
};
