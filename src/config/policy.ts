/** The policy in force for a portal. Asked at every registration and every token, so merged only once. */
import { deepFreeze } from './deep-readonly.ts';
import { EVERY_PORTAL, POLICY_DEFAULTS } from './portals.ts';
import type { Config, PortalPolicy } from './schema.ts';

type Portals = Config['portals'];

const merged = new WeakMap<Portals, ReadonlyMap<string, PortalPolicy>>();

/** Its entry over `"*"` over the built-in defaults, member by member: a list replaces a list. */
export function policyOf({ portals }: Pick<Config, 'portals'>, portal: string): PortalPolicy {
  const policies = merged.get(portals) ?? mergeAll(portals);
  merged.set(portals, policies);
  return policies.get(portal) ?? policies.get(EVERY_PORTAL) ?? NOTHING_STATED;
}

const NOTHING_STATED: PortalPolicy = deepFreeze(POLICY_DEFAULTS);

/** A map, not a record: `constructor` is a valid name of a portal. */
function mergeAll(portals: Portals): ReadonlyMap<string, PortalPolicy> {
  const entries = Object.entries(portals);
  return new Map(
    entries.map(([name, entry]) => [name, deepFreeze(mergePolicy(portals[EVERY_PORTAL], entry))]),
  );
}

type Entry = { readonly [Member in keyof PortalPolicy]?: PortalPolicy[Member] | undefined };

export function mergePolicy(everyPortal: Entry | undefined, entry: Entry): PortalPolicy {
  return { ...POLICY_DEFAULTS, ...stated(everyPortal ?? {}), ...stated(entry) };
}

type Stated = { [Member in keyof PortalPolicy]?: PortalPolicy[Member] };

/** A member that is undefined states nothing. */
function stated(entry: Entry): Stated {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}
