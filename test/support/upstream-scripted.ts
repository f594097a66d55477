/**
 * An upstream provider on loopback that does what a test says: a sound discovery document by default, and
 * for every other path, or in its place, an answer of the test's own. It counts what reached it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, received: Received) => void;

export interface ScriptedUpstream {
  readonly issuer: string;
  readonly received: readonly Received[];
  /** Requests of this method and path, discovery and tokens apart. */
  to(method: string, path: string): readonly Received[];
  /** From now on this is answered there. */
  on(method: string, path: string, answer: Answer): void;
  close(): Promise<void>;
}

export const DISCOVERY = '/.well-known/openid-configuration';

export function json(status: number, document: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(document));
  };
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const answers = new Map<string, Answer>();
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const path = url.split('?')[0] ?? '';
    const one = { method, path: url, headers, body: await text(request) };
    received.push(one);
    const answer = answers.get(`${method} ${path}`) ?? json(404, { error: 'not_found' });
    answer(response, one);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const on: ScriptedUpstream['on'] = (method, path, answer) => answers.set(`${method} ${path}`, answer);
  on('GET', DISCOVERY, json(200, metadataOf(issuer)));
  return {
    issuer,
    received,
    on,
    to: (method, path) => received.filter((one) => one.method === method && one.path.split('?')[0] === path),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    registration_endpoint: `${issuer}/reg`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  };
}

/** What nobody may reach: counts connections, and ends them. */
export async function startCanary(host = '127.0.0.1') {
  let reached = 0;
  const server = createTcpServer((socket) => {
    reached += 1;
    socket.destroy();
  }).listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    reached: () => reached,
    close: () => void server.close(),
  };
}
