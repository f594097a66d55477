/** The HTTP Bridge's own wire objects, beside the client document. */
import { z } from 'zod';
import { isValidAt } from '../../clients/secret.ts';
import type { ListRequest } from '../../registration/list-clients.ts';
import type { SecretView } from '../../registration/secrets.ts';
import { clientDocument } from '../client-document.ts';

export const rotateRequest = z
  .looseObject({
    secret_overlap_seconds: z
      .int()
      .min(0)
      .nullish()
      .meta({ description: "How long the old secret stays valid; at most what the portal's policy allows." }),
  })
  .meta({ id: 'RotateRequest' });

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
  );

const LABEL_PREFIX = 'label.';

export function toListRequest(query: z.output<typeof listQuery>): ListRequest {
  const { limit, cursor, state, ...others } = query;
  const labels = Object.entries(others)
    .filter(([name]) => name.startsWith(LABEL_PREFIX))
    .map(([name, value]) => [name.slice(LABEL_PREFIX.length), String(value)] as const);
  return { limit, cursor, state, labels };
}

export const clientList = z
  .strictObject({ clients: z.array(clientDocument), next_cursor: z.string().optional() })
  .meta({ id: 'ClientList', description: '`next_cursor` is absent on the last page. A page may be short.' });

export const secretDocument = z
  .strictObject({
    secret_id: z.string(),
    client_id: z.string(),
    client_secret: z.string().optional(),
    status: z.enum(['ACTIVE', 'INACTIVE']),
    created_at: z.int(),
    expires_at: z.int().meta({ description: 'Epoch seconds; 0 = never.' }),
    last_used_at: z.int().nullable().optional(),
    use_count: z.int().optional(),
    safe_to_delete: z
      .boolean()
      .optional()
      .meta({ description: 'Not used since its successor was first used. Lags by some seconds.' }),
  })
  .meta({ id: 'Secret' });

export const secretList = z.strictObject({ secrets: z.array(secretDocument) }).meta({ id: 'SecretList' });

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
