/** The clients of each portal against its quota, for the metrics: one constant-time count for each portal. */
import { policyOf } from '../config/policy.ts';
import type { Config } from '../config/schema.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { Store } from '../stores/store.ts';
import type { CountClients } from '../telemetry/client-gauges.ts';

export function clientCounts(
  config: Config,
  { clients, portals }: Pick<Store, 'clients' | 'portals'>,
): CountClients {
  return async () => {
    try {
      const [all, inAll] = await Promise.all([portals.list(), clients.countAll()]);
      const counted = all.map(async ({ name }) => ({
        portal: name,
        clients: await clients.count(name),
        quota: policyOf(config, name).max_clients,
      }));
      return { portals: await Promise.all(counted), inAll, cap: config.max_clients };
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    }
  };
}
