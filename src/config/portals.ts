/**
 * Policy of the portals: `"*"` for every portal without an entry of its own, and entries that override it
 * member by member. What nobody states is what allows least.
 */
import { z } from 'zod';
import { isPortalName, PORTAL_NAME_RULE } from '../portals/portal-name.ts';
import { distinct } from './distinct.ts';
import { providerName } from './providers.ts';
import { resourceIdentifier, scopeToken } from './resources.ts';

export const EVERY_PORTAL = '*';

const MONTH_SECONDS = 30 * 24 * 60 * 60;

export const portalEntryName = z
  .string()
  .refine((name): boolean => name === EVERY_PORTAL || isPortalName(name), {
    error: `must be "*" or a portal name: ${PORTAL_NAME_RULE}`,
  });

const members = {
  providers: distinct(providerName).meta({ description: 'Providers that the portal may use.' }),
  grant_types: distinct(
    z.literal('client_credentials', { error: 'must be client_credentials, the only grant of this version' }),
  ).meta({ description: 'Grants that its clients may have.' }),
  resources: distinct(resourceIdentifier).meta({
    description: 'Resources that its clients may ask tokens for.',
  }),
  scopes: distinct(scopeToken).meta({
    description: 'Scopes that its clients may have, each one of a resource above.',
  }),
  default_scopes: distinct(scopeToken).meta({
    description: 'Scopes of a client that asks for none at registration.',
  }),
  max_clients: z
    .int()
    .min(1)
    .max(10_000_000)
    .meta({ description: 'How many clients the portal may have at a time.' }),
  max_secrets: z.int().min(1).max(5).meta({
    description: 'How many secrets of a client may be valid at a time.',
  }),
  calls_per_minute: z.int().min(1).max(1_000_000).meta({
    description: "How many calls each of the portal's keys may make in a minute, over all nodes.",
  }),
  secret_overlap_seconds: z.int().min(0).max(MONTH_SECONDS).meta({
    description: 'For how long at most a rotated secret stays valid beside the new one. 0: it stops at once.',
  }),
  secret_storage: z.enum(['hashed', 'recoverable']).meta({
    description:
      '`hashed`: a secret is shown once and kept as a keyed hash. `recoverable`: it is kept encrypted too, and update and renew return it again (Gravitee needs that).',
  }),
};

/** What holds where neither the portal's entry nor `"*"` says anything. */
export const POLICY_DEFAULTS = {
  providers: [],
  grant_types: ['client_credentials'],
  resources: [],
  scopes: [],
  default_scopes: [],
  max_clients: 1_000_000,
  max_secrets: 2,
  calls_per_minute: 60_000,
  secret_overlap_seconds: 0,
  secret_storage: 'hashed',
} as const satisfies z.output<z.ZodObject<typeof members>>;

export const portalPolicy = z.strictObject(members).partial();
