/**
 * F-31: how long a refused secret takes tells neither whether the client is known nor how much of the secret is
 * right. Both roads that such a request takes, one after the other, over a real store, in one process: what the
 * network and the HTTP server add would only hide a difference.
 *
 * Statistic: each round refuses one request of each kind, in an order of its own, and is compared with itself,
 * so that whatever slows the machine slows all kinds. Of a kind's differences to the first kind in thousands of
 * rounds the median counts, which no outlier moves: it is found again to some hundredths of a microsecond. What it
 * may be at most is measured too, by what a refusal that ends early saves at least: the hash of a secret.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClientCache } from '../../src/clients/client-cache.ts';
import { newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { findSecret, newSecret } from '../../src/clients/secret.ts';
import type { TokenClient } from '../../src/clients/token-client.ts';
import { createCredentials } from '../../src/keys/credentials.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { plainRequest } from '../../src/tokens/plain-request.ts';
import { quickToken } from '../../src/tokens/quick-token.ts';
import { takeShortRoad } from '../../src/tokens/short-road.ts';
import { TokenRefusal } from '../../src/tokens/token-refusal.ts';
import { median } from '../bench/statistics.ts';
import { FREELY } from '../stores/records.ts';
import { tempDir } from '../support/temp.ts';
import { aClient, NOW } from './support.ts';

const CLIENTS = 50;
/** For the compiler. */
const WARM_UP = 1000;
const ROUNDS = 4000;

const { hashSecret } = createCredentials(randomBytes(32), randomBytes);
interface Known {
  readonly record: ClientRecord;
  readonly secret: string;
}
let store: Store;
let known: readonly Known[];
let disabled: readonly Known[];
let ofAnotherMethod: readonly Known[];
before(async () => {
  store = await openSqliteStore({ file: join(tempDir('timing'), 'store.db') });
  known = await clients();
  disabled = await clients({}, { state: 'disabled' });
  ofAnotherMethod = await clients({ token_endpoint_auth_method: 'client_secret_post' });
});
after(() => store?.close());

async function clients(metadata = {}, changes: Partial<ClientRecord> = {}): Promise<readonly Known[]> {
  const made: Known[] = [];
  while (made.length < CLIENTS) {
    const { secret, value } = newSecret(randomBytes, hashSecret, NOW);
    const client_id = newClientId(randomBytes);
    const record = aClient(
      { client_name: 'a client', token_endpoint_auth_method: 'client_secret_basic', ...metadata },
      { client_id, secrets: [secret], ...changes },
    );
    assert.equal(await store.clients.create(record, FREELY), 'created');
    made.push({ record, secret: value });
  }
  return made;
}

/** What becomes of a token request with these credentials, in microseconds. */
function refusals(): (id: string, secret: string) => Promise<number> {
  const cache = createClientCache({
    read: store.clients.read,
    changes: store.clientChanges,
    maxBytes: 16 * 1024 * 1024,
    maxStaleMs: 60_000,
    nowMs: () => performance.now(),
  });
  const issue = () => assert.fail('a token was issued');
  const find = (client: TokenClient | undefined, presented: string) =>
    findSecret(client?.secrets ?? [], presented, hashSecret, NOW);
  const quick = {
    warm: (id: string) => cache.warm(id, performance.now()),
    findSecret: find,
    issue,
    used: () => assert.fail('a secret was used'),
  };
  const road = {
    clients: cache,
    matchesSecret: (client: TokenClient | undefined, presented: string) =>
      find(client, presented) !== undefined,
    issue,
  };
  return async (id, secret) => {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const form = 'grant_type=client_credentials';
    const beganMs = performance.now();
    assert.equal(quickToken(quick, form, authorization), undefined);
    const plain = plainRequest(form, authorization);
    assert.ok(plain !== undefined);
    await takeShortRoad(road, plain).then(issue, (error) => assert.ok(error instanceof TokenRefusal));
    return (performance.now() - beganMs) * 1000;
  };
}

type Credentials = readonly [id: string, secret: string];
type Kinds = Readonly<Record<string, () => Credentials>>;

/** By how many microseconds each kind is refused later than the first. */
async function differences(kinds: Kinds): Promise<Readonly<Record<string, number>>> {
  const refuse = refusals();
  const names = Object.keys(kinds);
  const took = new Map(names.map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (const name of shuffled(names)) {
      const microseconds = await refuse(...(kinds[name] as () => Credentials)());
      if (round >= WARM_UP) took.get(name)?.push(microseconds);
    }
  }
  const [first = [], ...others] = [...took.values()];
  return Object.fromEntries(
    others.map((other, index) => [
      names[index + 1],
      median(other.map((microseconds, round) => microseconds - (first[round] ?? 0))),
    ]),
  );
}

function shuffled<T>(list: readonly T[]): readonly T[] {
  const rest = [...list];
  return list.map(() => rest.splice(randomInt(rest.length), 1)[0] as T);
}

const oneOf = (all: readonly Known[]): Known => all[randomInt(all.length)] as Known;
const otherSecret = () => newSecret(randomBytes, hashSecret, NOW).value;

/** What comparing a secret with nothing takes, in microseconds. */
function hashMicroseconds(): number {
  const presented = otherSecret();
  const took = Array.from({ length: WARM_UP + ROUNDS }, () => {
    const beganMs = performance.now();
    findSecret([], presented, hashSecret, NOW);
    return (performance.now() - beganMs) * 1000;
  });
  return median(took.slice(WARM_UP));
}

function assertWithin(mostHashes: number, found: Readonly<Record<string, number>>): void {
  const most = mostHashes * hashMicroseconds();
  for (const [kind, microseconds] of Object.entries(found)) {
    assert.ok(Math.abs(microseconds) < most, `${kind}: ${JSON.stringify(found)}, at most ${most} µs`);
  }
}

test('F-31: refusing takes no longer where the client is known, disabled, or of another method, than where it is unknown', async () => {
  const found = await differences({
    unknown: () => [newClientId(randomBytes), otherSecret()],
    known: () => [oneOf(known).record.client_id, otherSecret()],
    disabled: () => withSecret(oneOf(disabled)),
    'of another method': () => withSecret(oneOf(ofAnotherMethod)),
  });
  // What is there is taken out of the store, row and text, and kept in memory again: about the time of one hash.
  assertWithin(2, found);
});

test('F-31: refusing takes no longer the more of the secret is right', async () => {
  const sharing = (characters: number) => () => {
    const { record, secret } = oneOf(known);
    return [record.client_id, wrongFrom(secret, characters)] as const;
  };
  const found = await differences({
    nothing: sharing(0),
    'the prefix': sharing('dcrs_'.length),
    half: sharing(24),
    'all but the last character': sharing(-1),
  });
  assertWithin(0.5, found);
});

const withSecret = ({ record, secret }: Known): Credentials => [record.client_id, secret];

/** Of the secret's length, with another character at that place and others behind it. */
function wrongFrom(secret: string, place: number): string {
  const wrong = secret.at(place) === 'x' ? 'y' : 'x';
  const right = secret.slice(0, place);
  const rest = otherSecret().slice(right.length + 1);
  return right + wrong + rest;
}
