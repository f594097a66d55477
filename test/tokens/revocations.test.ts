import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import type { Revocation, RevocationStore } from '../../src/tokens/revocation-store.ts';
import { createRevocations } from '../../src/tokens/revocations.ts';
import { NOW } from './support.ts';

const STALE = 60;

/** A store that answers in pages of two, until it is taken away. */
function aStore() {
  const kept: Revocation[] = [];
  let away: Error | undefined;
  const reported: unknown[] = [];
  const answer = () => {
    if (away !== undefined) throw away;
  };
  const store: RevocationStore = {
    revoke: async (revocation) => {
      answer();
      kept.push(revocation);
    },
    readAfter: async (cursor) => {
      answer();
      const revocations = kept.slice(cursor, cursor + 2);
      const next = cursor + revocations.length;
      return { revocations, cursor: next, more: next < kept.length };
    },
  };
  return {
    kept,
    reported,
    leave: () => {
      away = new StoreUnavailable('test', 'not_done');
    },
    revocations: createRevocations({
      store,
      maxStaleSeconds: STALE,
      report: (error) => reported.push(error),
    }),
  };
}

const revoked = (jti: string, entry?: Revocation['entry']): Revocation => ({
  jti,
  expires_at: NOW + 600,
  ...(entry === undefined ? {} : { entry }),
});

test('everything that was revoked elsewhere is known after a refresh, however much it is', async () => {
  const { kept, revocations } = aStore();
  kept.push(...['a', 'b', 'c', 'd', 'e'].map((jti) => revoked(jti)));
  await revocations.refresh(NOW);
  assert.deepEqual(
    ['a', 'e', 'f'].map((jti) => revocations.isRevoked(jti, NOW)),
    [true, true, false],
  );
});

test('before the store was heard for the first time nothing can be said', () => {
  const { revocations } = aStore();
  assert.throws(() => revocations.isRevoked('a', NOW), StoreUnavailable);
  assert.throws(() => revocations.revokedIn('list', NOW), StoreUnavailable);
});

test('R-03: what is known goes on while the store is away, for so long and no longer', async () => {
  const { kept, leave, reported, revocations } = aStore();
  kept.push(revoked('a'));
  await revocations.refresh(NOW);
  leave();
  await revocations.refresh(NOW + STALE);
  assert.equal(revocations.isRevoked('a', NOW + STALE), true);
  assert.equal(revocations.isRevoked('b', NOW + STALE), false);
  assert.throws(() => revocations.isRevoked('a', NOW + STALE + 1), StoreUnavailable);
  assert.equal(reported[0], undefined);
  assert.ok(reported[1] instanceof StoreUnavailable);
});

test('S-REV-05: a revocation that the store did not take is not known, and its caller is told', async () => {
  const { leave, revocations } = aStore();
  await revocations.refresh(NOW);
  leave();
  await assert.rejects(revocations.revoke(revoked('a')), StoreUnavailable);
  assert.equal(revocations.isRevoked('a', NOW), false);
});

test('what would have expired is forgotten, in its list too', async () => {
  const { revocations } = aStore();
  await revocations.refresh(NOW);
  await revocations.revoke(revoked('a', { list: 'one', index: 7 }));
  await revocations.revoke({ ...revoked('b', { list: 'one', index: 9 }), expires_at: NOW + 6000 });
  assert.deepEqual([...revocations.revokedIn('one', NOW).indexes], [7, 9]);
  await revocations.refresh(NOW + 700);
  assert.deepEqual([...revocations.revokedIn('one', NOW + 700).indexes], [9]);
  assert.equal(revocations.isRevoked('a', NOW + 700), false);
  await revocations.refresh(NOW + 6100);
  assert.equal(revocations.revokedIn('one', NOW + 6100).indexes.size, 0);
});
