/** The routes of the API description alone, on a loopback socket. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../src/http/apps.ts';
import { docsRoutes } from '../../src/http/docs-routes.ts';
import { createLogger } from '../../src/telemetry/log.ts';

export interface ServedDocs {
  /** Without a slash at the end. */
  readonly origin: string;
  close(): Promise<void>;
}

export async function serveDocs(describe: () => object): Promise<ServedDocs> {
  const options = {
    listener: 'management',
    log: createLogger('silent'),
    metrics: { observe: () => {} },
    newRequestId: () => 'a-request',
    isDraining: () => false,
  } as const;
  const server = createServer(createApp(options, docsRoutes(describe)).callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
