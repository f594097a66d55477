/**
 * Runs the service until it is told to stop. SIGTERM and SIGINT drain; a second signal ends it at once.
 * What no one expected ends it too, logged, with code 1: a supervisor restarts it in a known state.
 */
import { type Service, startService } from './app.ts';
import { firstStartText } from './commands/first-start.ts';
import type { Config } from './config/schema.ts';
import { returnMemory } from './lib/return-memory.ts';
import { createLogger, type Logger } from './telemetry/log.ts';

/** Resolves with the exit code, 0 or 1, when the service has stopped or could not start. */
export async function main(config: Config, warnings: readonly string[]): Promise<number> {
  const log = createLogger(config.log_level);
  for (const warning of warnings) log.warn({}, warning);
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'uncaught exception');
    process.exit(1);
  });
  let service: Service;
  try {
    service = await startService({
      config,
      log,
      portalCreated: ({ name, generatedKey: key }) => {
        const places = { issuer: config.issuer, management: config.management_listen };
        if (key !== undefined) process.stdout.write(firstStartText({ name, key }, places));
      },
    });
  } catch (error) {
    process.stderr.write(
      `dcr-bridge can't start: ${error instanceof Error ? error.message : 'unknown error'}\n`,
    );
    return 1;
  }
  returnMemory();
  log.info({ issuer: config.issuer, ...service.addresses, node: process.version }, 'listening');
  await stopSignal();
  await drain(service, log);
  return 0;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const asked = () => {
      resolve();
      process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1));
    };
    process.once('SIGTERM', asked).once('SIGINT', asked);
  });
}

async function drain(service: Service, log: Logger): Promise<void> {
  log.info({}, 'draining');
  await service.stop();
  log.info({}, 'stopped');
}
