/** What is in a service's SQLite store, seen from behind: for showing that a refusal wrote nothing. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestService } from './service.ts';

/** Every row of every table, by table. */
export function storeRows({
  directory,
}: Pick<TestService, 'directory'>): Readonly<Record<string, readonly unknown[]>> {
  const database = new DatabaseSync(join(directory, 'store.db'), { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all();
    return Object.fromEntries(
      tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${name}"`).all()]),
    );
  } finally {
    database.close();
  }
}
