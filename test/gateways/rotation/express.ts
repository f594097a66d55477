/** express-oauth2-jwt-bearer before an API: a server that has of Express what the middleware asks for. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { auth } from 'express-oauth2-jwt-bearer';
import type { Gateway } from '../gateway.ts';
import { PROTECTED } from '../issuer.ts';

/** Typed as what it is called with: the package names types of Express, which is not installed. */
type Middleware = (request: object, response: object, next: (error?: Error) => void) => unknown;

/** It may keep the set for `cacheMs`, and asks again for an unknown kid not before `cooldownMs` are over. */
export async function startExpress(issuer: string, cacheMs: number, cooldownMs: number): Promise<Gateway> {
  const middleware = new Map(
    PROTECTED.map(({ path, resource }) => [
      path as string,
      auth({
        issuer,
        jwksUri: `${issuer}/.well-known/jwks.json`,
        audience: resource,
        cacheMaxAge: cacheMs,
        cooldownDuration: cooldownMs,
        strict: true,
      }) as unknown as Middleware,
    ]),
  );
  const server = createServer((request, response) => {
    const answer = (error?: Error) => {
      response.writeHead(error === undefined ? 200 : 401).end(error?.message);
    };
    const get = (name: string) => request.headers[name.toLowerCase()];
    const asExpress = Object.assign(request, { get, query: {}, protocol: 'http', is: () => false });
    middleware.get(request.url ?? '')?.(asExpress, response, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
