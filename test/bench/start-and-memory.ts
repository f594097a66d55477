/** How long the service as it ships takes to start on its embedded store, and what it holds when idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { portal } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { runLoad } from './load.ts';
import { residentMiB } from './process-usage.ts';
import { tokenRequest } from './requests.ts';

export interface StartTimes {
  /** Milliseconds from spawn to "listening", when keys and store are made. */
  readonly firstMs: readonly number[];
  /** The same when they are there. */
  readonly restartMs: readonly number[];
}

export async function measureStarts(count: number): Promise<StartTimes> {
  const firstMs: number[] = [];
  const restartMs: number[] = [];
  for (let start = 0; start < count; start += 1) {
    const directory = tempDir('bench');
    await (await timedStart(directory, firstMs)).stop();
    await (await timedStart(directory, restartMs)).stop();
  }
  return { firstMs, restartMs };
}

/** Resident, in MiB. */
export interface IdleMemory {
  /** Before any request. */
  readonly afterStartMiB: number;
  /** When `TOKENS_BEFORE_IDLE` tokens are some time ago. */
  readonly afterTokensMiB: number;
}

const TOKENS_BEFORE_IDLE = 2000;
const SETTLED_AFTER_START_MS = 4000;
/** In the configuration that ships. */
const RESOURCE = 'https://api.example.com';

/** It mostly waits: other things can be measured meanwhile. V8 shrinks its heap in two steps, 8 s apart. */
export async function measureIdleMemory(settledAfterLoadMs: number): Promise<IdleMemory> {
  const service = await startService();
  await sleep(SETTLED_AFTER_START_MS);
  const afterStartMiB = residentMiB(service.pid);
  await fetchTokens(service);
  await sleep(settledAfterLoadMs);
  const afterTokensMiB = residentMiB(service.pid);
  await service.stop();
  return { afterStartMiB, afterTokensMiB };
}

async function timedStart(directory: string, timesMs: number[]): Promise<TestService> {
  const publicPort = await freePort();
  const began = performance.now();
  const service = await startService({ directory, publicPort });
  timesMs.push(performance.now() - began);
  return service;
}

async function fetchTokens(service: TestService): Promise<void> {
  const { body: client } = await portal(service).create();
  const request = tokenRequest(client, RESOURCE);
  await runLoad({ port: service.publicPort, request, requests: TOKENS_BEFORE_IDLE, connections: 16 });
}
