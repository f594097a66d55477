/** The first portal, made once: at start, or as soon as a store that was away at start answers. */
import { isDevelopmentIssuer } from '../config/issuer.ts';
import { type BootstrappedPortal, bootstrapPortal } from '../portals/bootstrap.ts';
import type { Parts } from './parts.ts';

/** Resolves with whether it is settled. Never rejects. */
export async function settleFirstPortal(
  { config, log, portals }: Parts,
  created: (portal: BootstrappedPortal) => void,
): Promise<boolean> {
  const development = isDevelopmentIssuer(config.issuer);
  try {
    const portal = await bootstrapPortal(portals, { configured: config.bootstrap_portal, development });
    if (portal !== undefined) {
      log.info({ portal: portal.name }, 'the first portal was created');
      created(portal);
    }
    return true;
  } catch (error) {
    log.warn({ err: error }, 'the first portal could not be looked for; trying again');
    return false;
  }
}
