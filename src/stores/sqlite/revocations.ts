/** Revoked tokens in SQLite: one table, whose row numbers are the order of the revocations. */
import type { Revocation, RevocationStore } from '../../tokens/revocation-store.ts';
import type { Database } from './database.ts';
import { sqliteSweep } from './sweep.ts';

/** Read at a time. */
const PAGE = 1000;

interface Row {
  readonly number: number;
  readonly jti: string;
  readonly expires_at: number;
  readonly list: string | null;
  readonly list_index: number | null;
}

export function sqliteRevocations(database: Database): RevocationStore {
  const insert = database.prepare(`
    INSERT INTO revoked_tokens (jti, expires_at, list, list_index) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const select = database.prepare(`
    SELECT number, jti, expires_at, list, list_index FROM revoked_tokens
    WHERE number > ? ORDER BY number LIMIT ${PAGE}`);
  const sweep = sqliteSweep(database);

  return {
    async revoke({ jti, expires_at, entry }) {
      await database.commit('revocations.revoke', () => {
        sweep();
        insert.run(jti, expires_at, entry?.list ?? null, entry?.index ?? null);
      });
    },

    async readAfter(cursor) {
      const rows = database.read('revocations.readAfter', () => select.all(cursor)) as unknown as Row[];
      return {
        revocations: rows.map(unpack),
        cursor: rows.at(-1)?.number ?? cursor,
        more: rows.length === PAGE,
      };
    },
  };
}

function unpack({ jti, expires_at, list, list_index: index }: Row): Revocation {
  return { jti, expires_at, ...(list === null || index === null ? {} : { entry: { list, index } }) };
}
