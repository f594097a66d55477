/** What is served on each of the three listeners: the routes of every room, behind the same middleware. */
import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createApp, type RegisterRoutes } from '../http/apps.ts';
import { docsRoutes } from '../http/docs-routes.ts';
import { fastRoad } from '../http/fast-road.ts';
import type { ListenerName } from '../http/listener.ts';
import { opsRoutes } from '../http/ops-routes.ts';
import { poolLimit } from '../http/pool-limit.ts';
import { publicRoutes } from '../http/public-routes.ts';
import { shed } from '../http/shed.ts';
import { tokenInspectionRoutes } from '../http/token-inspection.ts';
import { poolJobs } from '../lib/thread-pool.ts';
import type { UpstreamContext } from '../registration/upstream/context.ts';
import type { Health } from '../telemetry/health.ts';
import type { Revocations } from '../tokens/revocations.ts';
import { apiDescription } from './api-description.ts';
import { bridge, bridgeRoutes } from './bridge.ts';
import type { ClientCertificates } from './client-certificates.ts';
import { knownHosts } from './known-hosts.ts';
import type { Parts } from './parts.ts';
import type { Recorders } from './recorders.ts';
import { tokenService } from './token-service.ts';

export interface Served extends Recorders {
  readonly health: Health;
  readonly certificates: ClientCertificates;
  readonly revocations: Revocations;
  readonly upstream: UpstreamContext;
}

export function handlers(parts: Parts, served: Served): Readonly<Record<ListenerName, RequestListener>> {
  const { config, log, metrics } = parts;
  const { health, certificates, revocations, upstream, usage, readers } = served;
  const knowsHost = knownHosts(config);
  const { isDraining } = health;
  const app = (listener: ListenerName, register: RegisterRoutes) =>
    createApp(
      {
        listener,
        log,
        metrics,
        newRequestId: randomUUID,
        isDraining,
        // Probes come by a pod's address or none; nothing there takes a credential or makes a URL.
        forwarded:
          listener === 'public'
            ? {
                isTrustedProxy: certificates.isTrustedProxy,
                requireHttps: config.issuer.startsWith('https:'),
              }
            : undefined,
        knowsHost: listener === 'ops' ? undefined : knowsHost,
      },
      register,
    ).callback();
  const groups = bridge(parts, upstream);
  const routesOf = bridgeRoutes(parts, groups);
  const tokens = tokenService(parts, usage, readers, certificates.presentedBy, revocations);
  const publicApp = app('public', (router) => {
    publicRoutes(tokens.routes)(router);
    tokenInspectionRoutes(tokens.inspection)(router);
    routesOf('public')(router);
  });
  const fast = fastRoad({ ...tokens.fast, knowsHost, isDraining, log, metrics }, publicApp);
  const shedding = shed(
    {
      pool: poolLimit(poolJobs),
      nowMs: () => performance.now(),
      atEndOfTurn: setImmediate,
      isDraining,
      bodyLimitBytes: config.body_limit_bytes,
      newRequestId: randomUUID,
      log,
      metrics,
    },
    fast,
  );
  return {
    public: shedding,
    management: app('management', (router) => {
      routesOf('management')(router);
      docsRoutes(() => apiDescription(groups, config, parts.managementUrl()))(router);
    }),
    ops: app('ops', opsRoutes(health, metrics)),
  };
}
