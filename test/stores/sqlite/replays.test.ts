/** F-16: a file that was made while the clock was ahead, as it is on a machine without one before NTP has set it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { epoch } from '../../support/assertion.ts';
import { tempDir } from '../../support/temp.ts';
import { aSqliteStore } from '../ending.ts';
import { aClaim } from '../records.ts';

const YEAR_SECONDS = 365 * 24 * 60 * 60;

test('F-16: the memory of replays begins anew when the clock was set back to before it began', async (t) => {
  const file = join(tempDir('sqlite'), 'store.db');
  const { replays } = await aSqliteStore(t, file);
  const known = aClaim({ ttlSeconds: YEAR_SECONDS });
  assert.equal(await replays.claim(known), 'claimed');
  const raw = new DatabaseSync(file);
  t.after(() => raw.close());
  raw.prepare('UPDATE replay_memory SET since = ?').run(epoch() + YEAR_SECONDS);

  assert.equal(
    await replays.claim(aClaim({ ageSeconds: 30 })),
    'forgotten',
    'nobody knows of what was before',
  );
  assert.equal(await replays.claim(aClaim()), 'claimed');
  assert.equal(await replays.claim(known), 'used', 'what is there is not forgotten');
  const since = Number(raw.prepare('SELECT since FROM replay_memory').get()?.since);
  assert.ok(Math.abs(since - epoch()) <= 2, 'begun once, and not with each claim');
});

test('S-DOS-04: claims that are over leave the file faster than new ones come', async (t) => {
  const file = join(tempDir('sqlite'), 'store.db');
  const { replays } = await aSqliteStore(t, file);
  const raw = new DatabaseSync(file);
  t.after(() => raw.close());
  const kept = () => Number(raw.prepare('SELECT count(*) AS n FROM replays').get()?.n);
  const claim = (count: number, ttlSeconds: number) =>
    Promise.all(Array.from({ length: count }, () => replays.claim(aClaim({ ttlSeconds }))));
  await claim(500, 600);
  assert.equal(kept(), 500);
  // As if ten minutes were over: how long it took to claim them must not matter.
  raw.exec('UPDATE replays SET expires_at = expires_at - 602');
  await claim(10, 600);
  assert.equal(kept(), 10);
});
