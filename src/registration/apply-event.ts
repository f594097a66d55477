/**
 * Applies what a portal tells of an application: renamed, moved, given access to an API, or access taken
 * away. What an event gives stays within the portal's policy; what it takes is gone with the next token.
 */
import type { ClientRecord } from '../clients/client-record.ts';
import { mergeMetadata } from '../clients/merge-metadata.ts';
import { type Act, changeOwned, type RegistrationContext, readOwned, requireProvider } from './context.ts';
import { applyPolicy } from './policy.ts';
import { changeMetadata } from './update.ts';

export type ClientEvent =
  | { readonly type: 'updated'; readonly members: Readonly<Record<string, unknown>> }
  /** `names`: whatever the event names that may stand for a resource: an audience, subscription ids. */
  | { readonly type: 'access_added' | 'access_removed'; readonly names: readonly string[] };

/** An event that names no resource of ours changes nothing: it is about an API that we do not guard. */
export async function applyEvent(
  context: RegistrationContext,
  act: Act,
  id: string,
  event: ClientEvent,
): Promise<ClientRecord> {
  const { on_event, type } = requireProvider(context, act);
  const policy = context.policyOf(act.portal);
  if (event.type === 'updated') {
    const { members } = event;
    const changed = await changeMetadata(context, act, id, ({ metadata }) =>
      applyPolicy(mergeMetadata(metadata, members), policy, type),
    );
    return changed.client;
  }
  // What an upstream client may ask tokens for is its provider's to say; nothing here would be obeyed.
  if (type === 'oidc') return readOwned(context, act, id);
  return changeOwned(context, act, id, (client) => {
    const named = event.names.flatMap((name) =>
      Object.hasOwn(on_event.resources, name) ? [on_event.resources[name]] : [name],
    );
    const resources = policy.resources.filter((resource) => named.includes(resource));
    const others = client.granted_resources.filter((resource) => !resources.includes(resource));
    return {
      ...client,
      granted_resources: event.type === 'access_added' ? [...others, ...resources] : others,
    };
  });
}
