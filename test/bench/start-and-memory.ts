/** How long the service as it ships takes to start on its embedded store, and what it holds when idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { portal } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { runLoad } from './load.ts';
import { residentMiB } from './process-usage.ts';
import { tokenRequest } from './requests.ts';

export interface StartAndMemory {
  /** Milliseconds from spawn to "listening", when keys and store are made. */
  readonly firstStartsMs: readonly number[];
  /** The same when they are there. */
  readonly restartsMs: readonly number[];
  /** Resident, before any request. */
  readonly idleMiB: number;
  /** Resident, some seconds after `TOKENS_BEFORE_IDLE` tokens. */
  readonly idleAfterTokensMiB: number;
}

export interface StartOptions {
  readonly starts: number;
  /** How long it is left alone before its memory is read. */
  readonly idleMs: number;
}

export const TOKENS_BEFORE_IDLE = 2000;
/** In the configuration that ships. */
const RESOURCE = 'https://api.example.com';

export async function measureStartAndMemory({ starts, idleMs }: StartOptions): Promise<StartAndMemory> {
  const firstStartsMs: number[] = [];
  const restartsMs: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    const directory = tempDir('bench');
    await (await timedStart(directory, firstStartsMs)).stop();
    await (await timedStart(directory, restartsMs)).stop();
  }
  const service = await startService();
  await sleep(idleMs);
  const idleMiB = residentMiB(service.pid);
  await fetchTokens(service);
  await sleep(idleMs);
  const idleAfterTokensMiB = residentMiB(service.pid);
  await service.stop();
  return { firstStartsMs, restartsMs, idleMiB, idleAfterTokensMiB };
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
