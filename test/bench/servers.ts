/**
 * The three servers that a run compares, each in a process of its own: the service as it ships, the floor,
 * and a stock oidc-provider. Before anything is measured they must have issued the same token.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Credentials, claimsOf, portal, send } from '../support/bridge.ts';
import { endWithProcess } from '../support/end-with-process.ts';
import { startService } from '../support/service.ts';
import { ALGS, type Alg, type BareSettings } from './bare-settings.ts';
import { basicAuthorization, JWKS_PATH, TOKEN_PATH, tokenForm, tokenRequest } from './requests.ts';

export const SERVERS = ['floor', 'service', 'stock'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface BenchServer {
  readonly pid: number;
  readonly port: number;
}

export interface BenchServers {
  readonly servers: Readonly<Record<ServerName, BenchServer>>;
  /** The bytes of one token request, the same for all three. */
  readonly tokenRequest: Readonly<Record<Alg, Buffer>>;
  stop(): Promise<void>;
}

const LIFETIME_SECONDS = 600;
export const APPLICATION_ID = 'app-7';

export const RESOURCES: Readonly<Record<Alg, string>> = {
  ES256: 'https://es256.example.com',
  RS256: 'https://rs256.example.com',
};

export const CONFIG = {
  resources: Object.fromEntries(
    ALGS.map((alg) => [
      RESOURCES[alg],
      {
        scopes: ['read', 'write'],
        token_lifetime_seconds: LIFETIME_SECONDS,
        signing_alg: alg,
        claims: { application_id: '{labels.application_id}' },
      },
    ]),
  ),
  default_resource: RESOURCES.ES256,
  providers: { local: { type: 'local' } },
  portals: {
    '*': {
      providers: ['local'],
      grant_types: ['client_credentials'],
      resources: Object.values(RESOURCES),
      scopes: ['read', 'write'],
    },
  },
};

const SAME_TOKENS = {
  scope: 'read write',
  applicationId: APPLICATION_ID,
  tokenLifetimeSeconds: LIFETIME_SECONDS,
  resources: Object.fromEntries(ALGS.map((alg) => [RESOURCES[alg], alg])),
};
const STOCK = new URL('stock-server.ts', import.meta.url);
const FLOOR = new URL('floor-server.ts', import.meta.url);

/** The stock server alone, over the clients that are in Redis. */
export function startStock(over: Required<Pick<BareSettings, 'issuer' | 'redisUrl'>>) {
  return startBare(STOCK, { ...SAME_TOKENS, ...over, clientId: '', clientSecret: '', jwks: '' });
}

/** The floor alone, with a client that has a key. */
export function startFloor(
  over: Required<Pick<BareSettings, 'issuer' | 'redisUrl' | 'clientId' | 'clientJwk'>>,
) {
  return startBare(FLOOR, { ...SAME_TOKENS, ...over, clientSecret: '', jwks: '' });
}

export async function startServers(): Promise<BenchServers> {
  const service = await startService({ config: CONFIG });
  const { body: client } = await portal(service).create({
    client_name: 'bench',
    scope: 'read write',
    labels: { application_id: APPLICATION_ID },
  });
  const settings: BareSettings = {
    ...SAME_TOKENS,
    issuer: service.issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    jwks: (await send(service.publicUrl + JWKS_PATH)).text,
  };
  const [floor, stock] = await Promise.all([startBare(FLOOR, settings), startBare(STOCK, settings)]);
  const servers = { floor, service: { pid: service.pid, port: service.publicPort }, stock };
  await assertSameTokens(servers, client);
  return {
    servers,
    tokenRequest: {
      ES256: tokenRequest(client, RESOURCES.ES256),
      RS256: tokenRequest(client, RESOURCES.RS256),
    },
    stop: async () => {
      await Promise.all([floor.stop(), stock.stop(), service.stop()]);
    },
  };
}

async function startBare(script: URL, settings: BareSettings) {
  const child = fork(script, [JSON.stringify(settings)], { env: { PATH: process.env.PATH }, stdio: 'pipe' });
  endWithProcess(child);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdout?.resume();
  const gone = once(child, 'exit');
  const [port] = await Promise.race([
    once(child, 'message'),
    gone.then(() => Promise.reject(new Error(`${script.pathname} ended:\n${said}`))),
  ]);
  return {
    pid: child.pid ?? 0,
    port: Number(port),
    stop: async () => {
      child.disconnect();
      await gone;
    },
  };
}

/** Two that don't do the same work can't be compared. */
async function assertSameTokens(servers: BenchServers['servers'], client: Credentials): Promise<void> {
  for (const alg of ALGS) {
    const [floor, ...others] = await Promise.all(SERVERS.map((name) => shape(servers[name], alg, client)));
    for (const other of others) assert.deepEqual(other, floor);
  }
}

async function shape({ port }: BenchServer, alg: Alg, client: Credentials) {
  const { status, text, body } = await send(`http://127.0.0.1:${port}${TOKEN_PATH}`, {
    method: 'POST',
    headers: {
      authorization: basicAuthorization(client),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: tokenForm(RESOURCES[alg]),
  });
  assert.equal(status, 200, text);
  const { iat, exp, jti, ...claims } = claimsOf(body.access_token);
  const [header = '', , signature = ''] = body.access_token.split('.');
  const { kid, ...algAndType } = JSON.parse(Buffer.from(header, 'base64url').toString());
  return {
    claims,
    lifetime: exp - iat,
    hasRandomId: jti.length >= 21,
    algAndType,
    kidLength: kid.length,
    signatureLength: signature.length,
    answer: { ...body, access_token: undefined },
  };
}
