/** The questions that are put to Redis, each with its failure in the store's words. */
import { readFailed } from './failure.ts';
import { type Connection, runScript, type Script } from './script.ts';

export interface Reads {
  text(operation: string, key: string): Promise<string | null>;
  /** As many texts as keys, in their order. */
  texts(operation: string, keys: readonly string[]): Promise<readonly (string | null)[]>;
  field(operation: string, key: string, field: string): Promise<string | null>;
  fields(operation: string, key: string): Promise<Record<string, string>>;
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
    script: (operation, script, keys, args) => ask(operation, runScript(connection, script, keys, args)),
  };
}
