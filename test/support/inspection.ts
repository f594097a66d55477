/** A service whose API may ask what its tokens are worth, and the requests for that as small verbs. */
import { type Answer, type Credentials, portal, send } from './bridge.ts';
import { API, DOMAIN, ES256_API } from './domain.ts';
import { newKeyEncryptionKey, type ServiceOptions, startService, type TestService } from './service.ts';
import { tempDir } from './temp.ts';

export interface Inspected {
  readonly service: TestService;
  /** The API itself: a client like any other, named by the configuration. */
  readonly api: Credentials;
  /** Another API of the same service. */
  readonly otherApi: Credentials;
  readonly client: Credentials;
  /** Where to start another node of the same service. */
  readonly options: ServiceOptions;
}

/** The ids of the APIs are known only once they are registered, so the service is started twice. */
export async function startInspected(
  env: Readonly<Record<string, string>> = {},
  resource: object = {},
): Promise<Inspected> {
  const options = {
    directory: tempDir('inspected'),
    env: { KEY_ENCRYPTION_KEY: newKeyEncryptionKey(), ...env },
  };
  const config = {
    ...DOMAIN,
    portals: { '*': { ...DOMAIN.portals['*'], resources: [API, ES256_API], calls_per_minute: 1_000_000 } },
  };
  const before = await startService({ ...options, config });
  const [api, otherApi, client] = (await Promise.all(
    ['the API', 'another API', 'a client'].map(async (client_name) => {
      const { body } = await portal(before).create({ client_name, scope: 'read' });
      return body as Credentials;
    }),
  )) as [Credentials, Credentials, Credentials];
  await before.stop();
  const resources = {
    ...DOMAIN.resources,
    [API]: { ...DOMAIN.resources[API], ...resource, introspection_clients: [api.client_id] },
    [ES256_API]: { ...DOMAIN.resources[ES256_API], introspection_clients: [otherApi.client_id] },
  };
  const all = { ...options, publicPort: before.publicPort, config: { ...config, resources } };
  return { service: await startService(all), api, otherApi, client, options: all };
}

export function basic({ client_id, client_secret }: Credentials): Record<string, string> {
  return { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` };
}

export function postForm(
  service: TestService,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(service.publicUrl + path, { method: 'POST', headers, body: new URLSearchParams(form) });
}

export function introspect(service: TestService, caller: Credentials, token: string): Promise<Answer> {
  return postForm(service, '/oauth2/introspect', { token }, basic(caller));
}

export function revoke(service: TestService, caller: Credentials, token: string): Promise<Answer> {
  return postForm(service, '/oauth2/revoke', { token }, basic(caller));
}
