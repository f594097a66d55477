/**
 * Policy of the portals: `"*"` for every portal without an entry of its own, and entries that override it
 * member by member. What nobody states is what allows least.
 */
import { z } from 'zod';
import { AUTH_METHODS } from '../clients/auth-method.ts';
import { isPortalName, PORTAL_NAME_RULE } from '../portals/portal-name.ts';
import { claimMapping } from './claim-mapping.ts';
import { distinct } from './distinct.ts';
import { hostPattern } from './host-pattern.ts';
import { keyHeader } from './key-header.ts';
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
    z.enum(['client_credentials', 'authorization_code', 'refresh_token'], {
      error: 'must be client_credentials, authorization_code or refresh_token',
    }),
  ).meta({
    description:
      'Grants that its clients may have. Those of provider `local` can have `client_credentials` only, whatever else is allowed: it has no authorization endpoint.',
  }),
  resources: distinct(resourceIdentifier).meta({
    description: 'Resources that its clients may ask tokens for.',
  }),
  scopes: distinct(scopeToken).meta({
    description: 'Scopes that its clients may have, each one of a resource above.',
  }),
  default_scopes: distinct(scopeToken).meta({
    description: 'Scopes of a client that asks for none at registration.',
  }),
  redirect_uri_rule: z.enum(['inert', 'strict']).meta({
    description:
      '`inert`: redirect URIs are kept as given while a client has no `authorization_code` grant, because nothing redirects to them; with it they are judged strictly. `strict`: always. Strictly is https in its normal form (http for localhost, 127.0.0.1 and [::1] on any port), no fragment, user name, wildcard, backslash or encoded slash.',
  }),
  redirect_uri_hosts: distinct(hostPattern)
    .max(100)
    .meta({
      description:
        'Hosts that a redirect URI may have where it is judged strictly: `app.example.com`, `*.example.com` for every name below it, `*` for any. `localhost` and 127.0.0.1 must be named like any other.',
      examples: [['app.example.com', '*.apps.example.com']],
    }),
  claims: claimMapping.meta({
    description:
      "Further claims of its clients' tokens, in the form of a resource's `claims`. Laid over those of the resource: the same name here replaces the one there.",
    examples: [{ tenant: '{portal}' }],
  }),
  api_key_headers: distinct(keyHeader)
    .max(8)
    .meta({
      description:
        'Headers, besides `X-API-KEY` and `Authorization`, in which this portal may send its key. A key in a header that only another portal names is refused as unknown.',
      examples: [['x-portal-key']],
    }),
  token_endpoint_auth_methods: distinct(
    z.enum(AUTH_METHODS, { error: `must be one of ${AUTH_METHODS.join(', ')}` }),
  ).meta({ description: 'How its clients may authenticate at the token endpoint.' }),
  jwks_uri_hosts: distinct(hostPattern)
    .max(100)
    .meta({
      description:
        'Hosts that the keys of its clients may be fetched from (`jwks_uri`): `keys.example.com`, `*.example.com` for every name below it, `*` for any. Whoever may register clients can make this service call these hosts, at public addresses and in `client_jwks_networks`. Without one, keys are registered as `jwks` and nothing is fetched.',
      examples: [['keys.example.com', '*.apps.example.com']],
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
  tokens_per_minute: z.int().min(0).max(10_000_000).meta({
    description:
      'How many tokens each of its clients may be given in a minute by each process of each node; then it is told to wait. 0: as many as it asks for.',
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
  redirect_uri_rule: 'inert',
  redirect_uri_hosts: ['*'],
  claims: {},
  api_key_headers: [],
  token_endpoint_auth_methods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  jwks_uri_hosts: [],
  max_clients: 1_000_000,
  max_secrets: 2,
  calls_per_minute: 60_000,
  tokens_per_minute: 0,
  secret_overlap_seconds: 0,
  secret_storage: 'hashed',
} as const satisfies z.output<z.ZodObject<typeof members>>;

export const portalPolicy = z.strictObject(members).partial();
