/**
 * The portal that a first start begins with: the one that the configuration names, or `dev` on a laptop
 * where there is no portal yet. A portal that exists is left as it is, its keys included.
 */
import { addPortal, type PortalContext } from './manage.ts';
import type { PortalName } from './portal-name.ts';

export interface Bootstrap {
  readonly configured: { readonly name: PortalName; readonly api_key: string } | undefined;
  /** Whether this is a development set-up, where a `dev` portal may be made. */
  readonly development: boolean;
}

export const DEV_PORTAL = 'dev' as PortalName;

export interface BootstrappedPortal {
  readonly name: PortalName;
  /** The key that was generated and is known nowhere else; `undefined` when the operator brought one. */
  readonly generatedKey: string | undefined;
}

/** The portal that was made, `undefined` when none was needed. */
export async function bootstrapPortal(
  context: PortalContext,
  { configured, development }: Bootstrap,
): Promise<BootstrappedPortal | undefined> {
  if (configured !== undefined) {
    const key = await addPortal(context, configured.name, configured.api_key);
    return key === undefined ? undefined : { name: configured.name, generatedKey: undefined };
  }
  if (!development || (await context.store.list()).length > 0) return undefined;
  const generatedKey = await addPortal(context, DEV_PORTAL);
  return generatedKey === undefined ? undefined : { name: DEV_PORTAL, generatedKey };
}
