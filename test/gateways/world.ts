/** What the story of a gateway needs: the token service, the API behind, and the gateway between. */
import { type Api, startApi } from './api.ts';
import type { Gateway, StartGateway } from './gateway.ts';
import { type Issuer, startIssuer } from './issuer.ts';

export interface World extends Issuer {
  readonly api: Api;
  readonly gateway: Gateway;
  end(): Promise<void>;
}

export async function createWorld(startGateway: StartGateway): Promise<World> {
  const issuer = await startIssuer();
  const api = await startApi();
  const endOthers = () => Promise.all([api.stop(), issuer.service.stop()]);
  const setting = { issuer: issuer.service.issuer, ordersUrl: api.url, reportsUrl: api.url };
  const gateway = await startGateway(setting).catch(async (error: unknown) => {
    await endOthers();
    throw error;
  });
  return {
    ...issuer,
    api,
    gateway,
    async end() {
      await Promise.all([gateway.stop(), endOthers()]);
    },
  };
}
