/**
 * F-13 with verifiers of other hands: keys rotate 20 times under load, with the store planted with a key, away
 * and emptied meanwhile, and nobody refuses a token: not at once, and not just before it ends.
 *
 *   npm run test:gateways   a lead of 4 s, and cool-downs to match
 *   npm run test:rotation   a lead of 32 s: jose with the cool-down of 30 s that it has by default
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { newRing } from '../../keys/support.ts';
import { fetchToken, send } from '../../support/bridge.ts';
import { eventually } from '../../support/eventually.ts';
import { PROTECTED, type Protected } from '../issuer.ts';
import { wrongDecisions } from './refusing.ts';
import { createRotatingWorld, type RotatingWorld } from './world.ts';

const TIMES =
  process.env.ROTATION === 'long'
    ? { leadSeconds: 32, cooldownSeconds: 30 }
    : { leadSeconds: 4, cooldownSeconds: 3 };
const ROTATIONS = 20;
/** What the machine of the tests does beside all the verifying. */
const TOKENS_PER_SECOND = 200;
/** Of so many tokens one goes to the verifiers outside; and the first of each key. */
const OUTSIDE_EVERY = 10;
/** How long before its end a token is verified again: enough for a machine that is late, with all this on two cores. */
const JUST_BEFORE_MS = 4000;
const OUTAGE_MS = 4000;
/** Of the four algorithms each rotates once in the lead and a refresh; with twice the time for a slow start. */
const LONGEST_MS = (TIMES.leadSeconds + 1) * (ROTATIONS / 4 + 1) * 2000 + OUTAGE_MS;

test('F-13, S-KEY-05: 20 rotations under load, and no verifier of any hand refuses a token, at once or at its end', {
  timeout: LONGEST_MS + 120_000,
}, async (t) => {
  const world = await createRotatingWorld(TIMES);
  try {
    await eachDecides(world);
    await rotations(world, (line) => t.diagnostic(line));
  } finally {
    await world.stop();
  }
});

