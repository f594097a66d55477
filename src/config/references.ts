/** Names that point to other places of the configuration: a default resource, and what portals may use. */
import { closestName } from './closest-name.ts';
import type { KnownConfig } from './known-config.ts';
import { mergePolicy } from './policy.ts';
import { EVERY_PORTAL } from './portals.ts';
import { type Finding, type Path, quoted } from './problems.ts';
import type { ProviderConfig } from './schema.ts';

export function checkReferences(known: KnownConfig): readonly Finding[] {
  return [
    ...unknownNames(known.default_resource, ['default_resource'], 'resources', known.resources),
    ...Object.entries(known.providers ?? {}).flatMap(([name, provider]) =>
      eventFindings(name, provider, known),
    ),
    ...Object.keys(known.portals ?? {}).flatMap((name) => portalFindings(name, known)),
  ];
}

function unknownNames(
  name: string | undefined,
  path: Path,
  record: 'resources' | 'providers',
  entries: Readonly<Record<string, unknown>> | undefined,
): Finding[] {
  if (name === undefined || entries === undefined || Object.hasOwn(entries, name)) return [];
  const meant = closestName(name, Object.keys(entries));
  const hint = meant === undefined ? '' : `; did you mean ${quoted(meant)}?`;
  return [{ path, message: `${quoted(name)} is not in ${record}${hint}` }];
}

/** An event that gives access to nothing would be taken for one that gave it. */
function eventFindings(
  name: string,
  provider: Partial<ProviderConfig>,
  { resources }: KnownConfig,
): Finding[] {
  const named = 'on_event' in provider ? provider.on_event?.resources : undefined;
  return Object.entries(named ?? {}).flatMap(([event, identifier]) =>
    unknownNames(identifier, ['providers', name, 'on_event', 'resources', event], 'resources', resources),
  );
}

function portalFindings(name: string, known: KnownConfig): Finding[] {
  const entry = known.portals?.[name] ?? {};
  const merged = mergePolicy(known.portals?.[EVERY_PORTAL], entry);
  const at = (member: string, index?: number): Path =>
    index === undefined ? ['portals', name, member] : ['portals', name, member, index];
  const ofResources = scopesOf(merged.resources, known);

  return [
    ...(['providers', 'resources'] as const).flatMap((record) =>
      (entry[record] ?? []).flatMap((each, index) =>
        unknownNames(each, at(record, index), record, known[record]),
      ),
    ),
    ...leftovers(merged.scopes, ofResources, 'is a scope of none of its resources', {
      at: at('scopes'),
      stated: entry.scopes !== undefined,
      narrowedAt: entry.resources === undefined ? undefined : at('resources'),
    }),
    ...leftovers(merged.default_scopes, merged.scopes, 'is not in its scopes', {
      at: at('default_scopes'),
      stated: entry.default_scopes !== undefined,
      narrowedAt: entry.scopes === undefined ? undefined : at('scopes'),
    }),
  ];
}

/** `undefined` when one of them is unknown or has problems of its own: then nothing can be said. */
function scopesOf(resources: readonly string[], known: KnownConfig): readonly string[] | undefined {
  const scopes = resources.map((identifier) => known.resources?.[identifier]?.scopes);
  return scopes.every((each) => each !== undefined) ? scopes.flat() : undefined;
}

/**
 * Entries of a list that its ceiling lacks. When the portal inherits the list and narrows the ceiling, the
 * problem is where it narrowed; when it states neither, the problem is the one of `"*"`, told there.
 */
function leftovers(
  list: readonly string[],
  ceiling: readonly string[] | undefined,
  wrong: string,
  place: { readonly at: Path; readonly stated: boolean; readonly narrowedAt: Path | undefined },
): Finding[] {
  if (ceiling === undefined) return [];
  return list.flatMap((scope, index): Finding[] => {
    if (ceiling.includes(scope)) return [];
    if (place.stated) return [{ path: [...place.at, index], message: `${quoted(scope)} ${wrong}` }];
    if (place.narrowedAt === undefined) return [];
    const message = `leaves no room for ${quoted(scope)}, inherited in ${place.at.at(-1)}: state those too`;
    return [{ path: place.narrowedAt, message }];
  });
}
