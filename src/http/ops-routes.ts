/** The ops listener: probes and metrics, for the operator's own network only (S-META-12). */
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RegisterRoutes } from './apps.ts';

export function opsRoutes(
  health: Pick<Health, 'readiness'>,
  metrics: Pick<Metrics, 'render'>,
): RegisterRoutes {
  return (router) => {
    // Says only that the event loop turns: a restart would not bring a store back.
    router.get('/livez', (ctx) => {
      ctx.body = { status: 'live' };
    });
    router.get('/readyz', async (ctx) => {
      const readiness = await health.readiness();
      ctx.status = readiness.status === 'ready' ? 200 : 503;
      ctx.body = readiness;
    });
    router.get('/metrics', async (ctx) => {
      const { text, contentType } = await metrics.render();
      ctx.set('Content-Type', contentType);
      ctx.body = text;
    });
  };
}
