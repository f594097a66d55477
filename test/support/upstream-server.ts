/**
 * A real upstream provider in a process of its own: oidc-provider with registration and registration
 * management, started by `upstream.ts` with its settings as JSON in the first argument. Beside what it is by
 * itself it has `/admin/clients`, which lists and searches its clients for whoever has the initial token.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import Provider, { type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider';
import type { UpstreamSettings } from './upstream.ts';

const settings: UpstreamSettings = JSON.parse(process.argv[2] ?? '{}');
const { issuer, port, initialAccessToken, rotate, delayMs, tls } = settings;

const stored = new Map<string, AdapterPayload>();

class MemoryAdapter implements Adapter {
  readonly model: string;
  constructor(model: string) {
    this.model = model;
  }
  async upsert(id: string, payload: AdapterPayload) {
    stored.set(`${this.model}:${id}`, payload);
  }
  async find(id: string) {
    return stored.get(`${this.model}:${id}`);
  }
  async destroy(id: string) {
    stored.delete(`${this.model}:${id}`);
  }
  async findByUserCode() {
    return undefined;
  }
  async findByUid() {
    return undefined;
  }
  async consume() {}
  async revokeByGrantId() {}
}

const configuration: Configuration = {
  adapter: MemoryAdapter,
  scopes: ['read', 'write', 'dcr', 'offline_access'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    registration: { enabled: true, initialAccessToken },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: rotate },
  },
  extraClientMetadata: { properties: ['software_id'] },
};

const provider = new Provider(issuer, configuration);
const answer = provider.callback();

const listener: RequestListener = async (request, response) => {
  if (delayMs > 0 && request.method !== 'GET') await sleep(delayMs);
  const url = new URL(request.url ?? '/', issuer);
  if (url.pathname !== '/admin/clients') return void answer(request, response);
  if (request.headers.authorization !== `Bearer ${initialAccessToken}`)
    return void response.writeHead(401).end();
  const wanted = url.searchParams.get('software_id');
  const clients = [...stored.entries()].flatMap(([key, payload]) =>
    key.startsWith('Client:') ? [payload] : [],
  );
  const found = clients.filter(({ software_id }) => wanted === null || software_id === wanted);
  const documents = await Promise.all(found.map(manageable));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(documents));
};

/** The library's types leave out what its models are made from. */
const Token = provider.RegistrationAccessToken as unknown as new (properties: {
  client: unknown;
}) => { save(): Promise<string> };

/** With a registration access token of its own: an administrator's search may hand out what manages a client. */
async function manageable(payload: AdapterPayload) {
  const client = await provider.Client.find(String(payload.client_id));
  const token = client && new Token({ client });
  return {
    ...payload,
    registration_client_uri: `${issuer}/reg/${payload.client_id}`,
    registration_access_token: await token?.save(),
  };
}

const server =
  tls === undefined
    ? createServer(listener)
    : createTlsServer({ key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) }, listener);
server.listen(port, '127.0.0.1', () => process.stdout.write('listening\n'));
