/** A Lua script and its digest; running one sends the digest, and the text only to a server that lacks it. */
import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

export type Connection = Redis | Cluster;

export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

export function script(lua: string): Script {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** Sends the script twice only after the server said that it did not know it, and so did nothing. */
export async function runScript(
  connection: Connection,
  { lua, sha1 }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await connection.evalsha(sha1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return await connection.eval(lua, keys.length, ...keys, ...args);
  }
}
