/** `dcr-bridge portals …`: the operator's acts on portals, straight on the store. */
import type { PortalContext } from '../portals/manage.ts';
import { addPortal, rollPortalKey, setPortalState } from '../portals/manage.ts';
import { isPortalName, PORTAL_NAME_RULE, type PortalName } from '../portals/portal-name.ts';
import type { Invocation } from './commands.ts';
import { UsageError } from './usage-error.ts';

type Act = (
  portals: PortalContext,
  args: readonly string[],
) => Promise<Readonly<Record<string, unknown>> | string>;

const ACTS: ReadonlyMap<string, Act> = new Map<string, Act>([
  ['list', async (portals) => ({ portals: await listPortals(portals) })],
  [
    'add',
    async (portals, args) => {
      const portal = nameOf(args);
      const api_key = await addPortal(portals, portal);
      return api_key === undefined
        ? `portal ${portal} exists already; roll-key gives it a new key`
        : { portal, api_key };
    },
  ],
  [
    'roll-key',
    async (portals, args) => {
      const portal = nameOf(args);
      const api_key = await rollPortalKey(portals, portal, secondsOf(args[1] ?? '0'));
      return api_key === undefined ? unknown(portal) : { portal, api_key };
    },
  ],
  ['disable', (portals, args) => setState(portals, args, 'disabled')],
  ['enable', (portals, args) => setState(portals, args, 'active')],
]);

export async function managePortals({
  config,
  args: [name = '', ...args],
  json,
}: Invocation): Promise<number> {
  const act = ACTS.get(name);
  if (act === undefined) throw new UsageError(`say one of: ${[...ACTS.keys()].join(', ')}`);
  // After the words were understood: a typing error must not open, and so create, a store.
  const { openPortals } = await import('../app.ts');
  const { store, portals } = await openPortals(config);
  try {
    const result = await act(portals, args);
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

async function setState(portals: PortalContext, args: readonly string[], state: 'active' | 'disabled') {
  const portal = nameOf(args);
  return (await setPortalState(portals, portal, state)) ? { portal, state } : unknown(portal);
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
