/** What the tests of portals share: a real store, a clock that is set by hand. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keyedHash } from '../../src/keys/derive.ts';
import { Refusal, type RefusalReason } from '../../src/lib/refusal.ts';
import { authenticatePortal } from '../../src/portals/authenticate.ts';
import type { Caller } from '../../src/portals/caller.ts';
import type { PortalContext } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { tempDir } from '../support/temp.ts';

export const NOW = 1_800_000_000;
export const ACME = 'acme' as PortalName;
export const OTHER = 'other' as PortalName;

export interface Office extends PortalContext {
  /** Epoch seconds, for `now` and for who asks with `caller`. */
  time: number;
  /** The portal that a key belongs to. */
  caller(key: string | undefined): Promise<PortalName>;
  /** All that is known of who has the key. */
  authenticate(key: string | undefined): Promise<Caller>;
  /** The key opens nothing: the refusal's reason. */
  refuses(key: string | undefined): Promise<RefusalReason>;
  close(): Promise<void>;
}

export async function office(): Promise<Office> {
  const opened = await openSqliteStore({ file: join(tempDir('portals'), 'store.db') });
  const hash = keyedHash(randomBytes(32), 'api-key-pepper');
  const made: Office = {
    store: opened.portals,
    random: randomBytes,
    hash,
    time: NOW,
    now: () => made.time,
    caller: async (key) => (await made.authenticate(key)).portal,
    authenticate: (key) => authenticatePortal({ store: opened.portals, hash }, key, made.time),
    refuses: async (key) => {
      const error = await made.caller(key).then(
        (name) => assert.fail(`the key opens ${name}`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Refusal, String(error));
      return error.reason;
    },
    close: () => opened.close(),
  };
  return made;
}
