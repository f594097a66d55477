/**
 * Puts the upstream providers together: for each one that is configured a driver with its own way out. None
 * is called here, so that a provider that is down delays no start; `refresh` reads what is due.
 */
import type { Config } from '../config/schema.ts';
import type { CallObservation, OidcUpstream } from '../providers/oidc-upstream.ts';
import type { CircuitState } from '../providers/outbound/breaker.ts';
import { createOutbound } from '../providers/outbound/outbound.ts';
import { proveGuard } from '../providers/outbound/self-test.ts';
import type { ProviderHealth } from '../providers/provider-health.ts';
import { nowMs, openUpstream } from './open-upstream.ts';

export interface Upstreams {
  readonly byName: ReadonlyMap<string, OidcUpstream>;
  health(): Readonly<Record<string, ProviderHealth>>;
  circuits(): Readonly<Record<string, CircuitState>>;
  /** Reads the discovery documents that are due. Never rejects: what could not be read is in `health`. */
  refresh(): Promise<void>;
  close(): void;
}

export type ObserveUpstream = (provider: string, call: CallObservation) => void;

/** Throws when a file can't be read, or when the guard against private networks does not guard. */
export async function openUpstreams(config: Config, observe: ObserveUpstream): Promise<Upstreams> {
  const opened = Object.entries(config.providers).flatMap(([name, provider]) =>
    provider.type === 'oidc' ? [openUpstream(name, provider, (call) => observe(name, call))] : [],
  );
  if (opened.length > 0) {
    const nothing = { networks: [], allowLoopback: false, maxConcurrent: 1, maxWaitMs: 0, tls: {}, nowMs };
    await proveGuard(() => createOutbound(nothing));
  }
  const each = <T>(value: (one: (typeof opened)[number]) => T) =>
    Object.fromEntries(opened.map((one) => [one.name, value(one)]));
  return {
    byName: new Map(opened.map(({ name, upstream }) => [name, upstream])),
    health: () => each(({ health }) => health()),
    circuits: () => each(({ outbound }) => outbound.circuit()),
    refresh: async () => {
      const due = opened.filter(({ discovery }) => discovery.isDue());
      await Promise.allSettled(due.map(({ upstream }) => upstream.discover()));
    },
    close: () => {
      for (const { outbound } of opened) outbound.close();
    },
  };
}
