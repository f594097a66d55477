/**
 * A look at Redis from beside the service: over one connection of its own, with reads only. A server that hangs
 * costs two seconds and is told from one that is not there.
 */
import { type Finding, failed, ok } from '../../lib/finding.ts';
import { StoreUnavailable } from '../../lib/store-unavailable.ts';
import type { StoreInspection } from '../inspection.ts';
import type { Commit } from './commit.ts';
import { connect, disconnect } from './connect.ts';
import { serversOf, settingsOf, weaknesses } from './durability.ts';
import { stripped } from './failure.ts';
import { redisIntents } from './intents.ts';
import { redisPortals } from './portals.ts';
import { redisReaders } from './readers.ts';
import { readsOver } from './reads.ts';
import { parseRedisUrl } from './redis-url.ts';
import { redisRings } from './rings.ts';
import { serverFindings, serverState } from './server-state.ts';
import { DEFAULT_KEY_PREFIX, storageKeys } from './storage-schema.ts';
import { firstAttempt, watch } from './watch.ts';

const OPEN_TIMEOUT_MS = 1500;
const NO_ANSWER = `no answer within ${OPEN_TIMEOUT_MS} ms`;

/** Throws `StoreMisconfigured` for a malformed URL, and for nothing else. */
export async function inspectRedis(url: string): Promise<StoreInspection> {
  const target = parseRedisUrl(url);
  const connection = connect(target, 'doctor');
  let trouble: string | undefined;
  const lost = (fields: object) => {
    trouble ??= 'reason' in fields ? String(fields.reason) : undefined;
  };
  watch(connection, 'doctor', { info: () => {}, warn: lost });
  await firstAttempt(connection, OPEN_TIMEOUT_MS);
  const close = () => disconnect(connection);
  if (connection.status !== 'ready') {
    return { findings: [unreachable(trouble ?? NO_ANSWER)], close };
  }
  try {
    const servers = serversOf(connection);
    const [first] = servers;
    const askedAtMs = Date.now();
    const [seconds = 0, microseconds = 0] = (await first?.time()) ?? [];
    const roundTripMs = Date.now() - askedAtMs;
    const found = await Promise.all(
      servers.map(async (server) => {
        const [settings, state] = await Promise.all([settingsOf(server), serverState(server)]);
        return [...serverFindings(state), ...weaknesses(settings).findings, ...soundness(settings)];
      }),
    );
    const reads = readsOver(connection);
    const keys = storageKeys(DEFAULT_KEY_PREFIX);
    return {
      findings: [ok('store', `Redis answers in ${roundTripMs} ms`), ...distinct(found.flat())],
      contents: {
        rings: redisRings(refuse, reads, keys),
        readers: redisReaders(refuse, reads, keys),
        portals: redisPortals(refuse, reads, keys, () => {}),
        intents: redisIntents(refuse, reads, keys),
      },
      clockAheadMs: Number(seconds) * 1000 + Number(microseconds) / 1000 - (askedAtMs + roundTripMs / 2),
      close,
    };
  } catch (error) {
    return { findings: [unreachable(stripped(error).message)], close };
  }
}

function unreachable(reason: string): Finding {
  return failed('store', `Redis can't be used: ${reason}`, 'start Redis, or put STORE_URL right');
}

function soundness(settings: Awaited<ReturnType<typeof settingsOf>>): readonly Finding[] {
  const { appendonly, appendfsync, 'maxmemory-policy': eviction } = settings;
  return [
    ...(appendonly === 'yes' && appendfsync === 'always'
      ? [ok('store durability', 'appendonly yes, appendfsync always')]
      : []),
    ...(eviction === 'noeviction' ? [ok('store eviction', 'maxmemory-policy noeviction')] : []),
  ];
}

/** Servers of a cluster are set up alike, as a rule. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.check} ${finding.found}`, finding])).values()];
}

const refuse: Commit = async (operation) => {
  throw new StoreUnavailable(`${operation}: a look changes nothing`, 'not_done');
};
