/** The portals of the store against those of the configuration. */
import { EVERY_PORTAL } from '../../config/portals.ts';
import { type Finding, ok, warning } from '../../lib/finding.ts';
import type { Check } from './check.ts';

const CHECK = 'portals';

export const portals: Check = async ({ config, store }) => {
  if (store.contents === undefined) return [];
  const known = await store.contents.portals.list();
  const names = known.map(({ name }) => String(name));
  const entries = Object.keys(config.portals).filter((name) => name !== EVERY_PORTAL);
  const disabled = known.filter(({ state }) => state === 'disabled').map(({ name }) => name);
  const without = config.portals[EVERY_PORTAL] ? [] : names.filter((name) => !entries.includes(name));
  const absent = entries.filter((name) => !names.includes(name));
  const found: readonly (readonly [readonly string[], string, string])[] = [
    [disabled, 'disabled', 'run dcr-bridge portals enable NAME when they may call again'],
    [without, 'without a policy', 'add their names, or "*", to "portals" in CONFIG_FILE'],
    [
      absent,
      'in CONFIG_FILE only',
      'run dcr-bridge portals add NAME, or take their entries out of "portals"',
    ],
  ];
  const warnings = found.flatMap(([some, what, remedy]): Finding[] =>
    some.length === 0 ? [] : [warning(CHECK, `${what}: ${some.join(', ')}`, remedy)],
  );
  if (known.length > 0) return [ok(CHECK, `${known.length} in the store`), ...warnings];
  const none = warning(
    CHECK,
    'there is none, so nobody can register a client',
    'run dcr-bridge portals add NAME',
  );
  return [none, ...warnings];
};
