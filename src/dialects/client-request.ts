/**
 * What a portal may send of a client: RFC 7591 metadata, any part of it, with the portals' own spellings. It
 * describes; `clients/merge-metadata.ts` decides, over the whole document that results.
 */
import { z } from 'zod';
import { clientMetadata } from '../clients/metadata.ts';

const { extension: _, ...metadataMembers } = clientMetadata.shape;

const members: Readonly<Record<string, z.ZodType>> = {
  ...metadataMembers,
  name: metadataMembers.client_name.describe('Another name of `client_name`, which wins over it.'),
  desc: metadataMembers.description.describe('Another name of `description`, which wins over it.'),
  scopes: z
    .array(z.string())
    .describe('Another form of `scope`; where both are sent they must name the same.'),
};

export const clientRequest = z
  .looseObject(Object.fromEntries(Object.entries(members).map(([name, member]) => [name, member.nullish()])))
  .meta({
    id: 'ClientRequest',
    description:
      'RFC 7591 client metadata, or any part of it. A member that is null counts as one that is not sent.',
  });
