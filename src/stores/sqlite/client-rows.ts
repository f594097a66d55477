/** A client's rows: its record, its place in the index, its secrets' uses. Each call is part of a transaction. */
import type { ClientId } from '../../clients/client-id.ts';
import type { ClientRecord } from '../../clients/client-record.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import { parseRecord } from '../parse-record.ts';
import { sqliteClientIndex } from './client-index.ts';
import type { Database } from './database.ts';

export interface ClientRows {
  find(operation: string, id: ClientId): ClientRecord | undefined;
  has(id: ClientId): boolean;
  /** How many clients the portal has, at any provider. */
  count(portal: PortalName): number;
  /** How many clients all portals have. */
  countAll(): number;
  insert(record: ClientRecord): void;
  update(from: ClientRecord, to: ClientRecord): void;
  remove(record: ClientRecord): void;
}

export function sqliteClientRows(database: Database): ClientRows {
  const select = database.prepare('SELECT record FROM clients WHERE client_id = ?');
  const insert = database.prepare('INSERT INTO clients (client_id, record) VALUES (?, ?)');
  const update = database.prepare('UPDATE clients SET record = ? WHERE client_id = ?');
  const remove = database.prepare('DELETE FROM clients WHERE client_id = ?');
  const removeUses = database.prepare('DELETE FROM secret_uses WHERE client_id = ?');
  const removeOtherUses = database.prepare(
    'DELETE FROM secret_uses WHERE client_id = ? AND secret_id NOT IN (SELECT value FROM json_each(?))',
  );
  const index = sqliteClientIndex(database);

  return {
    find(operation, id) {
      const row = database.read(operation, () => select.get(id)) as { record: string } | undefined;
      if (row === undefined) return undefined;
      return parseRecord(operation, `client ${id}`, row.record, (record) => record.client_id === id);
    },
    has: (id) => select.get(id) !== undefined,
    count: index.count,
    countAll: index.countAll,
    insert(record) {
      insert.run(record.client_id, JSON.stringify(record));
      index.add(record);
    },
    update(from, to) {
      update.run(JSON.stringify(to), to.client_id);
      index.change(from, to);
      removeOtherUses.run(to.client_id, JSON.stringify(to.secrets.map(({ secret_id }) => secret_id)));
    },
    remove(record) {
      remove.run(record.client_id);
      index.remove(record);
      removeUses.run(record.client_id);
    },
  };
}
