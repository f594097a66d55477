/** The API behind a gateway: it answers every request that reaches it, and remembers each. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Api {
  readonly url: string;
  /** What reached it since it was last asked. */
  heard(): readonly Heard[];
  stop(): Promise<void>;
}

export async function startApi(): Promise<Api> {
  let heard: Heard[] = [];
  const server = createServer((request, response) => {
    heard.push({ path: request.url ?? '', headers: request.headers });
    response.end('from the API');
  });
  // A connection that a gateway keeps would else be closed in the moment in which it is used again: a 502.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    heard() {
      const since = heard;
      heard = [];
      return since;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
