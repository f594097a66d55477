/**
 * An upstream provider in memory that fails as it is told: for what a real one does only by accident. It
 * keeps real clients, checks tokens, and may replace the token with every answer.
 */
import { randomBytes } from 'node:crypto';
import type { ClientMetadata } from '../../../src/clients/metadata.ts';
import {
  type GrantedMetadata,
  type Upstream,
  type UpstreamClient,
  UpstreamFailure,
  type UpstreamManagement,
} from '../../../src/registration/upstream.ts';

export const ISSUER = 'https://idp.example';

type Operation = 'register' | 'read' | 'update' | 'remove' | 'find';

export interface HeldClient {
  readonly client_id: string;
  readonly marker: string;
  readonly client_secret: string;
  token: string;
  metadata: GrantedMetadata;
}

/** `refused`: not done. `lost`: done, and no answer. `away`: not done, and nobody can know. */
type Trouble = 'refused' | 'lost' | 'away';

export interface ScriptedUpstream extends Upstream {
  readonly held: Map<string, HeldClient>;
  /** Every call in order. */
  readonly calls: Operation[];
  /** What happens at the next calls of an operation; then all is well again. */
  trouble(operation: Operation, ...troubles: readonly Trouble[]): void;
  grants: (asked: ClientMetadata) => GrantedMetadata;
  /** Called in each call, before anything is done. */
  meanwhile: (operation: Operation) => Promise<void>;
  nextId: () => string;
  searchable: boolean;
  /** Its answers to a read or an update repeat neither the token, its address nor the secret (RFC 7592 lets it). */
  terse: boolean;
}

export interface ScriptedOptions {
  readonly searchable?: boolean;
  readonly rotates?: boolean;
  /** Has no RFC 7592. */
  readonly unmanaged?: boolean;
  /** What a search returns has no secret, as with most providers. */
  readonly findsSecrets?: boolean;
}

/** Of every secret that it tells. */
export const SECRET_EXPIRES_AT = 4_000_000_000;

const random = () => randomBytes(12).toString('base64url');

export function scriptedUpstream(options: ScriptedOptions = {}): ScriptedUpstream {
  const { searchable = false, rotates = false, unmanaged = false, findsSecrets = false } = options;
  const held = new Map<string, HeldClient>();
  const troubles = new Map<Operation, Trouble[]>();
  const calls: Operation[] = [];

  async function call<T>(operation: Operation, act: () => T): Promise<T> {
    calls.push(operation);
    await self.meanwhile(operation);
    const trouble = troubles.get(operation)?.shift();
    if (trouble === 'refused') throw new UpstreamFailure('upstream_refused', 'not_done', { status: 400 });
    if (trouble === 'away') throw new UpstreamFailure('upstream_timeout', 'unknown');
    const done = act();
    if (trouble === 'lost') throw new UpstreamFailure('upstream_timeout', 'unknown');
    return done;
  }

  function managed({ client_id, registration_access_token }: UpstreamManagement): HeldClient {
    const client = held.get(client_id);
    // RFC 7592 section 2: a client that is not there has no token that could be valid.
    if (client === undefined || client.token !== registration_access_token) {
      throw new UpstreamFailure('upstream_credential_refused', 'not_done', { status: 401 });
    }
    return client;
  }

  function answer(client: HeldClient, withSecret: boolean): UpstreamClient {
    const management = {
      registration_client_uri: `${ISSUER}/reg/${client.client_id}`,
      registration_access_token: client.token,
    };
    return {
      client_id: client.client_id,
      ...(unmanaged ? {} : management),
      ...(withSecret ? { client_secret: client.client_secret } : {}),
      client_secret_expires_at: withSecret ? SECRET_EXPIRES_AT : 0,
      granted: client.metadata,
    };
  }

  /** To a read or an update. */
  function managing(client: HeldClient, withSecret: boolean): UpstreamClient {
    if (!self.terse) return answer(client, withSecret);
    return { client_id: client.client_id, client_secret_expires_at: 0, granted: client.metadata };
  }

  const self: ScriptedUpstream = {
    issuer: ISSUER,
    searchable,
    terse: false,
    held,
    calls,
    trouble: (operation, ...some) => void troubles.set(operation, [...some]),
    grants: ({ client_name, scope, grant_types, redirect_uris }) => ({
      ...(client_name === undefined ? {} : { client_name }),
      ...(scope === undefined ? {} : { scope }),
      grant_types,
      redirect_uris,
    }),
    meanwhile: async () => {},
    nextId: () => `idp:${random()}/x`,
    register: (metadata, marker) =>
      call('register', () => {
        const client: HeldClient = {
          ...{ client_id: self.nextId(), client_secret: random(), token: random(), marker },
          metadata: self.grants(metadata),
        };
        held.set(client.client_id, client);
        return answer(client, true);
      }),
    read: (management) =>
      call('read', () => {
        const client = managed(management);
        if (rotates) client.token = random();
        return managing(client, false);
      }),
    update: (management, metadata) =>
      call('update', () => {
        const client = managed(management);
        if (rotates) client.token = random();
        client.metadata = self.grants(metadata);
        return managing(client, true);
      }),
    remove: (management) =>
      call('remove', () => {
        held.delete(managed(management).client_id);
        return 'removed';
      }),
    find: (marker) =>
      call('find', () =>
        self.searchable
          ? [...held.values()]
              .filter((client) => client.marker === marker)
              .map((client) => answer(client, findsSecrets))
          : [],
      ),
  };
  return self;
}
