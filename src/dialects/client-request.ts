/** What a portal may send of a client: RFC 7591 metadata, any part of it, with the portals' own spellings. */
import { z } from 'zod';
import { clientMetadata } from '../clients/metadata.ts';

const { extension: _, ...metadataMembers } = clientMetadata.shape;

export const clientRequest = z
  .looseObject({
    ...metadataMembers,
    name: metadataMembers.client_name,
    desc: metadataMembers.description,
    scopes: z.array(z.string()).optional(),
  })
  .partial()
  .meta({ id: 'ClientRequest', description: 'RFC 7591 client metadata, or any part of it.' });
