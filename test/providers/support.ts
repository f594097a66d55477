/** A driver put together as the service does it, from a configuration; what it told; and a client to register. */
import assert from 'node:assert/strict';
import type { ClientMetadata } from '../../src/clients/metadata.ts';
import { clientMetadata } from '../../src/clients/metadata.ts';
import { openUpstreams, type Upstreams } from '../../src/compose/upstreams.ts';
import type { CallObservation, OidcUpstream } from '../../src/providers/oidc-upstream.ts';
import { UpstreamFailure } from '../../src/registration/upstream.ts';
import { load } from '../config/support.ts';

export const IAT = 'iat-f7Kq2mX9bT4wZ8';

export interface Driven {
  readonly upstream: OidcUpstream;
  readonly upstreams: Upstreams;
  readonly calls: readonly CallObservation[];
}

/** A provider on loopback; `members` over the least that is needed. */
export async function drive(
  issuer: string,
  members: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = { IAT },
): Promise<Driven> {
  const acme = {
    type: 'oidc',
    issuer,
    ...(members.token_client === undefined ? { initial_access_token: '{env:IAT}' } : {}),
    allow_insecure_loopback: true,
    ...members,
  };
  const { config } = load({ env: { ...env }, file: { providers: { local: { type: 'local' }, acme } } });
  const calls: CallObservation[] = [];
  const upstreams = await openUpstreams(config, (_, call) => calls.push(call));
  const upstream = upstreams.byName.get('acme');
  assert.ok(upstream !== undefined);
  return { upstream, upstreams, calls };
}

export function metadata(changes: Partial<ClientMetadata> = {}): ClientMetadata {
  return { ...clientMetadata.parse({ client_name: 'weather app', scope: 'read' }), ...changes };
}

/** The failure of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<UpstreamFailure> {
  const error = await call.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof UpstreamFailure, String(error));
  return error;
}

/** A failure as a log would have it, and every other place that it could tell something from. */
export function everythingOf(error: UpstreamFailure): string {
  const { cause } = error;
  const told = [error.message, error.stack, error.upstreamError, error.upstreamErrorDescription];
  return [...told, String(cause), cause instanceof Error ? cause.stack : '', JSON.stringify(error)].join(
    '\n',
  );
}
