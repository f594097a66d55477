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
