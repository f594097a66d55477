/**
 * One of several nodes on one Redis: the real store, the cache before it and the stream that tells it of changes,
 * put together as the service does it, with a gate at each command. It knows which states its callers and the
 * stream have told it are over: those it may not go by any more.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import {
  type ClientCache,
  createClientCache,
  forgetting,
  TRUST_MS,
} from '../../../../src/clients/client-cache.ts';
import type { ClientChanges } from '../../../../src/clients/client-changes.ts';
import type { ClientId } from '../../../../src/clients/client-id.ts';
import type { ClientRecord } from '../../../../src/clients/client-record.ts';
import type { ClientStore } from '../../../../src/clients/client-store.ts';
import type { Credentials } from '../../../../src/keys/credentials.ts';
import type { RegistrationContext } from '../../../../src/registration/context.ts';
import type { RegistrationPolicy } from '../../../../src/registration/policy.ts';
import { facetsAsked, stillAsked } from '../../../../src/stores/facets.ts';
import { redisChanges } from '../../../../src/stores/redis/changes.ts';
import { redisClients } from '../../../../src/stores/redis/clients.ts';
import type { Commit } from '../../../../src/stores/redis/commit.ts';
import { storeEpoch } from '../../../../src/stores/redis/epoch.ts';
import { redisIntents } from '../../../../src/stores/redis/intents.ts';
import { type Reads, readsOver } from '../../../../src/stores/redis/reads.ts';
import type { Connection } from '../../../../src/stores/redis/script.ts';
import { redisSecretUsage } from '../../../../src/stores/redis/secret-usage.ts';
import type { StorageKeys } from '../../../../src/stores/redis/storage-schema.ts';
import { patientCommits } from '../../../bench/patient-redis.ts';
import { contextOver } from '../../../registration/support.ts';
import type { Gates } from './gates.ts';
import type { Effect, Model, Moment, State } from './model.ts';

/** Who asks the store, and what came of it. */
export interface Caller {
  readonly name: string;
  readonly gates: Gates;
  /** What its replaces must make of a client. */
  readonly effect: Effect;
  /** In their order. */
  readonly commits: State[];
}

export type Node = ReturnType<typeof createNode>;

export interface NodeOptions {
  readonly name: string;
  readonly redis: Redis;
  readonly keys: StorageKeys;
  readonly gates: Gates;
  readonly model: Model;
  readonly credentials: Credentials;
  readonly policy: RegistrationPolicy;
}

