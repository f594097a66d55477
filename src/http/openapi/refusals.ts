/**
 * Which refusals an operation can meet: one row for each reason, so that a new reason can't be left out of
 * the description. It errs on the side of naming one too many: a caller that handles it loses nothing.
 */
import type { RefusalReason } from '../../lib/refusal.ts';
import type { UpstreamFailureReason } from '../../registration/upstream.ts';
import { REGISTRATION_PATH } from '../../tokens/server-metadata.ts';
import { UPSTREAM_CATALOGUE } from '../error-catalogue.ts';
import type { DescribedEndpoint } from './api-group.ts';
import { pathParameterNames } from './parameters.ts';
import type { CredentialName } from './security.ts';

export interface Operation {
  readonly endpoint: DescribedEndpoint;
  readonly credentials: readonly CredentialName[];
}

type Applies = (operation: Operation) => boolean;

const always: Applies = () => true;
const never: Applies = () => false;
const takesBody: Applies = ({ endpoint }) => endpoint.requestBody !== undefined;
const takesMetadata: Applies = ({ endpoint }) => endpoint.requestBody?.presence === 'required';
const takesQuery: Applies = ({ endpoint }) => endpoint.query !== undefined;
const has =
  (parameter: string): Applies =>
  ({ endpoint }) =>
    pathParameterNames(endpoint.path).includes(parameter);
const ofProvider = has('provider');
const ofClient = has('client_id');
const ofSecret = has('secret_id');
const makesSecret: Applies = ({ endpoint }) => endpoint.idempotent === true;
const registers: Applies = (operation) => makesSecret(operation) && !ofClient(operation);
const deletes: Applies = ({ endpoint }) => endpoint.method === 'DELETE';
const reads: Applies = ({ endpoint }) => endpoint.method === 'GET';

/** Updates, events and deletes of a client that may live at an upstream provider. */
const changesUpstream: Applies = (operation) =>
  ofProvider(operation) &&
  ofClient(operation) &&
  !reads(operation) &&
  !makesSecret(operation) &&
  !ofSecret(operation);

const APPLIES: Readonly<Record<RefusalReason, Applies>> = {
  body_malformed: takesBody,
  body_too_large: takesBody,
  body_timeout: takesBody,
  media_type_unsupported: takesBody,
  request_malformed: always,
  host_unknown: always,
  // A proxy's word counts at the public listener.
  transport_insecure: ({ endpoint }) => endpoint.path.startsWith(REGISTRATION_PATH),
  // They are about paths and methods that are not in the description.
  route_unknown: never,
  method_unsupported: never,
  key_missing: always,
  key_unknown: always,
  portal_disabled: always,
  provider_unknown: ofProvider,
  provider_not_allowed: ofProvider,
  client_unknown: ofClient,
  // A delete has nothing to compare: whatever the others made of the client, it is gone.
  client_conflict: (operation) =>
    ofClient(operation) && !reads(operation) && (!deletes(operation) || ofSecret(operation)),
  metadata_invalid: takesBody,
  redirect_uri_invalid: takesMetadata,
  rotation_unsupported: (operation) => makesSecret(operation) && ofClient(operation),
  secret_unknown: ofSecret,
  secret_last: (operation) => ofSecret(operation) && deletes(operation),
  secret_limit: ({ endpoint }) => endpoint.method === 'POST' && endpoint.path.endsWith('/secrets'),
  secret_unused: (operation) => makesSecret(operation) && ofClient(operation),
  quota_exceeded: registers,
  rate_limited: always,
  // Of the public listener, where everybody's token requests come too.
  overloaded: ({ endpoint }) => endpoint.method === 'POST' && endpoint.path.startsWith(REGISTRATION_PATH),
  cursor_invalid: takesQuery,
  query_invalid: takesQuery,
  idempotency_key_invalid: makesSecret,
  idempotency_key_reused: makesSecret,
  idempotency_key_in_flight: (operation) => registers(operation) && ofProvider(operation),
  idempotency_key_unsettled: (operation) => registers(operation) && ofProvider(operation),
  client_busy: changesUpstream,
  client_unmanageable: (operation) => changesUpstream(operation) && !deletes(operation),
  upstream_not_acceptable: (operation) =>
    ofProvider(operation) && takesMetadata(operation) && !ofSecret(operation),
  registration_token_invalid: ({ credentials }) => credentials.includes('registrationAccessToken'),
  // Of the token service: no act on a client needs a signing key.
  replay_memory_new: never,
  ring_unavailable: never,
};

export function refusalsOf(operation: Operation): readonly RefusalReason[] {
  return (Object.keys(APPLIES) as RefusalReason[]).filter((reason) => APPLIES[reason](operation));
}

/** Where a client may live at an upstream provider: every change of one, but for its secrets, is made there. */
export function upstreamFailuresOf(operation: Operation): readonly UpstreamFailureReason[] {
  const changes = !reads(operation) && !ofSecret(operation) && ofProvider(operation);
  const rotates = makesSecret(operation) && ofClient(operation);
  return changes && !rotates ? (Object.keys(UPSTREAM_CATALOGUE) as UpstreamFailureReason[]) : [];
}
