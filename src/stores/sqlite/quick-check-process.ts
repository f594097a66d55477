/** The process of `quick-check.ts`: prints what SQLite finds of the file that it is given, or `ok`. */
import { DatabaseSync } from 'node:sqlite';

const [, , name = ''] = process.argv;
const database = new DatabaseSync(name, { readOnly: true });
const [row] = database.prepare('PRAGMA quick_check(1)').all();
process.stdout.write(`${row?.quick_check ?? 'no answer'}\n`);
