/**
 * Stands before everything else of the public listener and answers what would wait too long (`request-queue.ts`,
 * `pool-limit.ts`) with `503` and `Retry-After`, for a fraction of what a token costs: nothing of such a request
 * is read, so nothing was written, nothing claimed, and the same assertion may be sent again.
 *
 * It never looks at a GET: keys and metadata are what every gateway hangs on, and cost less than a refusal.
 * The other listeners have none: probes must be answered then of all times, and portals have their own limits.
 *
 * While it lasts it is two lines in the log and not one for each request; every answer has the first one's id.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import { ERROR_CATALOGUE } from './error-catalogue.ts';
import { SECURITY_HEADERS } from './middleware/security-headers.ts';
import type { PoolLimit } from './pool-limit.ts';
import { type QueueOptions, requestQueue } from './request-queue.ts';

/** None refused for so long: it is over. */
const OVER_MS = 3000;

export interface ShedOptions extends Pick<QueueOptions<unknown>, 'nowMs' | 'atEndOfTurn'> {
  readonly pool: PoolLimit;
  readonly isDraining: () => boolean;
  readonly bodyLimitBytes: number;
  readonly newRequestId: () => string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: Pick<Metrics, 'observe' | 'requestShed'>;
}

export function shed(options: ShedOptions, further: RequestListener): RequestListener {
  const { pool, nowMs, atEndOfTurn, isDraining, bodyLimitBytes, metrics } = options;
  const answerOfNow = episodes(options);

  function refuse({ req, res }: Exchange): void {
    const startedMs = nowMs();
    const body = answerOfNow();
    // What is still to come of a long body is not worth reading, and must not be taken for the next request.
    const announced = Number(req.headers['content-length'] ?? Number.NaN);
    if (isDraining() || !(announced <= bodyLimitBytes)) res.shouldKeepAlive = false;
    res.writeHead(SHED.status, [...HEADERS, 'Content-Length', String(body.length)]);
    res.end(body, 'latin1');
    const seconds = (nowMs() - startedMs) / 1000;
    const route = req.url === PUBLIC_PATHS.token ? PUBLIC_PATHS.token : 'none';
    metrics.requestShed();
    metrics.observe({ listener: 'public', method: 'POST', route, status: SHED.status, seconds });
  }

  const take = requestQueue<Exchange>({
    serve: (exchange) => {
      // Hung up while it waited: a token would be signed for nobody.
      if (exchange.req.destroyed) return;
      if (pool.isFull()) refuse(exchange);
      else further(exchange.req, exchange.res);
    },
    refuse,
    nowMs,
    atEndOfTurn,
    turnEnded: pool.look,
  });
  return function answerOrShed(req, res) {
    if (req.method === 'POST') take({ req, res });
    else further(req, res);
  };
}

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

const SHED = ERROR_CATALOGUE.overloaded;

/** As every other refusal has them. */
const HEADERS = [
  ...Object.entries(SECURITY_HEADERS).flat(),
  ...['Pragma', 'no-cache', 'Retry-After', String(SHED.retryAfterSeconds)],
  ...['Content-Type', 'application/json; charset=utf-8'],
];

/** The body for as long as it lasts; asking for it is what makes it last. */
function episodes({ newRequestId, log }: ShedOptions): () => string {
  let body: string | undefined;
  let refused = 0;
  function begin(): string {
    const beganMs = performance.now();
    const error_id = newRequestId();
    log.warn({ request_id: error_id, reason: 'overloaded' }, 'more comes than can be answered in time');
    let seen = 0;
    const timer = setInterval(() => {
      if (seen !== refused) {
        seen = refused;
        return;
      }
      clearInterval(timer);
      const seconds = Math.round((performance.now() - beganMs) / 1000);
      log.info({ request_id: error_id, refused, seconds }, 'all that comes is answered again');
      body = undefined;
      refused = 0;
    }, OVER_MS);
    timer.unref();
    const { error, error_description } = SHED;
    return JSON.stringify({ error, error_description, error_id });
  }
  return function answerOfNow() {
    body ??= begin();
    refused += 1;
    return body;
  };
}
