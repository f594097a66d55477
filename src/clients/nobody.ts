/**
 * A client that nobody is: what is read when there is no client to read, so that asking for an unknown one takes
 * as long as asking for one that is there (S-TOK-11). It is as long as most are; one with pages of metadata of its
 * own takes longer to read still.
 */
import type { ClientRecord } from './client-record.ts';

const NOBODY = Buffer.from(
  JSON.stringify({
    client_id: 'cl_0000000000000000000000',
    portal: 'nobody',
    provider: 'local',
    version: 1,
    state: 'active',
    created_at: 0,
    updated_at: 0,
    metadata: {
      client_name: 'nobody',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
      scope: 'read write',
      token_endpoint_auth_method: 'client_secret_basic',
      labels: {},
      extension: {},
    },
    granted_resources: ['https://api.example.com'],
    secrets: [
      {
        secret_id: 'sec_0000000000000000000000',
        hash: Buffer.alloc(32).toString('base64url'),
        created_at: 0,
        expires_at: 0,
      },
    ],
  }),
);

/** Anew each time, and from bytes, as a store reads it. Its secret's hash is of no secret: it is never compared with. */
export function readNobody(): ClientRecord {
  return JSON.parse(NOBODY.toString('utf8'));
}
