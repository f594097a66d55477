/**
 * How many clients there are, and how many there may be: counted when somebody asks, over the portals, which
 * are few. While the store does not answer nothing is said of them: an old number would look like a new one.
 */
import { Gauge, type Registry } from 'prom-client';

export interface ClientCounts {
  readonly portals: readonly {
    readonly portal: string;
    readonly clients: number;
    readonly quota: number;
  }[];
  readonly inAll: number;
  readonly cap: number;
}

/** The counts of now, or `undefined` while they can't be had. */
export type CountClients = () => Promise<ClientCounts | undefined>;

/** Returns what brings the gauges up to date; before each scrape. */
export function createClientGauges(registry: Registry, count: CountClients): () => Promise<void> {
  const registers = [registry];
  const labelNames = ['portal'] as const;
  // Every process counts the same clients.
  const aggregator = 'max';
  const clients = new Gauge({
    name: 'dcr_bridge_clients',
    aggregator,
    help: 'Clients of a portal.',
    labelNames,
    registers,
  });
  const quota = new Gauge({
    name: 'dcr_bridge_client_quota',
    aggregator,
    help: 'How many clients a portal may have.',
    labelNames,
    registers,
  });
  const inAll = new Gauge({
    name: 'dcr_bridge_clients_in_all',
    aggregator,
    help: 'Clients of all portals together, those of portals that were removed included.',
    registers,
  });
  const cap = new Gauge({
    name: 'dcr_bridge_client_cap',
    aggregator,
    help: 'How many clients all portals together may have.',
    registers,
  });
  return async function update() {
    const counts = await count();
    // Portals that are gone too.
    for (const gauge of [clients, quota]) gauge.reset();
    for (const gauge of [inAll, cap]) gauge.remove();
    if (counts === undefined) return;
    for (const each of counts.portals) {
      clients.set({ portal: each.portal }, each.clients);
      quota.set({ portal: each.portal }, each.quota);
    }
    inAll.set(counts.inAll);
    cap.set(counts.cap);
  };
}
