/**
 * Several workers behind one set of listeners (`WORKERS`). The supervisor serves no client and no portal: it
 * hands connections round, keeps the workers running, speaks for them at the ops listener, and lets them
 * finish when it is told to stop. The first worker starts alone: what a first start makes, and what keeps a
 * service from starting, then happens once.
 *
 * Round and round is Node.js's default and stays: of 32 connections that a gateway keeps, each of two workers
 * has 16. Where workers accept for themselves, from one socket or from one each (`reusePort`), one of them had
 * up to four times the other's. A token over a kept connection costs the same in all three; it is a connection
 * made for one request that costs 110 µs more to hand on.
 */
import cluster, { type Worker } from 'node:cluster';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { createApp } from '../http/apps.ts';
import { type Address, listenAll } from '../http/listener.ts';
import { opsRoutes } from '../http/ops-routes.ts';
import { eachLine } from '../lib/each-line.ts';
import { isStopSignal } from '../lib/stop-signal.ts';
import type { Logger } from '../telemetry/log.ts';
import { logMetricsOnly } from '../telemetry/log-metrics.ts';
import { watchHeartbeat } from './heartbeat.ts';
import { type FromWorker, type PublicAddresses, tellWorker } from './worker-channel.ts';
import { readinessOf, renderAll, workers } from './workers-together.ts';

const SECOND_MS = 1000;
/** A worker that ran for so long has not failed to start. */
const STABLE_MS = 60 * SECOND_MS;
const MAX_PAUSE_MS = 10 * SECOND_MS;
/** After the time that a worker has to finish what is in flight. */
const END_GRACE_MS = 5 * SECOND_MS;

export interface Supervised {
  readonly addresses: PublicAddresses & { readonly ops: Address };
  /** Lets every worker finish; 0 when all of them ended in order. */
  stop(): Promise<number>;
}

/** The exit code of the first worker when it did not come to listen. Rejects when the ops address is in use. */
export async function superviseWorkers(config: Config, log: Logger): Promise<Supervised | number> {
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const own = logMetricsOnly(log.linesLost);
  const ops = createApp(
    {
      listener: 'ops',
      log,
      metrics: { observe: () => {} },
      newRequestId: randomUUID,
      isDraining: isStopping,
    },
    opsRoutes({ readiness: () => readinessOf(isStopping()) }, { render: () => renderAll(own) }),
  ).callback();
  const listeners = await listenAll({ ops: { handler: ops, address: config.ops_listen } });

  cluster.setupPrimary({ silent: true });
  const fork = () => watched(overheard(cluster.fork(), log), config.worker_silence_limit_ms, log);
  const first = fork();
  const started = await listeningOf(first);
  if (typeof started === 'number') {
    await listeners.close(['ops'], 0);
    return started;
  }
  const keep = (worker: Worker) => keepRunning(log, stopping.signal, fork, worker);
  const running = [keep(first), ...Array.from({ length: config.workers - 1 }, () => keep(fork()))];

  return {
    addresses: { ...started, ...listeners.addresses },
    stop: async () => {
      stopping.abort();
      for (const worker of workers()) tellWorker(worker, { drain: true });
      const timer = setTimeout(killAll, config.drain_delay_ms + config.drain_timeout_ms + END_GRACE_MS);
      const codes = await Promise.all(running);
      clearTimeout(timer);
      await listeners.close(['ops'], 0);
      return codes.every((code) => code === 0) ? 0 : 1;
    },
  };
}

/**
 * Passes on what the worker writes. With our own stdout it would share whether a write waits for room, which the
 * start and the end of every process that has it set anew: the log of a hanging reader would stop all of them.
 */
function overheard(worker: Worker, log: Logger): Worker {
  const { stdout, stderr } = worker.process;
  if (stdout) eachLine(stdout, log.passOn);
  stderr?.pipe(process.stderr, { end: false });
  return worker;
}

function watched(worker: Worker, silenceLimitMs: number, log: Logger): Worker {
  watchHeartbeat(worker, silenceLimitMs, () => {
    log.error(
      { worker: worker.id, silence_limit_ms: silenceLimitMs },
      'a worker does not turn any more; it is killed',
    );
    // What is stuck or stopped hears no other signal.
    worker.process.kill('SIGKILL');
  });
  return worker;
}

function killAll(): void {
  for (const worker of workers()) worker.process.kill('SIGKILL');
}

/** Where it listens, or its exit code when it ended before. */
async function listeningOf(worker: Worker): Promise<PublicAddresses | number> {
  return new Promise((resolve) => {
    worker.on('message', (message: FromWorker) => {
      if ('listening' in message) resolve(message.listening);
    });
    worker.once('exit', (code: number | null, signal: string | null) => resolve(codeOf(code, signal)));
  });
}

/**
 * A terminal and systemd send a stop signal to us and to every worker. One that is still being loaded does not
 * ignore it yet: it had nothing to finish, and is in order.
 */
function codeOf(code: number | null, endedBy: string | null): number {
  return code ?? (isStopSignal(endedBy) ? 0 : 1);
}

/** Resolves with the last exit code, when it was told to stop. */
async function keepRunning(
  log: Logger,
  signal: AbortSignal,
  fork: () => Worker,
  first: Worker,
): Promise<number> {
  let failures = 0;
  for (let worker = first; ; worker = fork()) {
    const startedAt = performance.now();
    const [code, endedBy]: [number | null, string | null] = (await once(worker, 'exit')) as never;
    if (signal.aborted) return codeOf(code, endedBy);
    failures = performance.now() - startedAt > STABLE_MS ? 0 : failures + 1;
    const pauseMs = Math.min(100 * 2 ** failures, MAX_PAUSE_MS);
    log.error(
      { worker: worker.id, code, signal: endedBy, pause_ms: pauseMs },
      'a worker ended; another is started',
    );
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return 0;
  }
}
