/** The questions that are put to Redis, each with its failure in the store's words. */
import { readFailed } from './failure.ts';
import { type Connection, runScript, type Script } from './script.ts';

export interface Reads {
  text(operation: string, key: string): Promise<string | null>;
  /** As many texts as keys, in their order. */
  texts(operation: string, keys: readonly string[]): Promise<readonly (string | null)[]>;
  field(operation: string, key: string, field: string): Promise<string | null>;
  fields(operation: string, key: string): Promise<Record<string, string>>;
  /** A stream's entries after `from`, with their fields; waits for the first one, but no longer than `waitMs`. */
  entriesAfter(
    operation: string,
    key: string,
    from: string,
    bounds: { readonly count: number; readonly waitMs: number },
  ): Promise<readonly (readonly [entry: string, fields: readonly string[]])[]>;
  script(
    operation: string,
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown>;
}

export function readsOver(connection: Connection): Reads {
  async function ask<T>(operation: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw readFailed(operation, error);
    }
  }
  return {
    text: (operation, key) => ask(operation, connection.get(key)),
    texts: (operation, keys) =>
      ask(operation, keys.length === 0 ? Promise.resolve([]) : connection.mget(...keys)),
    field: (operation, key, field) => ask(operation, connection.hget(key, field)),
    fields: (operation, key) => ask(operation, connection.hgetall(key)),
    entriesAfter: async (operation, key, from, { count, waitMs }) => {
      const reply = connection.xread('COUNT', count, 'BLOCK', waitMs, 'STREAMS', key, from);
      const [stream] = (await ask(operation, reply)) ?? [];
      return stream?.[1] ?? [];
    },
    script: (operation, script, keys, args) => ask(operation, runScript(connection, script, keys, args)),
  };
}
