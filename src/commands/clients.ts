/** `dcr-bridge clients …`: what the operator sees of clients and does to them, straight on the store. */
import { randomBytes } from 'node:crypto';
import { MAX_PAGE, type Position } from '../clients/client-query.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import { isPortalName, PORTAL_NAME_RULE } from '../portals/portal-name.ts';
import { findClient, removeClient, setClientState } from '../registration/administer.ts';
import { newOperationId } from '../registration/intent.ts';
import type { Store } from '../stores/store.ts';
import type { Invocation } from './commands.ts';
import { noPortal } from './no-portal.ts';
import { onStore } from './on-store.ts';
import { OPERATOR_LOG, printOne, printRows, utc } from './print.ts';
import { atMost, UsageError } from './usage-error.ts';

/** Resolves with why it failed, if it did; what it prints is said by then. */
type Act = (store: Store, json: boolean) => Promise<string | undefined>;

const NO_CLIENT = 'there is no client of this id';

const now = () => Math.floor(Date.now() / 1000);

/** Each row understands its words first: a typing error must not open, and so create, a store. */
const ACTS: ReadonlyMap<string, (args: readonly string[]) => Act> = new Map([
  ['list', listClients],
  [
    'show',
    (args) => {
      const id = onlyId(args);
      return async ({ clients }, json) => shown(await findClient(clients, id), json);
    },
  ],
  ['disable', (args) => setState(onlyId(args), 'disabled')],
  ['enable', (args) => setState(onlyId(args), 'active')],
  [
    'delete',
    (args) => {
      const id = onlyId(args);
      return async ({ clients, intents }, json) => {
        const upstream = { intents, newOperation: () => newOperationId(randomBytes) };
        const deleted = await removeClient({ clients, upstream }, id, now());
        if (!deleted) return NO_CLIENT;
        printOne({ client_id: id, deleted }, json);
        return undefined;
      };
    },
  ],
]);

export function manageClients(invocation: Invocation): Promise<number> {
  return onStore(invocation, ACTS, async (act, { store }, name) => {
    const failure = await act(store, invocation.json);
    if (failure === undefined) return 0;
    process.stderr.write(`dcr-bridge clients ${name}: ${failure}\n`);
    return 1;
  });
}

function listClients(args: readonly string[]): Act {
  const [portal = '', provider = 'local'] = args;
  if (!isPortalName(portal)) throw new UsageError(`PORTAL must be ${PORTAL_NAME_RULE}`);
  atMost(2, args);
  return async (store, json) => {
    const rows: ReturnType<typeof row>[] = [];
    let after: Position | undefined;
    do {
      const query = { portal, provider, state: undefined, labels: [], after, limit: MAX_PAGE };
      const page = await store.clients.list(query);
      rows.push(...page.clients.map(row));
      after = page.next;
    } while (after !== undefined);
    if (rows.length === 0 && (await store.portals.read(portal)) === undefined) return noPortal(portal);
    printRows('clients', rows, json);
    return undefined;
  };
}

function row({ client_id, state, created_at, metadata }: ClientRecord) {
  return { client_id, state, created_at: utc(created_at), client_name: metadata.client_name ?? '' };
}

function setState(id: string, state: ClientRecord['state']): Act {
  return async ({ clients }, json) => {
    const client = await setClientState(clients, id, state, now());
    if (client?.upstream !== undefined) OPERATOR_LOG.warn({}, UPSTREAM_STATE);
    return shown(client, json);
  };
}

const UPSTREAM_STATE =
  'this client fetches its tokens at its identity provider, which does not hear of this: disable or enable it there';

/** Without the secrets' hashes: nothing here helps to use the client. */
function shown(client: ClientRecord | undefined, json: boolean): string | undefined {
  if (client === undefined) return NO_CLIENT;
  const { secrets, upstream, ...rest } = client;
  const { sealed: _, ...binding } = upstream ?? { sealed: '' };
  const shownSecrets = secrets.map(({ hash: _hash, sealed: _sealed, ...secret }) => secret);
  printOne(
    { ...rest, ...(upstream === undefined ? {} : { upstream: binding }), secrets: shownSecrets },
    json,
  );
  return undefined;
}

function onlyId(args: readonly string[]): string {
  const [id] = args;
  if (id === undefined) throw new UsageError('say which client: CLIENT_ID');
  atMost(1, args);
  return id;
}
