/** `dcr-bridge portals …`: the operator's acts on portals, straight on the store. */
import type { PortalContext } from '../portals/manage.ts';
import { addPortal, rollPortalKey, setPortalState } from '../portals/manage.ts';
import { isPortalName, PORTAL_NAME_RULE, type PortalName } from '../portals/portal-name.ts';
import type { Invocation } from './commands.ts';
import { atMost, UsageError } from './usage-error.ts';

type Result = Readonly<Record<string, unknown>> | string;
type Act = (portals: PortalContext) => Promise<Result>;

/** Each row understands its words first: a typing error must not open, and so create, a store. */
const ACTS: ReadonlyMap<string, (args: readonly string[]) => Act> = new Map([
  [
    'list',
    (args) => {
      atMost(0, args);
      return async (portals) => ({ portals: await listPortals(portals) });
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
          : { portal, api_key };
      };
    },
  ],
  [
    'roll-key',
    (args) => {
      const portal = nameOf(args);
      const overlapSeconds = secondsOf(args[1] ?? '0');
      atMost(2, args);
      return async (portals) => {
        const api_key = await rollPortalKey(portals, portal, overlapSeconds);
        return api_key === undefined ? unknown(portal) : { portal, api_key };
      };
    },
  ],
  ['disable', (args) => setState(onlyName(args), 'disabled')],
  ['enable', (args) => setState(onlyName(args), 'active')],
]);

/** Only what an operator has to act on; stdout is for the answer. */
const LOG = {
  info: () => {},
  warn: (_fields: object, message: string) => void process.stderr.write(`Warning: ${message}\n`),
};

export async function managePortals({
  config,
  args: [name = '', ...args],
  json,
}: Invocation): Promise<number> {
  const understand = ACTS.get(name);
  if (understand === undefined) throw new UsageError(`say one of: ${[...ACTS.keys()].join(', ')}`);
  const act = understand(args);
  const { openPortals } = await import('../app.ts');
  const { store, portals } = await openPortals(config, LOG);
  try {
    const result = await act(portals);
    if (typeof result === 'string') {
      process.stderr.write(`dcr-bridge portals ${name}: ${result}\n`);
      return 1;
    }
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : table(result));
    return 0;
  } finally {
    await store.close();
  }
}

async function listPortals({ store }: PortalContext) {
  return (await store.list()).map(({ name, state, created_at, keys }) => ({
    name,
    state,
    created_at: new Date(created_at * 1000).toISOString(),
    keys: keys.length,
  }));
}

function setState(portal: PortalName, state: 'active' | 'disabled'): Act {
  return async (portals) =>
    (await setPortalState(portals, portal, state)) ? { portal, state } : unknown(portal);
}

function onlyName(args: readonly string[]): PortalName {
  atMost(1, args);
  return nameOf(args);
}

function nameOf([name = '']: readonly string[]): PortalName {
  if (!isPortalName(name)) throw new UsageError(`NAME must be ${PORTAL_NAME_RULE}`);
  return name;
}

function secondsOf(text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw new UsageError('OVERLAP_SECONDS must be a whole number of seconds');
  return Number(text);
}

function unknown(portal: PortalName): string {
  return `there is no portal ${portal}; portals list shows those there are`;
}

function table(result: Readonly<Record<string, unknown>>): string {
  if (!Array.isArray(result.portals)) {
    return Object.entries(result)
      .map(([member, value]) => `${member}: ${value}\n`)
      .join('');
  }
  const rows = [
    ['NAME', 'STATE', 'CREATED', 'KEYS'],
    ...result.portals.map((portal) => Object.values(portal)),
  ];
  return rows
    .map((row) =>
      row
        .map((cell) => String(cell).padEnd(26))
        .join('')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
}
