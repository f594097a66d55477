/** Providers: where clients live. `local` is our own token service; any other is upstream. */
import { z } from 'zod';
import { issuer } from './issuer.ts';
import { resourceIdentifier } from './resources.ts';
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

const oidcProvider = z
  .strictObject({
    type: z.literal('oidc'),
    issuer: issuer.meta({ description: 'Issuer URL of the upstream identity provider.' }),
    initial_access_token: z
      .string()
      .min(1)
      .meta({ ...SECRET, description: 'Credential for registering clients there.' }),
    allow_insecure_loopback: z
      .boolean()
      .default(false)
      .meta({ description: 'Allow `http:` when the issuer is on this machine. Development only.' }),
  })
  .meta({
    description:
      'An upstream identity provider with dynamic client registration (RFC 7591). Not supported by this version.',
  });

export const provider = z.discriminatedUnion('type', [localProvider, oidcProvider]);