export function createNode({ name, redis, keys, gates, model, credentials, policy }: NodeOptions) {
  const plainCommit = patientCommits(redis);
  const plainReads = readsOver(redis);
  /** Of the states from which on it may go by; by what it was told, or was told through it. */
  const known = new Map<ClientId, number>();
  const changesTold = new Map<ClientId, number>();
  let isStopped = false;
  let wrong: unknown;

  const knows = (id: ClientId, number: number): void => {
    known.set(id, Math.max(known.get(id) ?? 0, number));
  };

  /** `executed` hears of each command's answer when Redis has run it. */
  function storeOver({ name: caller, gates }: Caller, executed: (answer: unknown) => void): ClientStore {
    const label = `${name}: ${caller}`;
    const commit: Commit = (operation, ...rest) =>
      gates.through(
        `${label} ${operation}`,
        () => plainCommit(operation, ...rest),
        ({ outcome }) => executed(outcome),
      );
    const gated = <Ask extends 'texts' | 'text' | 'script'>(ask: Ask) =>
      ((operation: string, ...rest: never[]) =>
        gates.through(
          `${label} ${operation}`,
          () => (plainReads[ask] as (...args: unknown[]) => Promise<unknown>)(operation, ...rest),
          executed,
        )) as unknown as Reads[Ask];
    const reads = { ...plainReads, texts: gated('texts'), text: gated('text'), script: gated('script') };
    return redisClients(commit, reads, keys, () => {});
  }

  /** The store as `caller` sees it: whatever it answers is what the model says. */
  function judged(caller: Caller): ClientStore {
    const over = (executed: (answer: unknown) => void) => storeOver(caller, executed);
    const keep = (state: State | undefined) => {
      if (state !== undefined) caller.commits.push(state);
    };
    return {
      ...over(() => {}),
      async read(id) {
        let expected: ClientRecord | undefined;
        const record = await over(() => {
          expected = model.current(id);
        }).read(id);
        assert.deepEqual(record, expected, 'what was read is no committed state');
        return record;
      },
      async list(query) {
        const looks: (readonly ClientRecord[])[] = [];
        const page = await over(() => looks.push(stillAsked(model.live(), facetsAsked(query)))).list(query);
        const last = looks.at(-1) ?? [];
        for (const record of page.clients) {
          assert.deepEqual(
            record,
            last.find(({ client_id }) => client_id === record.client_id),
            'listed',
          );
        }
        const listed = new Set(page.clients.map(({ client_id }) => client_id));
        const steady = last.filter(({ client_id }) => looks[0]?.some((one) => one.client_id === client_id));
        for (const { client_id } of steady) assert.ok(listed.has(client_id), 'a client is not listed');
        return page;
      },
      create: (record, conditions) =>
        over((outcome) => keep(model.created(asStored(record), conditions.answer?.id, `${outcome}`))).create(
          record,
          conditions,
        ),
      replace: (record, version, conditions) =>
        over((outcome) =>
          keep(
            model.replaced(asStored(record), version, conditions?.answer?.id, caller.effect, `${outcome}`),
          ),
        ).replace(record, version, conditions),
      delete: (id, ...rest) => over((outcome) => keep(model.deleted(id, `${outcome}`))).delete(id, ...rest),
    };
  }

  const changes = redisChanges({
    open: async () => followed(name, redis, gates, () => isStopped),
    reads: plainReads,
    keys,
    epoch: storeEpoch(keys, randomBytes),
    time: { note: () => {} },
    nowMs: model.nowMs,
    log: undefined,
  });

  function told(id: ClientId | undefined): void {
    if (id === undefined) {
      wrong = new Error('changes were told with a gap');
      return;
    }
    const count = (changesTold.get(id) ?? 0) + 1;
    changesTold.set(id, count);
    const change = model.change(id, count);
    if (change === undefined) wrong = new Error('a change was told that was not made');
    else knows(id, change.number);
  }

  const looker: Caller = {
    name: 'cache',
    gates,
    effect: () => assert.fail('a cache writes nothing'),
    commits: [],
  };
  const readForCache = judged(looker).read;
  /** When the look-ups began that are under way. */
  const lookUps = new Set<{ readonly id: ClientId; readonly atMs: number }>();
  const cache: ClientCache = createClientCache({
    async read(id) {
      const lookUp = { id, atMs: model.nowMs() };
      lookUps.add(lookUp);
      const found = await readForCache(id);
      lookUps.delete(lookUp);
      return found;
    },
    changes: { ...changes, follow: noting(changes, told) },
    maxBytes: 1_000_000,
    maxStaleMs: 15 * 60 * 1000,
    nowMs: model.nowMs,
  });

  return {
    name,
    cache,
    hash: credentials.hashSecret,
    /** A client was answered for here, as of that state: from now on nothing older counts. */
    answered: knows,
    /**
     * The number of the oldest state by which a request may go that begins at that moment. It may share a look-up
     * that is under way; that those end in time is the store's part, and here they wait for the scheduler.
     */
    oldest(id: ClientId, { atMs }: Moment): number {
      const began = [...lookUps].filter((lookUp) => lookUp.id === id).map((lookUp) => lookUp.atMs);
      return Math.max(known.get(id) ?? 0, model.numberAt(id, Math.min(atMs - TRUST_MS, ...began)));
    },
    contextOf(caller: Caller): RegistrationContext {
      const clients = forgetting(judged(caller), cache);
      const rest = {
        secretUsage: redisSecretUsage(plainCommit, plainReads, keys),
        intents: redisIntents(plainCommit, plainReads, keys),
      };
      return { ...contextOver({ clients, ...rest }, credentials, () => policy), forget: cache.forget };
    },
    /** Until it was told of every change that was made. */
    async catchUp(): Promise<void> {
      const now = model.nowMs();
      while (changes.toldUntilMs(now) < now) await gates.pass(`${name}: catches up`);
      if (wrong !== undefined) throw wrong;
    },
    stop(): void {
      isStopped = true;
    },
  };
}

/** The first word is "everything may be different": nothing was known yet. */
function noting(
  { follow }: ClientChanges,
  told: (id: ClientId | undefined) => void,
): ClientChanges['follow'] {
  let isFirst = true;
  return (changed) =>
    follow((id) => {
      if (!isFirst) told(id);
      isFirst = false;
      changed(id);
    });
}

/** As much of a connection as following takes. It does not wait for changes: whoever waits would hold up Redis. */
function followed(name: string, redis: Redis, gates: Gates, isStopped: () => boolean): Connection {
  const xread = (
    ...[count, most, , , streams, key, from]: ['COUNT', number, 'BLOCK', number, 'STREAMS', string, string]
  ) => gates.through(`${name}: changes`, () => redis.xread(count, most, streams, key, from));
  return {
    get status() {
      return isStopped() ? 'end' : 'ready';
    },
    xread,
    evalsha: (...args: Parameters<Redis['evalsha']>) => gates.track(redis.evalsha(...args)),
    eval: (...args: Parameters<Redis['eval']>) => gates.track(redis.eval(...args)),
  } as unknown as Connection;
}

/** Without what JSON leaves out. */
export function asStored(record: ClientRecord): ClientRecord {
  return JSON.parse(JSON.stringify(record));
}
