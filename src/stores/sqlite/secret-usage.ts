/** Uses of secrets in SQLite: one row for each secret that is in its client's record. */
import type { ClientSecretUse, SecretUsageStore, SecretUse } from '../../clients/secret-usage.ts';
import { chunks } from '../chunks.ts';
import type { Database } from './database.ts';
import { sqliteSweep } from './sweep.ts';

/** Uses in one transaction: the process answers nobody while it runs. */
const BATCH = 200;

export function sqliteSecretUsage(database: Database): SecretUsageStore {
  // The record's text holds its secrets' ids; a secret that was removed is not counted back into being.
  const add = database.prepare(`
    INSERT INTO secret_uses (client_id, secret_id, first_used_at, last_used_at, use_count)
    SELECT ?1, ?2, ?3, ?4, ?5 FROM clients WHERE client_id = ?1 AND instr(record, ?2) > 0
    ON CONFLICT DO UPDATE SET
      first_used_at = min(first_used_at, excluded.first_used_at),
      last_used_at = max(last_used_at, excluded.last_used_at),
      use_count = use_count + excluded.use_count`);
  const select = database.prepare(`
    SELECT secret_id, first_used_at, last_used_at, use_count FROM secret_uses WHERE client_id = ?`);
  const sweep = sqliteSweep(database);

  function addOne(use: ClientSecretUse): void {
    add.run(use.client_id, use.secret_id, use.first_used_at, use.last_used_at, use.use_count);
  }

  return {
    async addUses(uses) {
      for (const batch of chunks(uses, BATCH)) {
        await database.commit('secretUsage.addUses', () => {
          batch.forEach(addOne);
          sweep();
        });
      }
    },
    async readUses(id) {
      const rows = database.read('secretUsage.readUses', () => select.all(id)) as unknown as SecretUse[];
      return new Map(rows.map((row) => [row.secret_id, { ...row }]));
    },
  };
}
