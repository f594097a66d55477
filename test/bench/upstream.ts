/**
 * What the bridge adds to an upstream provider's own registration time: the same RFC 7591 request sent to the
 * provider and to the bridge in front of it, one caller, in alternating rounds, so that a busy neighbour
 * disturbs both; and what a provider that hangs takes from the others.
 */
import { API, DOMAIN } from '../support/domain.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type BesideHung, measureBesideHung } from './beside-hung.ts';
import { runLoad } from './load.ts';
import { jsonRequest } from './requests.ts';
import { median, percentile, rounded } from './statistics.ts';

/** Issue 4, "Speed". */
export const ADDED_LIMIT_MS = 3;
const SLOW_UPSTREAM_MS = 20;
const CLIENT = {
  client_name: 'order sync',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  scope: 'read',
};
const UNLIMITED = { max_clients: 10_000_000, calls_per_minute: 1_000_000 };

export interface UpstreamOptions {
  readonly rounds: number;
  readonly requests: number;
}

export interface Added {
  readonly upstream: string;
  /** Of the quietest round: a busy neighbour only adds to it. */
  readonly directP50Ms: number;
  readonly bridgeP50Ms: number;
  /** Their difference. */
  readonly addedP50Ms: number;
  /** What was added in each round, neighbours included: the median. */
  readonly addedMedianMs: number;
}

export interface UpstreamResult {
  readonly store: string;
  readonly added: readonly Added[];
  readonly besideHung: BesideHung;
}

/** `env`: where the store is. */
export async function measureUpstream(
  store: string,
  options: UpstreamOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<UpstreamResult> {
  const [quick, slow, hung] = await Promise.all([
    startUpstream({ direct: true }),
    startUpstream({ direct: true, delayMs: SLOW_UPSTREAM_MS }),
    startUpstream(),
  ]);
  const service = await startService({
    config: upstreamConfig({ quick, slow, hung }),
    env: { ...env, IAT: quick.initialAccessToken },
  });
  try {
    const added = [
      { upstream: 'at once', ...(await compare(service, 'quick', quick, options)) },
      { upstream: `after ${SLOW_UPSTREAM_MS} ms`, ...(await compare(service, 'slow', slow, options)) },
    ];
    hung.proxy.swallowReplies();
    const besideHung = await measureBesideHung(service, { working: 'quick', hung: 'hung' }, API);
    return { store, added, besideHung };
  } finally {
    await service.stop();
    await Promise.all([quick, slow, hung].map((upstream) => upstream.stop()));
  }
}

/** A service with these upstream providers beside `local`, and a portal that may use all of them. */
export function upstreamConfig(upstreams: Readonly<Record<string, Pick<Upstream, 'issuer'>>>) {
  const oidc = { type: 'oidc', initial_access_token: '{env:IAT}', allow_insecure_loopback: true };
  const added = Object.entries(upstreams).map(([name, { issuer }]) => [name, { ...oidc, issuer }]);
  const providers = { ...DOMAIN.providers, ...Object.fromEntries(added) };
  const everyone = { ...DOMAIN.portals['*'], ...UNLIMITED, providers: Object.keys(providers) };
  return { ...DOMAIN, providers, portals: { '*': everyone } };
}

async function compare(
  service: TestService,
  provider: string,
  upstream: Upstream,
  { rounds, requests }: UpstreamOptions,
): Promise<Omit<Added, 'upstream'>> {
  const { initialAccessToken, issuer } = upstream;
  const bearer = { authorization: `Bearer ${initialAccessToken}` };
  const direct = {
    port: Number(new URL(issuer).port),
    request: jsonRequest('/reg', bearer, { ...CLIENT, software_id: 'bench-marker-0123456789' }),
  };
  const bridge = {
    port: Number(new URL(service.managementUrl).port),
    request: jsonRequest(`/register/${provider}`, { 'x-api-key': API_KEY }, CLIENT),
  };
  const p50 = async (target: typeof direct, count: number) =>
    percentile(await runLoad({ ...target, requests: count, connections: 1, status: 201 }), 0.5);
  for (const target of [direct, bridge]) await p50(target, requests);
  const measured: { direct: number; bridge: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ direct: await p50(direct, requests), bridge: await p50(bridge, requests) });
  }
  const directP50Ms = Math.min(...measured.map((round) => round.direct));
  const bridgeP50Ms = Math.min(...measured.map((round) => round.bridge));
  return {
    directP50Ms: rounded(directP50Ms),
    bridgeP50Ms: rounded(bridgeP50Ms),
    addedP50Ms: rounded(bridgeP50Ms - directP50Ms),
    addedMedianMs: rounded(median(measured.map((round) => round.bridge - round.direct))),
  };
}
