/**
 * Runs the service until it is told to stop, in this process or in several workers under it; then it
 * drains. Told while it still starts, it finishes the start and drains then: a start has an end of its own.
 * What no one expected ends it too, logged, with code 1: a supervisor restarts it in a known state.
 */
import cluster from 'node:cluster';
import { startService } from './app.ts';
import { firstStartText } from './commands/first-start.ts';
import type { Service } from './compose/serve.ts';
import { superviseWorkers } from './compose/supervisor.ts';
import { supervised } from './compose/worker.ts';
import type { Config } from './config/schema.ts';
import { returnMemory } from './lib/return-memory.ts';
import { createLogger, type Logger } from './telemetry/log.ts';

/** Runs until `told` resolves. Resolves with the exit code, 0 or 1, when it has stopped or could not start. */
export async function main(
  config: Config,
  warnings: readonly string[],
  told: Promise<void>,
): Promise<number> {
  const log = createLogger(config.log_level, cluster.worker?.id);
  process.on('uncaughtException', (error) => {
    log.error({ uncaught: error }, 'uncaught exception');
    process.exit(1);
  });
  try {
    if (cluster.isWorker) return await work(config, log);
    for (const warning of warnings) log.warn({}, warning);
    return await (config.workers > 1 ? supervise(config, log, told) : serve(config, log, told));
  } catch (error) {
    process.stderr.write(
      `dcr-bridge can't start: ${error instanceof Error ? error.message : 'unknown error'}\n`,
    );
    return 1;
  }
}

async function serve(config: Config, log: Logger, told: Promise<void>): Promise<number> {
  const service = await start(config, log, true);
  announce(config, log, service.addresses);
  await told;
  log.info({}, 'draining');
  await service.stop();
  log.info({}, 'stopped');
  return 0;
}

async function supervise(config: Config, log: Logger, told: Promise<void>): Promise<number> {
  const workers = await superviseWorkers(config, log);
  if (typeof workers === 'number') {
    if (workers === 0) log.info({}, 'stopped');
    return workers;
  }
  announce(config, log, workers.addresses);
  await told;
  log.info({}, 'draining');
  const code = await workers.stop();
  log.info({}, 'stopped');
  return code;
}

async function work(config: Config, log: Logger): Promise<number> {
  const supervisor = supervised();
  try {
    const { addresses, health, metrics, stop } = await start(config, log, false);
    supervisor.listening(addresses, { readiness: health.readiness, metrics: metrics.asJson });
    await supervisor.drained;
    await stop();
    return 0;
  } finally {
    // The channel to the supervisor would keep it running.
    cluster.worker?.disconnect();
  }
}

async function start(config: Config, log: Logger, ops: boolean): Promise<Service> {
  const service = await startService({
    config,
    log,
    ops,
    portalCreated: ({ name, generatedKey: key }) => {
      const places = { issuer: config.issuer, management: config.management_listen };
      if (key !== undefined) process.stdout.write(firstStartText({ name, key }, places));
    },
  });
  returnMemory();
  return service;
}

function announce({ issuer, workers }: Config, log: Logger, addresses: Partial<Service['addresses']>): void {
  const several = workers > 1 ? { workers } : {};
  log.info({ issuer, ...addresses, ...several, node: process.version }, 'listening');
}
