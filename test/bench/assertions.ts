/**
 * Tokens for `private_key_jwt` with inline keys (P-03): what one costs over a floor that verifies, claims in the
 * same Redis and signs too; and what is kept so that no assertion is used twice, which must end by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import {
  ASSERTION_TYPE,
  assertionOf,
  type ClientKey,
  MEMORY_BEGINS_MS,
  newClientKey,
} from '../support/assertion.ts';
import { portal } from '../support/bridge.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService } from '../support/service.ts';
import { cpuPerRequestUs } from './compare.ts';
import { patientRedis } from './patient-redis.ts';
import { formRequest } from './requests.ts';
import { APPLICATION_ID, CONFIG, RESOURCES, startFloor } from './servers.ts';
import { median, rounded } from './statistics.ts';

export interface AssertionsOptions {
  /** Per round and server. */
  readonly requests: number;
  readonly rounds: number;
}

export interface Assertions {
  readonly cpuUs: { readonly floor: number; readonly service: number };
  readonly overFloor: number;
  /** What one assertion leaves in Redis, and for how long at most. */
  readonly claim: { readonly bytes: number; readonly seconds: number };
}

const CLAIMS = '{dcr}:replay:*';

export async function measureAssertions({ requests, rounds }: AssertionsOptions): Promise<Assertions> {
  const redis = await startRedis({ appendfsync: 'none' });
  const connection = patientRedis(redis.url);
  const env = { STORE_URL: redis.url, KEY_ENCRYPTION_KEY: newKeyEncryptionKey() };
  const service = await startService({ config: CONFIG, env });
  await sleep(MEMORY_BEGINS_MS);
  const key = await newClientKey();
  const { body: client } = await portal(service).create({
    client_name: 'bench',
    scope: 'read write',
    labels: { application_id: APPLICATION_ID },
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  const { client_id } = client;
  const floor = await startFloor({
    issuer: service.issuer,
    redisUrl: redis.url,
    clientId: client_id,
    clientJwk: key.jwk,
  });
  const ours = { pid: service.pid, port: service.publicPort };
  const costs = async (count: number) => {
    const made = await requestsFor(key, { client_id, issuer: service.issuer }, count);
    const inTurn =
      (next = made.values()) =>
      () =>
        next.next().value ?? Buffer.of();
    return {
      floor: await cpuPerRequestUs(floor, inTurn(), count),
      service: await cpuPerRequestUs(ours, inTurn(), count),
    };
  };
  try {
    await costs(2 * requests);
    const measured: Awaited<ReturnType<typeof costs>>[] = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await costs(requests));
    return {
      cpuUs: {
        floor: rounded(median(measured.map((round) => round.floor))),
        service: rounded(median(measured.map((round) => round.service))),
      },
      overFloor: rounded(median(measured.map((round) => round.service / round.floor))),
      claim: await claimsOf(connection),
    };
  } finally {
    connection.disconnect();
    await Promise.all([service.stop(), floor.stop()]);
    await redis.stop();
  }
}

/** Each with an assertion of its own. */
async function requestsFor(
  key: ClientKey,
  of: { readonly client_id: string; readonly issuer: string },
  count: number,
): Promise<readonly Buffer[]> {
  const made: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const form = {
      grant_type: 'client_credentials',
      resource: RESOURCES.ES256,
      scope: 'read write',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertionOf(key, of),
    };
    made.push(formRequest(form));
  }
  return made;
}

/** Throws when one is kept for ever. */
async function claimsOf(redis: Redis): Promise<Assertions['claim']> {
  const keys = await redis.keys(CLAIMS);
  const left = await Promise.all(keys.map((key) => redis.ttl(key)));
  const [first] = keys;
  if (first === undefined || left.includes(-1)) throw new Error('claims are not kept, or for ever');
  return { bytes: (await redis.memory('USAGE', first)) ?? 0, seconds: left.reduce((a, b) => Math.max(a, b)) };
}
