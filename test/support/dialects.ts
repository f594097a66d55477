/**
 * Every dialect's way to do an act, over real HTTP, in one shape: so that one test can tell the same story
 * through each of them.
 */
import { type Answer, type Credentials, fetchToken, send } from './bridge.ts';
import { API_KEY, type TestService } from './service.ts';

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** `/oauth2/…` is on the public listener, everything else on management. A URL is taken as it is. */
export function callAs(service: TestService, credential: Readonly<Record<string, string>>): Call {
  return (method, path, body, headers = {}) => {
    const base = path.startsWith('/oauth2') ? service.publicUrl : service.managementUrl;
    return send(path.startsWith('/') ? base + path : path, {
      method,
      headers: {
        ...credential,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  };
}

export function asPortal(service: TestService, key = API_KEY): Call {
  return callAs(service, { 'x-api-key': key });
}

export function bearing(service: TestService, token: string): Call {
  return callAs(service, { authorization: `Bearer ${token}` });
}

/** What the acts of the story are given: the words that each dialect spells in its own way. */
export interface Application {
  readonly name: string;
  readonly description: string;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
}

/** A client as the dialect's create answered it. */
export interface Made extends Credentials {
  readonly registration_client_uri?: string;
  readonly registration_access_token?: string;
}

export interface Dialect {
  create(application: Application): Promise<Answer>;
  read?(client: Made): Promise<Answer>;
  update(client: Made, application: Application): Promise<Answer>;
  rotate(client: Made): Promise<Answer>;
  delete(client: Made): Promise<Answer>;
  readonly secrets?: {
    list(client: Made): Promise<Answer>;
    add(client: Made): Promise<Answer>;
    delete(client: Made, secretId: string): Promise<Answer>;
  };
}

export const BRIDGE = '/bridge/local/clients';
export const KONNECT = '/konnect/local';
/** The least that Konnect's create takes, and so every other dialect's too. */
export const LEAST = { client_name: 'a client', redirect_uris: [] };
export const PUBLIC_REGISTER = '/oauth2/register';
export const LOCAL_REGISTER = '/register/local';

const secretsAt = (call: Call, base: string): NonNullable<Dialect['secrets']> => ({
  list: ({ client_id }) => call('GET', `${base}/${client_id}/secrets`),
  add: ({ client_id }) => call('POST', `${base}/${client_id}/secrets`),
  delete: ({ client_id }, id) => call('DELETE', `${base}/${client_id}/secrets/${id}`),
});

function httpBridge(call: Call): Dialect {
  const words = ({ name, description, redirectUris, scopes }: Application) => ({
    name,
    desc: description,
    redirect_uris: redirectUris,
    scopes,
    grant_types: ['client_credentials', 'session'],
  });
  return {
    create: (application) => call('POST', BRIDGE, words(application)),
    read: ({ client_id }) => call('GET', `${BRIDGE}/${client_id}`),
    update: ({ client_id }, application) => call('PUT', `${BRIDGE}/${client_id}`, words(application)),
    rotate: ({ client_id }) => call('POST', `${BRIDGE}/${client_id}/rotate-secret`),
    delete: ({ client_id }) => call('DELETE', `${BRIDGE}/${client_id}`),
    secrets: secretsAt(call, BRIDGE),
  };
}

function konnect(call: Call): Dialect {
  return {
    create: ({ name, description, redirectUris, scopes }) =>
      call('POST', KONNECT, {
        client_name: name,
        application_description: description,
        redirect_uris: redirectUris,
        grant_types: ['client_credentials', 'bearer'],
        scopes,
        token_endpoint_auth_method: 'client_secret_basic',
      }),
    update: ({ client_id }, { name, description, redirectUris }) =>
      call('POST', `${KONNECT}/${client_id}/event-hook`, {
        event_type: 'update_application',
        client_id,
        application_name: name,
        application_description: description,
        redirect_uris: redirectUris,
      }),
    rotate: ({ client_id }) => call('POST', `${KONNECT}/${client_id}/new-secret`),
    delete: ({ client_id }) => call('DELETE', `${KONNECT}/${client_id}`),
    secrets: secretsAt(call, KONNECT),
  };
}

/** `manage`: with what a client is managed after it was made. */
function registration(base: string, call: Call, manage: (client: Made) => Call, renewBy: string): Dialect {
  const words = ({ name: client_name, description, redirectUris, scopes }: Application) => ({
    client_name,
    description,
    redirect_uris: redirectUris,
    scope: scopes.join(' '),
    grant_types: ['client_credentials'],
  });
  return {
    create: (application) => call('POST', base, words(application)),
    read: (client) => manage(client)('GET', `${base}/${client.client_id}`),
    update: (client, application) =>
      manage(client)('PUT', `${base}/${client.client_id}`, {
        client_id: client.client_id,
        ...words(application),
      }),
    rotate: (client) => manage(client)(renewBy, `${base}/${client.client_id}/renew-secret`),
    delete: (client) => manage(client)('DELETE', `${base}/${client.client_id}`),
  };
}

const byToken =
  (service: TestService) =>
  ({ registration_access_token = '' }: Made) =>
    bearing(service, registration_access_token);

/** By name; `key` is the portal's. */
export const DIALECTS: ReadonlyMap<string, (service: TestService, key?: string) => Dialect> = new Map([
  ['HTTP Bridge', (service, key) => httpBridge(asPortal(service, key))],
  ['Konnect', (service, key) => konnect(asPortal(service, key))],
  [
    'RFC 7592 by its token',
    (service, key) => registration(PUBLIC_REGISTER, asPortal(service, key), byToken(service), 'POST'),
  ],
  [
    'RFC 7592 by the key',
    (service, key = API_KEY) => {
      const call = bearing(service, key);
      return registration(PUBLIC_REGISTER, call, () => call, 'PUT');
    },
  ],
  [
    '/register/local by its token',
    (service, key) => registration(LOCAL_REGISTER, asPortal(service, key), byToken(service), 'PATCH'),
  ],
  [
    '/register/local by the key',
    (service, key) => {
      const call = asPortal(service, key);
      return registration(LOCAL_REGISTER, call, () => call, 'POST');
    },
  ],
] satisfies [string, (service: TestService, key?: string) => Dialect][]);

/** What is kept of a client, seen through the HTTP Bridge; `undefined` when there is none. */
export async function stateOf(service: TestService, clientId: string, key = API_KEY): Promise<unknown> {
  const { status, body } = await asPortal(service, key)('GET', `${BRIDGE}/${clientId}`);
  if (status === 404) return undefined;
  const { client_id: _, client_id_issued_at: __, issuer: ___, ...kept } = body;
  return kept;
}

/** Whether the secret fetches a token. */
export async function opens(service: TestService, clientId: string, secret: string): Promise<boolean> {
  const { status, body } = await fetchToken(service, { client_id: clientId, client_secret: secret });
  if (status === 200) return true;
  if (status === 401 && body.error === 'invalid_client') return false;
  throw new Error(`neither a token nor invalid_client: ${status} ${JSON.stringify(body)}`);
}
