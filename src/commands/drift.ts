/**
 * The half of `dcr-bridge reconcile` that calls providers: looks whether each client is there as it is here,
 * and settles one client at a time as the operator says. Runs beside a service: an intent keeps them apart.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_PAGE, type Position } from '../clients/client-query.ts';
import { type ClientRecord, publicIdOf } from '../clients/client-record.ts';
import { Refusal } from '../lib/refusal.ts';
import { isPortalName, PORTAL_NAME_RULE, type PortalName } from '../portals/portal-name.ts';
import { findClient } from '../registration/administer.ts';
import type { SagaContext } from '../registration/upstream/context.ts';
import { type Look, look } from '../registration/upstream/look.ts';
import { acceptTheirs, letGo, pushOurs, removeSpares } from '../registration/upstream/settle-drift.ts';
import { UpstreamFailure } from '../registration/upstream.ts';
import type { Store } from '../stores/store.ts';
import type { Invocation } from './commands.ts';
import { OPERATOR_LOG, printOne, printRows } from './print.ts';
import { atMost, UsageError } from './usage-error.ts';

interface Opened {
  readonly store: Store;
  readonly saga: SagaContext;
}

/** Resolves with the exit code. */
type Act = (opened: Opened) => Promise<number>;

/** Each understands its words first: a typing error must not open a store. */
export const DRIFT_ACTS: ReadonlyMap<string, (args: readonly string[], invocation: Invocation) => Act> =
  new Map([
    ['drift', lookAtAll],
    ['accept', oneClient((saga, client, { force }) => acceptTheirs(saga, client, force))],
    ['push', oneClient((saga, client) => pushOurs(saga, client))],
    ['let-go', oneClient((saga, client, { force }) => letGo(saga, client, force))],
    ['remove-spares', oneClient(removeSpares)],
  ]);

export async function reconcileDrift(invocation: Invocation): Promise<number> {
  const [name = '', ...args] = invocation.args;
  const understand = DRIFT_ACTS.get(name);
  if (understand === undefined) throw new UsageError(`say one of: ${[...DRIFT_ACTS.keys()].join(', ')}`);
  if (invocation.force && name !== 'accept' && name !== 'let-go')
    throw new UsageError('--force is for accept and let-go');
  const act = understand(args, invocation);
  const { openUpstreamActs } = await import('../compose/for-commands.ts');
  const opened = await openUpstreamActs(invocation.config, OPERATOR_LOG);
  try {
    return await act(opened);
  } finally {
    await opened.close();
  }
}

/** Of all commands of one operator: a provider's rate limit is there for its users. */
const AT_ONCE = 4;
const EACH_TAKES_MS = 200;

function lookAtAll(args: readonly string[], { config, json }: Invocation): Act {
  const [provider, portal] = args;
  atMost(2, args);
  const known = Object.entries(config.providers).flatMap(([name, { type }]) =>
    type === 'oidc' ? [name] : [],
  );
  if (provider !== undefined && !known.includes(provider)) {
    throw new UsageError(
      `PROVIDER must be an upstream provider; there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`}`,
    );
  }
  if (portal !== undefined && !isPortalName(portal))
    throw new UsageError(`PORTAL must be ${PORTAL_NAME_RULE}`);
  return async ({ store, saga }) => {
    const portals = portal === undefined ? (await store.portals.list()).map(({ name }) => name) : [portal];
    const clients = clientsOf(store, portals, provider === undefined ? known : [provider]);
    const rows: ReturnType<typeof row>[] = [];
    const worker = async () => {
      // One iterator for all: each takes the next client that nobody has taken.
      for (let next = await clients.next(); next.done !== true; next = await clients.next()) {
        const [found] = await Promise.all([look(saga, next.value), sleep(EACH_TAKES_MS)]);
        if (found.state !== 'as_here' || found.spares.length > 0) rows.push(row(next.value, found));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    printRows('clients that are not as they are here', rows, json);
    return rows.length === 0 ? 0 : 1;
  };
}

async function* clientsOf(
  { clients }: Store,
  portals: readonly PortalName[],
  providers: readonly string[],
): AsyncGenerator<ClientRecord, void> {
  for (const provider of providers) {
    for (const portal of portals) {
      let after: Position | undefined;
      do {
        const page = await clients.list({
          portal,
          provider,
          state: undefined,
          labels: [],
          after,
          limit: MAX_PAGE,
        });
        yield* page.clients;
        after = page.next;
      } while (after !== undefined);
    }
  }
}

function row(client: ClientRecord, { state, differing, wider, spares, why }: Look) {
  return {
    client_id: client.client_id,
    provider: client.provider,
    portal: client.portal,
    id_there: publicIdOf(client),
    state,
    differing: differing.join(' '),
    wider: wider.join(' '),
    spares: spares.join(' '),
    why: why ?? '',
  };
}

const WHY = {
  wider:
    'not done: what results would be wider than asked for, or a client there that nobody knows of; --force',
  busy: 'an operation on this client is open: see reconcile list',
  gone: 'there is no client of this id',
} as const;

function oneClient(
  settle: (
    saga: SagaContext,
    client: ClientRecord,
    options: Invocation,
  ) => Promise<keyof typeof WHY | 'settled' | number>,
) {
  return (args: readonly string[], invocation: Invocation): Act => {
    const [id] = args;
    if (id === undefined) throw new UsageError('say which client: CLIENT_ID');
    atMost(1, args);
    return async ({ store, saga }) => {
      const client = await findClient(store.clients, id);
      const outcome =
        client?.upstream === undefined ? 'gone' : await settle(saga, client, invocation).catch(reasonOf);
      if (typeof outcome === 'number' || outcome === 'settled') {
        printOne(
          { client_id: id, ...(outcome === 'settled' ? { settled: true } : { removed: outcome }) },
          invocation.json,
        );
        return 0;
      }
      const why = Object.hasOwn(WHY, outcome) ? WHY[outcome as keyof typeof WHY] : outcome;
      process.stderr.write(`dcr-bridge reconcile: ${why}\n`);
      return 1;
    };
  };
}

/** What a provider or a rule of ours says to it, as a person can look it up. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal || error instanceof UpstreamFailure) return error.reason;
  throw error;
}
