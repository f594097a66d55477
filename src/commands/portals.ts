/** `dcr-bridge portals …`: the operator's acts on portals, straight on the store. */
import type { PortalContext } from '../portals/manage.ts';
import { addPortal, issueInitialAccessToken, rollPortalKey, setPortalState } from '../portals/manage.ts';
import { isPortalName, PORTAL_NAME_RULE, type PortalName } from '../portals/portal-name.ts';
import { isKeyValidAt } from '../portals/portal-record.ts';
import type { Invocation } from './commands.ts';
import { noPortal } from './no-portal.ts';
import { type Opened, onStore } from './on-store.ts';
import { printOne, printRows, type Row, utc } from './print.ts';
import { atMost, UsageError } from './usage-error.ts';

/** Rows, one thing, or why it failed. */
type Result =
  | { readonly rows: readonly Row[] }
  | { readonly one: Readonly<Record<string, unknown>> }
  | string;
type Act = (portals: PortalContext) => Promise<Result>;

const HOUR_SECONDS = 60 * 60;

/** Each row understands its words first: a typing error must not open, and so create, a store. */
const ACTS: ReadonlyMap<string, (args: readonly string[]) => Act> = new Map([
  [
    'list',
    (args) => {
      atMost(0, args);
      return listPortals;
    },
  ],
  [
    'add',
    (args) => {
      const portal = onlyName(args);
      return async (portals) => {
        const api_key = await addPortal(portals, portal);
        return api_key === undefined
          ? `portal ${portal} exists already; roll-key gives it a new key`
          : { one: { portal, api_key } };
      };
    },
  ],
  [
    'roll-key',
    (args) => {
      const portal = nameOf(args);
      const overlapSeconds = numberOf('OVERLAP_SECONDS', args[1] ?? '0');
      atMost(2, args);
      return async (portals) => {
        const api_key = await rollPortalKey(portals, portal, overlapSeconds);
        return api_key === undefined ? noPortal(portal) : { one: { portal, api_key } };
      };
    },
  ],
  [
    'issue-token',
    (args) => {
      const portal = nameOf(args);
      const uses = numberOf('USES', args[1] ?? '1');
      const seconds = numberOf('SECONDS', args[2] ?? String(HOUR_SECONDS));
      atMost(3, args);
      return async (portals) => {
        const token = await issueInitialAccessToken(portals, portal, uses, seconds);
        return token === undefined
          ? noPortal(portal)
          : { one: { portal, initial_access_token: token, uses, seconds } };
      };
    },
  ],
  ['disable', (args) => setState(onlyName(args), 'disabled')],
  ['enable', (args) => setState(onlyName(args), 'active')],
]);

export function managePortals(invocation: Invocation): Promise<number> {
  const run = async (act: Act, { portals }: Opened, name: string) => {
    const result = await act(portals);
    if (typeof result === 'string') {
      process.stderr.write(`dcr-bridge portals ${name}: ${result}\n`);
      return 1;
    }
    if ('rows' in result) printRows('portals', result.rows, invocation.json);
    else printOne(result.one, invocation.json);
    return 0;
  };
  return onStore(invocation, ACTS, run, ['add']);
}

/** `keys`: those that open something now; one whose overlap is over is kept until the next roll. */
async function listPortals({ store, now }: PortalContext): Promise<Result> {
  const nowSeconds = now();
  const rows = (await store.list()).map(({ name, state, created_at, keys }) => ({
    name,
    state,
    created_at: utc(created_at),
    keys: keys.filter((key) => isKeyValidAt(key, nowSeconds)).length,
  }));
  return { rows };
}

function setState(portal: PortalName, state: 'active' | 'disabled'): Act {
  return async (portals) =>
    (await setPortalState(portals, portal, state)) ? { one: { portal, state } } : noPortal(portal);
}

function onlyName(args: readonly string[]): PortalName {
  atMost(1, args);
  return nameOf(args);
}

function nameOf([name = '']: readonly string[]): PortalName {
  if (!isPortalName(name)) throw new UsageError(`NAME must be ${PORTAL_NAME_RULE}`);
  return name;
}

function numberOf(what: string, text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw new UsageError(`${what} must be a whole number`);
  return Number(text);
}
