/** What ties our record to the provider's: made from its answers, sealed for one client, opened to manage it. */
import { createHash } from 'node:crypto';
import { upstreamClientId } from '../../clients/client-id.ts';
import type { UpstreamBinding } from '../../clients/client-record.ts';
import type { UpstreamClient, UpstreamManagement } from '../upstream.ts';
import type { SagaContext } from './context.ts';

interface Sealed {
  readonly token?: string | undefined;
  /** The one before: for a provider that answered with a new one and did not keep it. */
  readonly previous_token?: string | undefined;
  readonly client_secret?: string | undefined;
  /** SHA-256 of the secret that the create showed. */
  readonly shown_secret_hash?: string | undefined;
}

export interface BindingOptions {
  readonly provider: string;
  readonly issuer: string;
  readonly marker: string;
  /** Whether the portal may see the secret again (`secret_storage: recoverable`). */
  readonly keepSecret: boolean;
}

export function bindingOf(
  context: SagaContext,
  { provider, issuer, marker, keepSecret }: BindingOptions,
  answered: UpstreamClient,
): UpstreamBinding {
  const { client_id, registration_client_uri, registration_access_token, client_secret } = answered;
  return {
    client_id,
    issuer,
    marker,
    client_secret_expires_at: answered.client_secret_expires_at,
    registration_client_uri,
    sealed: seal(context, provider, client_id, {
      token: registration_access_token,
      client_secret: keepSecret ? client_secret : undefined,
      shown_secret_hash: client_secret && hashOf(client_secret),
    }),
  };
}

/** After an answer to a read or an update: its token and address win, what it leaves out stays. */
export function rebind(
  context: SagaContext,
  provider: string,
  binding: UpstreamBinding,
  answered: UpstreamClient,
): UpstreamBinding {
  const before = open(context, provider, binding);
  const token = answered.registration_access_token ?? before.token;
  // What a look found before is over: the provider has just answered.
  const { drift: _, ...rest } = binding;
  return {
    ...rest,
    client_secret_expires_at:
      answered.client_secret === undefined
        ? binding.client_secret_expires_at
        : answered.client_secret_expires_at,
    registration_client_uri: answered.registration_client_uri ?? binding.registration_client_uri,
    sealed: seal(context, provider, binding.client_id, {
      token,
      previous_token: token === before.token ? before.previous_token : before.token,
      client_secret:
        before.client_secret === undefined ? undefined : (answered.client_secret ?? before.client_secret),
      shown_secret_hash: before.shown_secret_hash,
    }),
  };
}

/** In the order in which to try them. The second is there only after a token was replaced. */
export function managementsOf(
  context: SagaContext,
  provider: string,
  binding: UpstreamBinding,
): readonly [UpstreamManagement, ...UpstreamManagement[]] {
  const { token, previous_token } = open(context, provider, binding);
  const { client_id, registration_client_uri } = binding;
  const by = (registration_access_token: string | undefined): UpstreamManagement => ({
    client_id,
    registration_client_uri,
    registration_access_token,
  });
  return previous_token === undefined ? [by(token)] : [by(token), by(previous_token)];
}

/** Undefined where it is not kept. */
export function secretOf(
  context: Pick<SagaContext['upstream'], 'open'>,
  provider: string,
  binding: UpstreamBinding,
): string | undefined {
  return open({ upstream: context }, provider, binding).client_secret;
}

/**
 * The secret of an answer when it is another than the create showed: many providers state the secret with
 * every answer, and a secret is shown once. One that they replaced is shown with every answer from then on,
 * because nobody knows whether the answer before arrived.
 */
export function replacedSecret(
  context: SagaContext,
  provider: string,
  binding: UpstreamBinding,
  { client_secret }: UpstreamClient,
): string | undefined {
  if (client_secret === undefined) return undefined;
  return open(context, provider, binding).shown_secret_hash === hashOf(client_secret)
    ? undefined
    : client_secret;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

interface Opening {
  readonly upstream: Pick<SagaContext['upstream'], 'open'>;
}

function open({ upstream }: Opening, provider: string, { client_id, sealed }: UpstreamBinding): Sealed {
  return JSON.parse(upstream.open(sealed, upstreamClientId(provider, client_id)));
}

function seal({ upstream }: SagaContext, provider: string, clientId: string, text: Sealed): string {
  return upstream.seal(JSON.stringify(text), upstreamClientId(provider, clientId));
}
