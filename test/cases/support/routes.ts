/**
 * Every route of every dialect, taken from the very tables that the service binds: a route that is added is
 * in the cases about "every route" by itself.
 */
import { api7Endpoints } from '../../../src/dialects/api7/endpoints.ts';
import { konnectEndpoints } from '../../../src/dialects/konnect/endpoints.ts';
import { rfc7591Endpoints } from '../../../src/dialects/rfc7591/endpoints.ts';
import type { Endpoint } from '../../../src/lib/endpoint.ts';
import type { Caller } from '../../../src/portals/caller.ts';
import type { TestService } from '../../support/service.ts';

export interface Route {
  readonly method: string;
  /** Template, `:client_id` and `:secret_id` still in it. */
  readonly path: string;
  readonly listener: 'management' | 'public';
  /** A body that it takes, where it takes one. */
  readonly example: Readonly<Record<string, unknown>> | undefined;
}

/** Handlers are not called here, so there is nothing behind them. */
const NOTHING = {} as Parameters<typeof api7Endpoints>[0] &
  Omit<Parameters<typeof rfc7591Endpoints>[1], 'base' | 'operationPrefix'>;

export const ROUTES: readonly Route[] = [
  ...rows('management', api7Endpoints(NOTHING, '')),
  ...rows('management', konnectEndpoints(NOTHING)),
  ...rows(
    'management',
    rfc7591Endpoints(NOTHING, { ...NOTHING, base: '/register/:provider', operationPrefix: '' }),
  ),
  ...rows('public', rfc7591Endpoints(NOTHING, { ...NOTHING, base: '/oauth2/register', operationPrefix: '' })),
];

export const CLIENT_ROUTES = ROUTES.filter(({ path }) => path.includes(':client_id'));

function rows(listener: Route['listener'], endpoints: readonly Endpoint<Caller>[]): Route[] {
  return endpoints.map(({ method, path, requestBody }) => ({
    method,
    path,
    listener,
    example: requestBody?.presence === 'required' ? requestBody.example : undefined,
  }));
}

export function urlOf(
  service: TestService,
  { listener, path }: Route,
  { provider = 'local', client_id = '', secret_id = '' } = {},
): string {
  const base = listener === 'public' ? service.publicUrl : service.managementUrl;
  const filled = path
    .replace(':provider', provider)
    .replace(':client_id', client_id)
    .replace(':secret_id', secret_id);
  return base + filled;
}
