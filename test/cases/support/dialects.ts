/** The same acts through every dialect: what a portal sends for each, and where. */
import { type Answer, send } from '../../support/bridge.ts';
import { API_KEY, type TestService } from '../../support/service.ts';

type Body = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

export interface Dialect {
  readonly name: string;
  /** Where clients are created; a client is below it. */
  readonly clients: (service: TestService) => string;
  readonly rotation: string;
  /** Konnect has none: it tells of changes by events. */
  readonly hasUpdate: boolean;
  /** Whether members that we do not know are kept, or ignored as RFC 7591 section 2 asks. */
  readonly keepsUnknownMembers: boolean;
  /** What a create can't do without, beside what a case is about. */
  readonly needs?: Body;
}

export const BRIDGE: Dialect = {
  name: 'HTTP Bridge',
  clients: ({ managementUrl }) => `${managementUrl}/bridge/local/clients`,
  rotation: 'rotate-secret',
  hasUpdate: true,
  keepsUnknownMembers: true,
};
export const KONNECT: Dialect = {
  name: 'Konnect',
  clients: ({ managementUrl }) => `${managementUrl}/konnect/local`,
  rotation: 'new-secret',
  hasUpdate: false,
  keepsUnknownMembers: true,
  needs: { client_name: 'a client', redirect_uris: [] },
};
const REGISTER: Dialect = {
  name: 'RFC 7591 at a provider',
  clients: ({ managementUrl }) => `${managementUrl}/register/local`,
  rotation: 'renew-secret',
  hasUpdate: true,
  keepsUnknownMembers: false,
};
/** The one that discovery advertises, on the public listener. */
export const OWN: Dialect = {
  ...REGISTER,
  name: 'RFC 7591',
  clients: ({ publicUrl }) => `${publicUrl}/oauth2/register`,
};

export const DIALECTS: readonly Dialect[] = [BRIDGE, KONNECT, REGISTER, OWN];
export const WITH_UPDATE = DIALECTS.filter(({ hasUpdate }) => hasUpdate);
export const RFC_DIALECTS: readonly Dialect[] = [REGISTER, OWN];

/** One request; `key` as X-API-KEY, unless `headers` bring a credential of their own. */
export function call(
  method: string,
  url: string,
  { key, body, headers = {} }: { key?: string | undefined; body?: unknown; headers?: Headers } = {},
): Promise<Answer> {
  return send(url, {
    method,
    headers: {
      ...(key === undefined ? {} : { 'x-api-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

export function through(dialect: Dialect, service: TestService, key: string | undefined = API_KEY) {
  const clients = dialect.clients(service);
  return {
    clients,
    client: (id: string) => `${clients}/${id}`,
    create: (body: Body = { client_name: 'a client', scope: 'read' }, headers?: Headers) =>
      call('POST', clients, { key, body: { ...dialect.needs, ...body }, ...(headers && { headers }) }),
    read: (id: string) => call('GET', `${clients}/${id}`, { key }),
    /** Of Konnect, its event: it can rename and move, and nothing else. */
    update: (id: string, body: Body) =>
      dialect.hasUpdate
        ? call('PUT', `${clients}/${id}`, { key, body })
        : call('POST', `${clients}/${id}/event-hook`, {
            key,
            body: { event_type: 'update_application', ...body },
          }),
    rotate: (id: string, body?: Body, headers?: Headers) =>
      call('POST', `${clients}/${id}/${dialect.rotation}`, { key, body, ...(headers && { headers }) }),
    delete: (id: string) => call('DELETE', `${clients}/${id}`, { key }),
  };
}

export function bearer(token: string): Headers {
  return { authorization: `Bearer ${token}` };
}
