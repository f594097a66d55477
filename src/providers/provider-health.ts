/**
 * How a provider was doing when it was last called, for `/readyz`. An upstream that is down makes no node
 * unready: tokens, keys and the other providers do not depend on it.
 */
import type { UpstreamFailureReason } from '../registration/upstream.ts';
import type { CallObservation } from './oidc-upstream.ts';
import type { CircuitState } from './outbound/breaker.ts';

export interface ProviderHealth {
  /** `unknown` until the first call. */
  readonly status: 'up' | 'down' | 'unknown';
  readonly circuit: CircuitState;
  /** Why the last call failed, while the last call failed. */
  readonly reason?: UpstreamFailureReason | undefined;
}

/** A provider that says "no" is up. */
const ANSWERED: ReadonlySet<CallObservation['outcome']> = new Set([
  'done',
  'upstream_refused',
  'upstream_credential_refused',
]);

export function trackHealth(circuit: () => CircuitState) {
  let last: CallObservation['outcome'] | undefined;
  return {
    observe(call: CallObservation): void {
      last = call.outcome;
    },
    health(): ProviderHealth {
      if (last === undefined) return { status: 'unknown', circuit: circuit() };
      const status = ANSWERED.has(last) ? 'up' : 'down';
      return { status, circuit: circuit(), ...(last === 'done' ? {} : { reason: last }) };
    },
  };
}
