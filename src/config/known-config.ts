/** The members that are right by themselves: what checks over several members may look at. */
import type { Config, PortalPolicy, ProviderConfig, ResourceConfig } from './schema.ts';

type Domain = 'resources' | 'providers' | 'portals';
type Entries<Entry> = Readonly<Record<string, Partial<Entry>>>;

export interface KnownConfig extends Partial<Omit<Config, Domain>> {
  readonly resources?: Entries<ResourceConfig>;
  readonly providers?: Entries<ProviderConfig>;
  readonly portals?: Entries<PortalPolicy>;
}
