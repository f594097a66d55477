/** Providers: where clients live. `local` is our own token service; any other is upstream. */
import { z } from 'zod';
import { isExtensionMember } from '../providers/client-document.ts';
import { PRESET_NAMES } from '../providers/presets.ts';
import { httpUrl } from './base-url.ts';
import { calledNetwork } from './called-network.ts';
import { distinct } from './distinct.ts';
import { resourceIdentifier, scopeToken } from './resources.ts';
import { SECRET } from './secret-settings.ts';

/** A provider's name is a segment of the bridge's paths: `/bridge/{provider}`. */
export const providerName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, {
  error: 'provider names are 1 to 63 of a-z, 0-9, "-" and "_", starting with a letter or digit',
});

const onEvent = z
  .strictObject({
    initial_resources: z.enum(['all', 'none']).default('all').meta({
      description:
        'What a new client may ask tokens for: all resources of its portal, or none until an event gives access.',
    }),
    resources: z.record(z.string().min(1).max(255), resourceIdentifier).default({}).meta({
      description: 'Resource by what an event names: an audience, or the id of what was subscribed to.',
    }),
  })
  .prefault({})
  .meta({ description: "What portals' events (Konnect's event-hook) mean for a client's resources." });

const localProvider = z
  .strictObject({ type: z.literal('local'), on_event: onEvent })
  .meta({ description: 'Our own token service.' });

/** An upstream's issuer is what it says of itself: unlike ours it may end with a slash (Auth0's does). */
const upstreamIssuer = httpUrl({ mayEndWithSlash: true, mayHaveQuery: false });

const host = z.string().regex(/^(?=.{1,261}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/, {
  error: 'must be a host name in lower case, or host:port',
});

const credential = z.string().regex(/^[\x21-\x7e]{1,8192}$/, { error: 'must be visible ASCII characters' });

const extensionMember = z
  .string()
  .regex(/^[A-Za-z_][\w.:/-]{0,99}$/, { error: 'must be the name of a member' })
  .refine(isExtensionMember, { error: 'must not be a member that this service or the provider sets' });

const tokenClient = z.strictObject({
  client_id: z.string().min(1).max(255).meta({ description: 'Our own client id there.' }),
  client_secret: credential.meta({ ...SECRET, description: 'Its secret.' }),
  auth_method: z
    .enum(['client_secret_basic', 'client_secret_post'])
    .default('client_secret_basic')
    .meta({ description: 'How the secret is sent.' }),
  scope: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({
      description: 'Scope of the token.',
      examples: ['dcr'],
    }),
  audience: z.string().min(1).max(1000).optional().meta({
    description: 'The `audience` parameter, where the provider wants one.',
  }),
});

const oidcProvider = z
  .strictObject({
    type: z.literal('oidc'),
    issuer: upstreamIssuer.meta({
      description: 'Issuer URL of the upstream identity provider, to the letter; it may end with a slash.',
      examples: ['https://idp.acme.example/realms/apis'],
    }),
    preset: z.enum(PRESET_NAMES).default('generic').meta({
      description:
        'What this product expects: token type, place of the marker, what manages a client. `generic` is RFC 7591 and RFC 7592 to the letter.',
    }),
    initial_access_token: credential.optional().meta({
      ...SECRET,
      description: 'Credential for registering clients there. This or `token_client`.',
    }),
    token_client: tokenClient.optional().meta({
      description: 'A client of ours there that fetches the credential with `client_credentials`.',
    }),
    discovery: z.enum(['oidc', 'oauth2']).default('oidc').meta({
      description:
        '`oidc`: `/.well-known/openid-configuration` after the issuer. `oauth2`: RFC 8414, `/.well-known/oauth-authorization-server` before its path.',
    }),
    registration_endpoint: httpUrl({ mayEndWithSlash: true, mayHaveQuery: true })
      .optional()
      .meta({
        description: 'Where clients are registered, when the discovery document does not say.',
        examples: ['https://idp.acme.example/as/clients.oauth2'],
      }),
    allowed_hosts: z
      .array(host)
      .max(20)
      .default([])
      .meta({
        description: "Hosts beside the issuer's own that its endpoints may be on.",
        examples: [['admin.idp.acme.example']],
      }),
    allow_networks: z
      .array(calledNetwork)
      .max(20)
      .default([])
      .meta({
        description: 'Private networks that the provider may be in. Public addresses need no entry.',
        examples: [['10.0.0.0/8']],
      }),
    allow_insecure_loopback: z.boolean().default(false).meta({
      description: 'Allow `http:` when the issuer is on this machine. Development only.',
    }),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "Certificate authorities for its certificate (PEM), instead of the system's.",
        examples: ['/etc/dcr-bridge/acme-ca.pem'],
      }),
    client_cert_file: z.string().min(1).optional().meta({
      description: 'Certificate to show it (PEM), where it wants one.',
    }),
    client_key_file: z.string().min(1).optional().meta({
      description: 'Private key of that certificate (PEM).',
    }),
    timeout_ms: z.int().min(100).max(3000).default(3000).meta({
      description: 'Longest time for one act there, whatever it consists of.',
    }),
    max_concurrent: z.int().min(1).max(256).default(16).meta({
      description: 'How many calls to it may be under way at once; as many again wait.',
    }),
    search: httpUrl({ mayEndWithSlash: true, mayHaveQuery: true })
      .refine((url) => url.includes('{marker}'), { error: 'must have the place {marker}' })
      .optional()
      .meta({
        description:
          "Where clients can be found by our marker: a URL that answers a JSON array of RFC 7591 documents to the credential that registers. Over the preset's.",
        examples: ['https://idp.acme.example/admin/clients?software_id={marker}'],
      }),
    marker: z.enum(['software_id', 'client_name_start', 'client_name_end']).optional().meta({
      description: "Where our marker is kept. Over the preset's.",
    }),
    unasked_scopes: distinct(scopeToken)
      .max(100)
      .default([])
      .meta({
        description:
          "Scopes that every client is given there, asked for or not, beside the preset's. They don't count as wider than asked, and are not kept.",
        examples: [['profile', 'email']],
      }),
    extension_members: z.array(extensionMember).max(32).default([]).meta({
      description: "Members of the provider's own that portals may pass on, beside the preset's.",
    }),
  })
  .meta({
    description: 'An upstream identity provider with dynamic client registration (RFC 7591, RFC 7592).',
  });

export const provider = z.discriminatedUnion('type', [localProvider, oidcProvider]);
