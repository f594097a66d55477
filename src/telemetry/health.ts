/**
 * What `/readyz` says. *Ready*: every road works. *Degraded*: the store does not answer, so registrations
 * and tokens are refused, while JWKS and metadata are served from memory (promise R-01): a load balancer
 * that takes a degraded node out must keep sending the JWKS paths to it. *Draining*: the node is leaving.
 * How upstream providers are doing is told and decides nothing: no other node could reach them better. Nor does
 * a clock that is apart from the store's: where the store's is the wrong one, no node would be left.
 */
import type { ClockState } from './clock-watch.ts';

export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'draining';
  readonly store: { readonly kind: string; readonly up: boolean };
  readonly key_ring: { readonly version: number; readonly source: string };
  /** Absent where the store has no clock to compare with, or does not answer. */
  readonly clock?: { readonly ahead_of_store_seconds: number; readonly in_step: boolean };
  /** By name; absent where none is configured. */
  readonly providers?: ProviderStates;
}

export type ProviderStates = Readonly<Record<string, { readonly status: string }>>;

export interface HealthOptions {
  readonly clock: () => ClockState;
  readonly store: { readonly kind: string; ping(): Promise<void> };
  readonly ring: () => { readonly version: number; readonly source: string };
  readonly providers: () => ProviderStates;
}

export interface Health {
  readiness(): Promise<Readiness>;
  /** From now on `draining`, for good. */
  drain(): void;
  isDraining(): boolean;
}

export function createHealth({ store, ring, clock, providers }: HealthOptions): Health {
  let draining = false;
  return {
    drain: () => {
      draining = true;
    },
    isDraining: () => draining,
    readiness: async () => {
      const up = await store.ping().then(
        () => true,
        () => false,
      );
      const status = draining ? 'draining' : up ? 'ready' : 'degraded';
      const states = providers();
      const { aheadOfStoreSeconds: ahead, inStep } = clock();
      return {
        status,
        store: { kind: store.kind, up },
        key_ring: ring(),
        ...(ahead === undefined ? {} : { clock: { ahead_of_store_seconds: ahead, in_step: inStep } }),
        ...(Object.keys(states).length === 0 ? {} : { providers: states }),
      };
    },
  };
}
