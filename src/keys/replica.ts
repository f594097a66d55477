/**
 * This node's copy of the sealed ring: `ring.json` in the keys directory. A node starts from it when the
 * store is away, and puts it back into a store that was emptied. Beside it is what this node alone knows: since
 * when it has served each key; not to be copied to another node. "There is none" is said only of a file
 * that does not exist; whatever else is wrong with it is a `RingError`.
 */
import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { RandomBytes } from '../lib/random.ts';
import { REPLICA_FILE, SERVED_FILE } from './keys-directory.ts';
import { readPrivateFile, replacePrivateFile } from './private-file.ts';
import { type ServedRecord, servedRecord } from './served-since.ts';

export interface Replica {
  /** For messages. */
  readonly path: string;
  read(): Promise<string | undefined>;
  /** Epoch seconds when `confirm` or `write` was last called, by any process; `undefined`: there is no copy. */
  confirmedAtSeconds(): Promise<number | undefined>;
  /** Notes that the store still has what is here, for a start without the store. Never rejects. */
  confirm(nowSeconds: number): Promise<void>;
  /** Durable when it resolves. Throws `RingError` when the directory is read-only, full or unsafe. */
  write(document: string): Promise<void>;
  /** Since when this node has served which key; nothing when that can't be read. Never rejects. */
  readServed(): Promise<ServedRecord>;
  /** Best effort: a node without the record waits the lead again. Never rejects. */
  writeServed(record: ServedRecord): Promise<void>;
}

export function createReplica(directory: string, random: RandomBytes): Replica {
  const path = join(directory, REPLICA_FILE);
  const servedPath = join(directory, SERVED_FILE);
  return {
    path,
    read: () => readPrivateFile(path),
    confirmedAtSeconds: () =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs / 1000,
        () => undefined,
      ),
    confirm: (nowSeconds) => utimes(path, nowSeconds, nowSeconds).catch(() => {}),
    write: (document) => replacePrivateFile(path, document, random),
    readServed: () =>
      readPrivateFile(servedPath)
        .then((text) => servedRecord.parse(JSON.parse(text ?? '{}')))
        .catch(() => ({})),
    writeServed: (record) => replacePrivateFile(servedPath, JSON.stringify(record), random).catch(() => {}),
  };
}
