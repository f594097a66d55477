/** What is served on each of the three listeners: the routes of every room, behind the same middleware. */
import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createApp, type RegisterRoutes } from '../http/apps.ts';
import { docsRoutes } from '../http/docs-routes.ts';
import { fastRoad } from '../http/fast-road.ts';
import type { ListenerName } from '../http/listener.ts';
import { opsRoutes } from '../http/ops-routes.ts';
import { publicRoutes } from '../http/public-routes.ts';
import { tokenInspectionRoutes } from '../http/token-inspection.ts';
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
  const app = (listener: ListenerName, register: RegisterRoutes) =>
    createApp(
      {
        listener,
        log,
        metrics,
        newRequestId: randomUUID,
        isDraining: health.isDraining,
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
  return {
    public: fastRoad({ ...tokens.fast, knowsHost, isDraining: health.isDraining, log, metrics }, publicApp),
    management: app('management', (router) => {
      routesOf('management')(router);
      docsRoutes(() => apiDescription(groups, config, parts.managementUrl()))(router);
    }),
    ops: app('ops', opsRoutes(health, metrics)),
  };
}