async function rotations(world: RotatingWorld, tell: (line: string) => void): Promise<void> {
  const { one, client, resources, redis } = world;
  const failures: string[] = [];
  const kidsOf = new Map<string, string[]>();
  const count = { tokens: 0, verified: 0, outside: 0 };
  const work: Promise<void>[] = [];
  const rotated = () => [...kidsOf.values()].reduce((sum, kids) => sum + kids.length - 1, 0);

  async function verified(
    token: string,
    resource: string,
    withOutside: boolean,
    when: string,
  ): Promise<void> {
    const api = PROTECTED.find((each) => each.resource === resource);
    const outside = withOutside && api !== undefined;
    const verifiers = Object.entries({ ...world.near, ...(outside ? world.outside : {}) });
    await Promise.all(
      verifiers.map(([habit, verify]) =>
        verify(token, api ?? PROTECTED[0]).catch((error: Error) => {
          failures.push(`${habit}, ${when}: ${error.message}`);
        }),
      ),
    );
    count.verified += verifiers.length;
    if (outside) count.outside += Object.keys(world.outside).length;
  }

  async function issued(at: number): Promise<void> {
    const resource = resources[at % resources.length] ?? '';
    const { status, body, text } = await fetchToken(one, client, { resource });
    if (status !== 200) return void failures.push(`no token: ${status} ${text}`);
    const token: string = body.access_token;
    const { kid = '', alg = '' } = decodeProtectedHeader(token);
    const kids = kidsOf.get(alg) ?? [];
    kidsOf.set(alg, kids);
    const isFirst = !kids.includes(kid);
    if (isFirst) kids.push(kid);
    count.tokens += 1;
    // Every tenth of each resource.
    const withOutside = isFirst || Math.floor(at / resources.length) % OUTSIDE_EVERY === 0;
    await verified(token, resource, withOutside, 'at once');
    const { exp = 0 } = decodeJwt(token);
    await sleep(Math.max(0, exp * 1000 - JUST_BEFORE_MS - Date.now()));
    await verified(token, resource, withOutside, 'at its end');
  }

  const troubles = (async () => {
    await sleep(TIMES.leadSeconds * 1000);
    await plantKey(world);
    await sleep(TIMES.leadSeconds * 1000);
    await redis.kill();
    await sleep(OUTAGE_MS);
    await redis.restart();
  })();

  const startedAt = performance.now();
  for (let at = 0; rotated() < ROTATIONS; at += 1) {
    assert.ok(performance.now() - startedAt < LONGEST_MS, `${rotated()} rotations; ${failures[0]}`);
    await sleep(Math.max(0, (at * 1000) / TOKENS_PER_SECOND - (performance.now() - startedAt)));
    work.push(issued(at));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await troubles;
  await eachDecides(world);
  await emptied(world);
  await redis.stop();
  await Promise.all(work);

  tell(`${rotated()} rotations in ${seconds.toFixed(0)} s, ${(count.tokens / seconds).toFixed(0)} tokens/s`);
  tell(`${count.verified} verifications, ${count.outside} of them by programs of other hands`);
  assert.deepEqual([...new Set(failures)], []);
  const kids = [...kidsOf.values()].flat();
  assert.equal(new Set(kids).size, kids.length, 'a kid belongs to one algorithm');
}

/** Before the rotations and after them: what each of them verified between says something. */
async function eachDecides({ one, client, near, outside }: RotatingWorld): Promise<void> {
  const issued = async ({ resource }: Protected): Promise<string> =>
    (await fetchToken(one, client, { resource })).body.access_token;
  assert.deepEqual(await wrongDecisions({ ...near, ...outside }, issued), []);
}

const jwksOf = async ({ one }: RotatingWorld) => (await send(`${one.publicUrl}/.well-known/jwks.json`)).text;

/** Somebody who can write to Redis puts a key of their own into the ring, and takes it out again. */
async function plantKey(world: RotatingWorld): Promise<void> {
  const { redis } = world;
  const [name = ''] = /\S*:ring$/m.exec((await redis.command('KEYS', '*ring')).trim()) ?? [];
  const [planted] = (await newRing(['RS256'])).keys;
  assert.ok(planted);
  let [genuine, forged] = ['', ''];
  // A rotation of the nodes' own may write over it before anybody has read it.
  await eventually(async () => {
    genuine = textOf(await redis.command('GET', name));
    const [version = '', text = ''] = [genuine.split(' ', 1)[0], genuine.slice(genuine.indexOf(' ') + 1)];
    const document = JSON.parse(text);
    document.ring.keys.push({ ...planted, state: 'announced' });
    forged = `${version} ${JSON.stringify(document)}`;
    await redis.command('SET', name, forged);
    await eventually(async () => assert.match(world.one.output.join('\n'), /was altered/), 2000);
  }, 15_000);
  for (let look = 0; look < 20; look += 1, await sleep(50)) {
    const jwks = await jwksOf(world);
    assert.ok(!jwks.includes(planted.kid), 'a planted key is served');
  }
  if (textOf(await redis.command('GET', name)) === forged) await redis.command('SET', name, genuine);
}

/** The nodes put their ring back, and no key is lost meanwhile. */
async function emptied(world: RotatingWorld): Promise<void> {
  const { redis } = world;
  const kids = async (): Promise<string[]> => {
    const { keys } = JSON.parse(await jwksOf(world));
    return keys.map(({ kid }: { kid: string }) => kid);
  };
  const before = await kids();
  await redis.command('FLUSHALL');
  await eventually(async () => {
    assert.match(await redis.command('KEYS', '*ring'), /ring/);
  }, 5000);
  const after = await kids();
  assert.deepEqual(
    before.filter((kid) => !after.includes(kid)),
    [],
  );
}

/** Of a bulk reply. */
function textOf(reply: string): string {
  return reply.slice(reply.indexOf('\r\n') + 2, -2);
}
