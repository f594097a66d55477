/** The HTTP Bridge's own wire objects, beside the client document. */
import { z } from 'zod';
import { isValidAt } from '../../clients/secret.ts';
import type { ListRequest } from '../../registration/list-clients.ts';
import type { SecretView } from '../../registration/secrets.ts';
import { CLIENT_ID, CLIENT_SECRET, clientDocument } from '../client-document.ts';

export const rotateRequest = z
  .looseObject({
    secret_overlap_seconds: z.int().min(0).nullish().meta({
      description:
        "How long the old secret stays valid, to within a second more; at most what the portal's policy allows, which is also the default. More is refused.",
    }),
  })
  .meta({ id: 'RotateRequest', description: 'Nothing at all is enough.' });

const LABEL_PREFIX = 'label.';

export const listQuery = z
  .object({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .default(50)
      .meta({ description: 'At most this many clients on the page.' }),
    cursor: z.string().max(1000).optional().meta({ description: '`next_cursor` of the page before.' }),
    state: z
      .enum(['active', 'disabled'])
      .optional()
      .meta({ description: 'Only clients in this state; a disabled client gets no token.' }),
  })
  .catchall(
    z.string().meta({
      title: 'label.NAME',
      description: '`label.NAME=VALUE`: only clients with this label; of several, those with all of them.',
    }),
  )
  // A misspelt filter that is passed over answers with every client, as if all of them matched.
  .superRefine(({ limit, cursor, state, ...others }, context) => {
    for (const name of Object.keys(others)) {
      if (name.startsWith(LABEL_PREFIX) && name !== LABEL_PREFIX) continue;
      const message = 'is no parameter of this list; it takes limit, cursor, state and label.NAME';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

export function toListRequest(query: z.output<typeof listQuery>): ListRequest {
  const { limit, cursor, state, ...others } = query;
  const labels = Object.entries(others)
    .filter(([name]) => name.startsWith(LABEL_PREFIX))
    .map(([name, value]) => [name.slice(LABEL_PREFIX.length), String(value)] as const);
  return { limit, cursor, state, labels };
}

export const clientList = z
  .strictObject({
    clients: z.array(clientDocument).describe('Oldest first, without their secrets. A page may be short.'),
    next_cursor: z.string().optional().describe('Gets the next page; absent on the last one.'),
  })
  .meta({ id: 'ClientList', description: 'A page of the clients of this portal.' });

export const secretDocument = z
  .strictObject({
    secret_id: z.string().describe('Names the secret; it is not the secret.'),
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    status: z.enum(['ACTIVE', 'INACTIVE']).describe('Whether the secret opens anything now.'),
    created_at: z.int().describe('Epoch seconds.'),
    expires_at: z.int().describe('Epoch seconds; 0 = never.'),
    last_used_at: z
      .int()
      .nullable()
      .optional()
      .describe('Epoch seconds; null = never. Lags by some seconds.'),
    use_count: z.int().optional().describe('How often it was used. Lags by some seconds.'),
    safe_to_delete: z
      .boolean()
      .optional()
      .describe('Not used since its successor was first used. Lags by some seconds.'),
  })
  .meta({ id: 'Secret', description: 'One secret of a client.' });

export const secretList = z
  .strictObject({ secrets: z.array(secretDocument).describe('Newest first, without their values.') })
  .meta({ id: 'SecretList', description: 'The secrets of a client.' });

export function toSecretDocument(
  clientId: string,
  { secret, use, valid, safeToDelete }: SecretView,
): z.input<typeof secretDocument> {
  return {
    ...secretBasics(clientId, secret, valid),
    last_used_at: use?.last_used_at ?? null,
    use_count: use?.use_count ?? 0,
    safe_to_delete: safeToDelete,
  };
}

/** A secret that was just made: nothing can have used it. */
export function toNewSecretDocument(
  clientId: string,
  secret: SecretView['secret'],
  clientSecret: string | undefined,
  nowSeconds: number,
): z.input<typeof secretDocument> {
  const basics = secretBasics(clientId, secret, isValidAt(secret, nowSeconds));
  return clientSecret === undefined ? basics : { ...basics, client_secret: clientSecret };
}

function secretBasics(
  client_id: string,
  { secret_id, created_at, expires_at }: SecretView['secret'],
  valid: boolean,
) {
  return {
    secret_id,
    client_id,
    status: valid ? ('ACTIVE' as const) : ('INACTIVE' as const),
    created_at,
    expires_at,
  };
}
