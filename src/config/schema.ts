/**
 * The whole configuration as one schema: the scalar settings and the domain. Each member is checked here
 * by itself; what concerns several of them is in `checks.ts`, and `load.ts` brings both together.
 */
import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { type POLICY_DEFAULTS, portalEntryName, portalPolicy } from './portals.ts';
import { provider, providerName } from './providers.ts';
import { resource, resourceIdentifier } from './resources.ts';
import { settings } from './settings.ts';

export const configuration = z.strictObject({
  ...settings,
  resources: z.record(resourceIdentifier, resource).meta({
    description: 'The APIs that tokens are for, by identifier: an absolute URI without a fragment.',
  }),
  default_resource: resourceIdentifier.meta({
    description: 'The resource of a token request that names none.',
  }),
  providers: z.record(providerName, provider).meta({
    description: 'Where clients live, by name. `local` is our own token service.',
  }),
  portals: z.record(portalEntryName, portalPolicy).meta({
    description:
      'Policy of the portals by name; `"*"` is the policy of a portal without an entry, and an entry overrides it member by member.',
  }),
});

/** Frozen; the records have no prototype, so a name that comes from outside finds only what was configured. */
export type Config = DeepReadonly<z.output<typeof configuration>>;

export type ResourceConfig = Config['resources'][string];
export type ProviderConfig = Config['providers'][string];
/** A portal's policy with every member stated: its entry over `"*"` over the built-in defaults. */
export type PortalPolicy = DeepReadonly<{
  [Member in keyof typeof POLICY_DEFAULTS]: NonNullable<z.output<typeof portalPolicy>[Member]>;
}>;
