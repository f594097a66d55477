/** From the plan to the next ring: who may carry it out, whom it waits for, and what is in it afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carriedOut, stepsDue } from '../../src/keys/carry-out.ts';
import { leadSeconds } from '../../src/keys/key-life.ts';
import { nextVersion, type Ring, type RingKey } from '../../src/keys/ring.ts';
import { KEK, LIFE, NOW, newRing } from './support.ts';

const [ES256, EDDSA] = [await newRing(['ES256']), await newRing(['EdDSA'])];
const [NEXT_ES256, NEXT_EDDSA] = [await newRing(['ES256']), await newRing(['EdDSA'])];
const READY = NOW + leadSeconds(LIFE);

const announcedOf = ({ keys }: Ring): RingKey[] =>
  keys.map((key) => ({ ...key, state: 'announced', announced_version: 2, activates_at: READY }));
const RING = nextVersion(ES256, [
  ...ES256.keys,
  ...EDDSA.keys,
  ...announcedOf(NEXT_ES256),
  ...announcedOf(NEXT_EDDSA),
]);
const kidOf = ({ keys }: Ring) => keys[0]?.kid ?? '';

function context(at: number, { awaited = [] as string[], leads = true } = {}) {
  const asked: string[] = [];
  return {
    asked,
    algs: ['ES256', 'EdDSA'] as const,
    life: LIFE,
    now: () => at,
    upkeep: {
      isAwaited: async ({ kid }: RingKey) => {
        asked.push(kid);
        return awaited.includes(kid);
      },
      leads: async () => {
        asked.push('leads');
        return leads;
      },
    },
  };
}

test('a node that keeps no ring up, a command for instance, has nothing to do', async () => {
  const { upkeep: _, ...without } = context(READY);
  assert.deepEqual(await stepsDue(without, RING), []);
});

test('one node carries out what is due, and none is asked to when nothing is', async () => {
  assert.deepEqual(await stepsDue(context(READY, { leads: false }), RING), []);
  const early = context(READY - 1);
  assert.deepEqual(await stepsDue(early, RING), []);
  assert.deepEqual(early.asked, [], 'nor is the store asked who has seen the keys');
});

test('the key of one algorithm that waits for its readers holds up no other, and not beyond its time', async () => {
  const waiting = context(READY, { awaited: [kidOf(NEXT_ES256)] });
  assert.deepEqual(await stepsDue(waiting, RING), [
    { act: 'activate', alg: 'EdDSA', kid: kidOf(NEXT_EDDSA) },
  ]);
  const late = context(READY + LIFE.readerWaitSeconds, { awaited: [kidOf(NEXT_ES256)] });
  assert.equal((await stepsDue(late, RING)).length, 2);
  assert.deepEqual(late.asked, ['leads'], 'whom it waits for is of no interest any more');
});

test('all steps make one ring, one version on: each builds on the one before', async () => {
  const steps = await stepsDue(context(READY), RING);
  const active = await carriedOut(context(READY), { ring: RING, kek: KEK }, [
    ...steps,
    { act: 'announce', alg: 'ES256' },
  ]);
  assert.equal(active.version, RING.version + 1);
  assert.deepEqual(
    active.keys.map(({ alg, state }) => `${alg} ${state}`),
    ['ES256 retiring', 'EdDSA retiring', 'ES256 active', 'EdDSA active', 'ES256 announced'],
  );
  assert.deepEqual(
    active.keys.map(({ forced }) => forced),
    Array(5).fill(undefined),
  );
  assert.equal(active.keys.at(-1)?.announced_version, active.version, 'whoever fetches this version sees it');

  const gone = READY + LIFE.retireAfterSeconds;
  const retired = await carriedOut(context(gone), { ring: active, kek: KEK }, [
    { act: 'retire', alg: 'ES256', kid: kidOf(ES256) },
  ]);
  assert.deepEqual([retired.keys[0]?.state, retired.keys[0]?.ended_at], ['retired', gone]);
});
